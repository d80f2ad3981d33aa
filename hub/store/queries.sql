-- Named queries, one per paragraph: `-- name --`, what it promises, the statement.

-- book_batch --
-- Book a batch of items of one event; see functions.sql.
SELECT * FROM book_batch_v1($1, $2::booking_item[]);

-- lock_migrations --
-- Let one migration run at a time.
SELECT pg_advisory_xact_lock(hashtext('kassenband migration'));

-- applied_migrations --
-- Name every migration that was applied, with the digest of its text.
SELECT name, digest FROM migration ORDER BY name;

-- note_migration --
-- Remember that a migration was applied.
INSERT INTO migration (name, digest) VALUES ($1, $2);

-- seize_writer_lock --
-- Become the one writer of an event's ledger for as long as this session lives.
SELECT pg_try_advisory_lock(hashtext('kassenband writer'), $1::integer);

-- create_event --
-- Create an event and the first link of its chain; nothing happens if it is there.
WITH made AS (
    INSERT INTO event (number, slug, name, currency, seller, stand_in, portal_url,
                       demo, incarnation)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (number) DO NOTHING
    RETURNING number, incarnation
)
INSERT INTO batch (event, number, chain_head, booked_at)
SELECT number, 0, sha256(convert_to(incarnation::text, 'UTF8')), now() FROM made;

-- event_by_slug --
-- Read all that is configured of an event.
SELECT number, slug, name, currency, seller, stand_in, portal_url, demo, incarnation
FROM event WHERE slug = $1;

-- latest_batch --
-- Say how far an event's ledger has come.
SELECT number, chain_head FROM batch WHERE event = $1 ORDER BY number DESC LIMIT 1;

-- add_token_key --
-- Make a token key known; a key id is never given to another key.
INSERT INTO token_key (event, key_id, public_key) VALUES ($1, $2, $3)
ON CONFLICT (event, key_id) DO NOTHING;

-- token_keys --
-- List an event's public token keys.
SELECT key_id, public_key FROM token_key WHERE event = $1 ORDER BY key_id;

-- register_till --
-- Add a till, or change the label and the rights of one that is not revoked.
WITH changed AS (
    INSERT INTO till (event, id, label, issues_wristbands) VALUES ($1, $2, $3, $4)
    ON CONFLICT (event, id) DO UPDATE
    SET label = excluded.label, issues_wristbands = excluded.issues_wristbands
    WHERE till.revoked_at IS NULL
    RETURNING id
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- tills --
-- List an event's tills, revoked ones included.
SELECT id, label, issues_wristbands, revoked_at IS NOT NULL AS revoked
FROM till WHERE event = $1 ORDER BY id;

-- publish_catalogue --
-- Add a catalogue version; nothing happens if that version is there.
WITH added AS (
    INSERT INTO catalogue (event, version, digest, body) VALUES ($1, $2, $3, $4)
    ON CONFLICT (event, version) DO NOTHING
    RETURNING version
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM added;

-- catalogues --
-- List all catalogue versions of an event, oldest first.
SELECT version, digest, body FROM catalogue WHERE event = $1 ORDER BY version;

-- catalogue --
-- Read one catalogue version's bytes.
SELECT body FROM catalogue WHERE event = $1 AND version = $2;

-- open_account --
-- Make an account if there is none of that role and key.
INSERT INTO account (event, role, key) VALUES ($1, $2::account_role, $3)
ON CONFLICT (event, role, key) DO NOTHING;

-- account --
-- Find an account's number by role and key.
SELECT id FROM account WHERE event = $1 AND role = $2::account_role AND key = $3;

-- issue_wristband --
-- Give a wristband a wallet of its own; the UID is known by its keyed hash only.
WITH numbered AS (
    SELECT nextval('wallet_serial') AS serial
), opened AS (
    INSERT INTO account (event, role, key)
    SELECT $1, 'wallet', serial::text FROM numbered
    RETURNING id
), filled AS (
    INSERT INTO wallet (event, id) SELECT $1, id FROM opened RETURNING id
), issued AS (
    INSERT INTO wristband (event, serial, wallet, uid_hash, code_hash, variant)
    SELECT $1, numbered.serial, filled.id, $2, $3, $4 FROM numbered, filled
    RETURNING serial, wallet
)
SELECT serial, pg_notify('kassenband_wallets', $1::text || ':' || wallet) IS NOT NULL
FROM issued;

-- wristband_by_uid --
-- Find the wristband with this keyed hash of its UID.
SELECT serial, variant, blocked FROM wristband WHERE event = $1 AND uid_hash = $2;

-- renew_wristband --
-- Give a wristband that is there a new portal code and variant.
UPDATE wristband SET code_hash = $3, variant = $4 WHERE event = $1 AND serial = $2;

-- block_wristband --
-- Block a wristband or lift the block; says whether there is such a wristband.
WITH changed AS (
    UPDATE wristband SET blocked = $3 WHERE event = $1 AND serial = $2
    RETURNING wallet
)
SELECT pg_notify('kassenband_wallets', $1::text || ':' || wallet) IS NOT NULL
FROM changed;

-- wallet_states --
-- Read wallets as the tills may cache them, one row per wristband.
SELECT b.serial, w.balance_minor, b.blocked
FROM wallet AS w JOIN wristband AS b ON b.event = w.event AND b.wallet = w.id
WHERE w.event = $1 AND w.id = ANY ($2::bigint[])
ORDER BY b.serial;

-- some_wallets --
-- List wallets, those of the latest wristbands first.
SELECT id FROM wallet WHERE event = $1 ORDER BY id DESC LIMIT $2;

-- wallet_of --
-- Read one wristband's wallet.
SELECT w.balance_minor, w.overdraft_minor, b.blocked
FROM wristband AS b JOIN wallet AS w ON w.event = b.event AND w.id = b.wallet
WHERE b.event = $1 AND b.serial = $2;

-- order_for_receipt --
-- Read how an order ended, or the latest attempt of one that was only asked for yet.
SELECT o.outcome::text AS outcome, o.advice, a.body AS attempt, b.booked_at
FROM (SELECT $1::integer AS event, $2::uuid AS id) AS wanted
LEFT JOIN outcome AS o ON o.event = wanted.event AND o.order_id = wanted.id
LEFT JOIN batch AS b ON b.event = o.event AND b.number = o.batch
LEFT JOIN LATERAL (
    SELECT body FROM attempt
    WHERE event = wanted.event AND order_id = wanted.id AND till IS NOT NULL
    ORDER BY attempt DESC LIMIT 1
) AS a ON true
WHERE o.order_id IS NOT NULL OR a.body IS NOT NULL;

-- ping --
-- Say that the database answers.
SELECT 1;

-- verify_wallets --
-- List wallets whose balance is not the sum of their postings.
SELECT w.id, w.balance_minor, coalesce(sum(p.amount_minor), 0)::bigint AS posted_minor
FROM wallet AS w
LEFT JOIN posting AS p ON p.event = w.event AND p.account = w.id
WHERE w.event = $1
GROUP BY w.id, w.balance_minor
HAVING w.balance_minor <> coalesce(sum(p.amount_minor), 0)
ORDER BY w.id;

-- verify_entries --
-- List entries whose postings do not add up to zero, or that have none they need.
SELECT e.id, e.order_id, p.unit, coalesce(sum(p.amount_minor), 0)::bigint AS excess,
       coalesce(sum(p.amount_minor) FILTER (WHERE p.account = e.wallet), 0)::bigint
           AS wallet_posted_minor,
       e.wallet_minor
FROM entry AS e
LEFT JOIN posting AS p ON p.event = e.event AND p.entry = e.id
WHERE e.event = $1
GROUP BY e.id, e.order_id, e.wallet, e.wallet_minor, p.unit
HAVING coalesce(sum(p.amount_minor), 0) <> 0
    OR coalesce(sum(p.amount_minor) FILTER (WHERE p.account = e.wallet), 0)
       <> e.wallet_minor
ORDER BY e.id;

-- verify_stray_postings --
-- List postings that belong to no entry.
SELECT DISTINCT p.entry FROM posting AS p
WHERE p.event = $1
  AND NOT EXISTS (SELECT FROM entry AS e WHERE e.event = $1 AND e.id = p.entry)
ORDER BY p.entry;

-- verify_live_entries --
-- List orders whose live bookings do not fit their outcome or verdicts.
WITH live AS (
    SELECT e.order_id, count(*) AS bookings, max(e.attempt) AS attempt
    FROM entry AS e
    WHERE e.event = $1 AND e.reverses IS NULL AND NOT EXISTS (
        SELECT FROM entry AS r
        WHERE r.event = $1 AND r.order_id = e.order_id AND r.reverses = e.id
    )
    GROUP BY e.order_id
), asked AS (
    SELECT order_id, bool_or(code = 'booked') AS booked,
           max(attempt) FILTER (WHERE code = 'booked') AS attempt,
           max(attempt) AS top
    FROM verdict WHERE event = $1 GROUP BY order_id
), ends AS (
    SELECT order_id, outcome, attempt FROM outcome WHERE event = $1
)
SELECT order_id, coalesce(live.bookings, 0) AS bookings, ends.outcome::text AS outcome
FROM asked FULL JOIN ends USING (order_id) FULL JOIN live USING (order_id)
WHERE coalesce(live.bookings, 0) <> CASE
        WHEN ends.outcome = 'completed' THEN 1
        WHEN ends.outcome = 'aborted' THEN 0
        WHEN asked.booked AND asked.attempt = asked.top THEN 1
        ELSE 0
    END
   OR ends.outcome = 'completed' AND live.attempt <> ends.attempt
ORDER BY order_id;

-- verify_batches --
-- Stream the chain in order.
SELECT number, chain_head FROM batch WHERE event = $1 ORDER BY number;

-- chain_attempt --
-- Stream what the chain says of attempts, in its order.
SELECT batch, order_id, attempt, digest, till, body FROM attempt
WHERE event = $1 ORDER BY batch, order_id, attempt;

-- chain_verdict --
-- Stream what the chain says of verdicts, in its order.
SELECT batch, order_id, attempt, code::text AS code, reason, balance_minor
FROM verdict WHERE event = $1 ORDER BY batch, order_id, attempt;

-- chain_outcome --
-- Stream what the chain says of outcomes, in its order.
SELECT batch, order_id, outcome::text AS outcome, attempt, digest, advice_digest,
       advice, flags
FROM outcome WHERE event = $1 ORDER BY batch, order_id;

-- chain_contradiction --
-- Stream what the chain says of contradictions, in its order.
SELECT batch, order_id, advice_digest, advice FROM contradiction
WHERE event = $1 ORDER BY batch, order_id;

-- chain_signature --
-- Stream what the chain says of signatures, in its order.
SELECT batch, order_id, tse_serial, number, counter FROM signature
WHERE event = $1 ORDER BY batch, order_id;

-- chain_entry --
-- Stream what the chain says of entries, in its order.
SELECT batch, id, cause::text AS cause, order_id, attempt, reverses FROM entry
WHERE event = $1 ORDER BY batch, id;

-- chain_posting --
-- Stream what the chain says of postings, in its order.
SELECT e.batch, p.entry, p.account, p.unit, p.amount_minor
FROM posting AS p JOIN entry AS e ON e.event = p.event AND e.id = p.entry
WHERE p.event = $1 ORDER BY e.batch, p.entry, p.account;

-- verify_booked_amounts --
-- Stream completed orders with what their live entry posted per account.
SELECT o.order_id, o.advice, a.role::text AS role, a.key, p.amount_minor
FROM outcome AS o
JOIN entry AS e ON e.event = o.event AND e.order_id = o.order_id AND e.reverses IS NULL
JOIN posting AS p ON p.event = e.event AND p.entry = e.id
JOIN account AS a ON a.id = p.account
WHERE o.event = $1 AND o.outcome = 'completed' AND NOT EXISTS (
    SELECT FROM entry AS r
    WHERE r.event = e.event AND r.order_id = e.order_id AND r.reverses = e.id
)
ORDER BY o.order_id, p.account;

-- verify_signature_counters --
-- List signature counters that two orders claim.
SELECT tse_serial, counter, count(*) AS orders FROM signature
WHERE event = $1 GROUP BY tse_serial, counter HAVING count(*) > 1
ORDER BY tse_serial, counter;

-- booked_orders --
-- List the tills' orders with their bookings that no reversal undoes, and what they
-- sold for: what the demo's audit compares with journals and TSE exports.
SELECT e.order_id, count(*) AS live_entries,
       sum((
           SELECT coalesce(sum(p.amount_minor), 0)
           FROM posting AS p JOIN account AS a ON a.id = p.account
           WHERE p.entry = e.id AND a.role IN ('revenue', 'tax')
       ))::bigint AS total_minor
FROM entry AS e
WHERE e.event = $1 AND e.reverses IS NULL
  AND NOT EXISTS (
      SELECT FROM entry AS r
      WHERE r.event = e.event AND r.order_id = e.order_id AND r.reverses = e.id
  )
  AND EXISTS (
      SELECT FROM attempt AS t
      WHERE t.event = e.event AND t.order_id = e.order_id AND t.till IS NOT NULL
      UNION ALL
      SELECT FROM outcome AS o WHERE o.event = e.event AND o.order_id = e.order_id
  )
GROUP BY e.order_id;

-- declined_attempts --
-- Count the requests that were refused.
SELECT count(*) FROM verdict WHERE event = $1 AND code = 'declined';
