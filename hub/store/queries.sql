-- Named queries, one per paragraph: `-- name --`, what it promises, the statement.

-- book_batch --
-- Append a judged batch to an event's ledger; see functions.sql.
SELECT guard_limits_v1($1, $2, $3, $25::text::bigint[], $26::text::bigint[],
    $27::text::bigint[], $28::text::bigint[], $29::text::bigint[], $35, $36, $37,
    $7::text, $10::text, $14::text, $15::text, $16::text, $19::text, $20::text,
    $21::text, $23::text, $24::text),
book_batch_v1($1, $2, $3, $4, $5, $6::text::uuid[], $7::text::uuid[],
    $8::text::smallint[], $9, $10::text::text[], $11, $12::text::text[],
    $13::text::bigint[], $14::text::bigint[], $15::text::entry_cause[],
    $16::text::uuid[], $17::text::smallint[], $18::text::bigint[], $19::text::uuid[],
    $20::text::integer[], $21::text::integer[], $22::text::integer[],
    $23::text::bigint[], $24::text::bigint[],
    $25::text::bigint[], $26::text::bigint[],
    $27::text::bigint[], $28::text::bigint[], $29::text::bigint[],
    $30::text::bigint[], $31::text::bigint[]),
keep_movements_v1($1, $32::text::bigint[], $33::text::bigint[],
    $34::text::uuid[]),
hold_guests_money_v1($1, $35, $36, $37);

-- book_batch_with_words --
-- The same with what tills said of ended orders, and with cash that moved.
SELECT guard_limits_v1($1, $2, $3, $25::text::bigint[], $26::text::bigint[],
    $27::text::bigint[], $28::text::bigint[], $29::text::bigint[], $57, $58, $59,
    $7::text, $10::text, $14::text, $15::text, $16::text, $19::text, $20::text,
    $21::text, $23::text, $24::text),
book_batch_v1($1, $2, $3, $4, $5, $6::text::uuid[], $7::text::uuid[],
    $8::text::smallint[], $9, $10::text::text[], $11, $12::text::text[],
    $13::text::bigint[], $14::text::bigint[], $15::text::entry_cause[],
    $16::text::uuid[], $17::text::smallint[], $18::text::bigint[], $19::text::uuid[],
    $20::text::integer[], $21::text::integer[], $22::text::integer[],
    $23::text::bigint[], $24::text::bigint[],
    $25::text::bigint[], $26::text::bigint[],
    $27::text::bigint[], $28::text::bigint[], $29::text::bigint[],
    $30::text::bigint[], $31::text::bigint[]),
record_advices_v1($1, $2, $32::text::uuid[], $33::text::order_outcome[],
    $34::text::smallint[], $35, $36::text::text[], $37::text::bigint[],
    $38::text::uuid[], $39, $40, $41::text::text[], $42::text::bigint[],
    $43::text::bigint[], $44::text::uuid[], $45, $46, $47::text::uuid[],
    $48::text::text[], $49::text::bigint[], $50::text::bigint[]),
hold_cash_v1($1, $51::text::bigint[], $52::text::bigint[], $53::text::bigint[]),
keep_movements_v1($1, $54::text::bigint[], $55::text::bigint[],
    $56::text::uuid[]),
hold_guests_money_v1($1, $57, $58, $59);

-- book_batch_with_all --
-- The same with all that is rare: changed wristbands, shifts, closings, presales.
SELECT guard_limits_v1($1, $2, $3, $25::text::bigint[], $26::text::bigint[],
    $27::text::bigint[], $28::text::bigint[], $29::text::bigint[], $84, $85, $86,
    $7::text, $10::text, $14::text, $15::text, $16::text, $19::text, $20::text,
    $21::text, $23::text, $24::text),
book_batch_v1($1, $2, $3, $4, $5, $6::text::uuid[], $7::text::uuid[],
    $8::text::smallint[], $9, $10::text::text[], $11, $12::text::text[],
    $13::text::bigint[], $14::text::bigint[], $15::text::entry_cause[],
    $16::text::uuid[], $17::text::smallint[], $18::text::bigint[], $19::text::uuid[],
    $20::text::integer[], $21::text::integer[], $22::text::integer[],
    $23::text::bigint[], $24::text::bigint[],
    $25::text::bigint[], $26::text::bigint[],
    $27::text::bigint[], $28::text::bigint[], $29::text::bigint[],
    $30::text::bigint[], $31::text::bigint[]),
record_advices_v1($1, $2, $32::text::uuid[], $33::text::order_outcome[],
    $34::text::smallint[], $35, $36::text::text[], $37::text::bigint[],
    $38::text::uuid[], $39, $40, $41::text::text[], $42::text::bigint[],
    $43::text::bigint[], $44::text::uuid[], $45, $46, $47::text::uuid[],
    $48::text::text[], $49::text::bigint[], $50::text::bigint[]),
hold_cash_v1($1, $51::text::bigint[], $52::text::bigint[], $53::text::bigint[]),
change_wristbands_v1($1, $2, $54::text::bigint[], $55::text::bigint[],
    $56::text::bigint[], $57::text::boolean[], $58::text::boolean[],
    $59::text::smallint[], $60::text::bigint[], $61::text::uuid[],
    $62::text::uuid[]),
change_shifts_v1($1, $2, $63::text::text[], $64::text::bigint[], $65,
    $66::text::bigint[], $67::text::uuid[]),
record_closings_v1($1, $2, $68::text::text[], $69::text::bigint[],
    $70::text::bigint[], $71::text::bigint[], $72, $73, $74, $75::text::text[]),
use_presales_v1($1, $2, $76::text::text[], $77::text::bigint[],
    $78::text::uuid[], $79::text::uuid[], $80::text::uuid[]),
keep_movements_v1($1, $81::text::bigint[], $82::text::bigint[],
    $83::text::uuid[]),
hold_guests_money_v1($1, $84, $85, $86);

-- load_bands --
-- Read wristbands with the wallets they open.
-- Key for key, as whatever the writer loads: of a table that is filling up nobody has
-- told the planner yet how large it is, and OFFSET 0 keeps it from reading all of it.
SELECT b.serial, b.blocked, b.registered, b.restriction, b.successor, b.note,
       b.variant, w.id,
       w.balance_minor, w.overdraft_minor, w.vouchers, w.cap_minor, w.excess_minor,
       w.used
FROM unnest($2::bigint[]) AS wanted (serial)
CROSS JOIN LATERAL (
    SELECT * FROM wristband WHERE event = $1 AND serial = wanted.serial OFFSET 0
) AS b
CROSS JOIN LATERAL (
    SELECT * FROM wallet WHERE event = $1 AND id = b.wallet OFFSET 0
) AS w;

-- load_wallets --
-- Read wallets by their number.
SELECT w.id, w.balance_minor, w.overdraft_minor, w.vouchers, w.cap_minor,
       w.excess_minor, w.used
FROM unnest($2::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT * FROM wallet WHERE event = $1 AND id = wanted.id OFFSET 0
) AS w;

-- load_verdicts --
-- Read what was answered to the attempts of some orders.
SELECT a.order_id, a.attempt, a.digest, a.reason, a.balance_minor
FROM unnest($2::uuid[]) AS wanted (order_id)
CROSS JOIN LATERAL (
    SELECT * FROM attempt WHERE event = $1 AND order_id = wanted.order_id OFFSET 0
) AS a;

-- first_booked --
-- Say in which batch some orders were first booked, by a request or an advice.
SELECT wanted.order_id, least(asked.batch, ended.batch) AS batch
FROM unnest($2::uuid[]) AS wanted (order_id)
LEFT JOIN LATERAL (
    SELECT min(a.batch) AS batch FROM attempt AS a
    WHERE a.event = $1 AND a.order_id = wanted.order_id AND a.reason IS NULL
) AS asked ON true
LEFT JOIN LATERAL (
    SELECT * FROM outcome AS o
    WHERE o.event = $1 AND o.order_id = wanted.order_id AND o.outcome = 'completed'
    OFFSET 0
) AS ended ON true
WHERE least(asked.batch, ended.batch) IS NOT NULL;

-- load_ends --
-- Read how some orders ended.
SELECT o.order_id, o.outcome::text AS outcome, o.attempt, o.digest, o.advice_digest,
       o.flags, o.payer, o.till, o.advice
FROM unnest($2::uuid[]) AS wanted (order_id)
CROSS JOIN LATERAL (
    SELECT * FROM outcome WHERE event = $1 AND order_id = wanted.order_id OFFSET 0
) AS o;

-- load_contradictions --
-- Read which advices contradicted the first one of some orders.
SELECT c.order_id, c.advice_digest
FROM unnest($2::uuid[]) AS wanted (order_id)
CROSS JOIN LATERAL (
    SELECT * FROM contradiction
    WHERE event = $1 AND order_id = wanted.order_id OFFSET 0
) AS c;

-- load_live_postings --
-- Read the postings of the one booking of each order that is not reversed.
SELECT e.order_id, e.id, e.attempt, e.cancels, p.account, p.unit, p.amount_minor,
       (SELECT true FROM wallet AS w
        WHERE w.event = $1 AND w.id = p.account) IS NOT NULL AS is_wallet,
       (SELECT h.balance_minor FROM holding AS h
        WHERE h.event = $1 AND h.id = p.account) AS held_minor
FROM unnest($2::uuid[]) AS wanted (order_id)
CROSS JOIN LATERAL (
    SELECT * FROM entry AS own
    WHERE own.event = $1 AND own.order_id = wanted.order_id AND own.reverses IS NULL
      AND (SELECT true FROM entry AS r
           WHERE r.event = $1 AND r.order_id = wanted.order_id AND r.reverses = own.id
           LIMIT 1) IS NULL
    OFFSET 0
) AS e
LEFT JOIN LATERAL (
    SELECT account, 'money' AS unit, amount_minor
    FROM unnest(e.accounts, e.amounts) AS money (account, amount_minor)
    UNION ALL
    SELECT account, 'voucher', amount_minor
    FROM unnest(e.voucher_accounts, e.voucher_amounts)
        AS vouchers (account, amount_minor)
) AS p ON true;

-- load_band_changes --
-- Read what some orders made of wristbands, and how those stood before.
SELECT c.order_id, c.serial, c.entry, c.wallet, c.blocked, c.registered, c.restriction,
       c.successor, c.note, coalesce(p.wallet, a.id) AS wallet_before,
       coalesce(p.blocked, false) AS blocked_before,
       coalesce(p.registered, false) AS registered_before,
       p.restriction AS restriction_before, p.successor AS successor_before,
       p.note AS note_before, b.variant, b.variant AS variant_before
FROM unnest($2::uuid[]) AS wanted (order_id)
CROSS JOIN LATERAL (
    SELECT * FROM wristband_change
    WHERE event = $1 AND order_id = wanted.order_id OFFSET 0
) AS c
CROSS JOIN LATERAL (
    SELECT * FROM wristband WHERE event = $1 AND serial = c.serial OFFSET 0
) AS b
CROSS JOIN LATERAL (
    SELECT * FROM account
    WHERE event = $1 AND role = 'wallet' AND key = c.serial::text OFFSET 0
) AS a
LEFT JOIN LATERAL (
    SELECT * FROM wristband_change AS q
    WHERE q.event = c.event AND q.serial = c.serial AND q.entry < c.entry
    ORDER BY q.entry DESC LIMIT 1
) AS p ON true
ORDER BY c.entry;

-- load_closings --
-- Read which Z numbers of which tills are closed.
SELECT till, z_number, digest, flags FROM closing WHERE event = $1;

-- load_cancellations --
-- Read which orders take some orders back: how much on wallets, and the words of it.
SELECT e.cancels, e.order_id, given.minor, given.vouchers, given.losses, given.units,
       given.amounts, a.body, o.advice
FROM unnest($2::uuid[]) AS wanted (order_id)
CROSS JOIN LATERAL (
    SELECT * FROM entry
    WHERE event = $1 AND cancels = wanted.order_id AND reverses IS NULL OFFSET 0
) AS e
CROSS JOIN LATERAL (
    SELECT coalesce(sum(p.amount_minor) FILTER (
               WHERE c.role = 'wallet' AND p.unit = 'money'), 0)::bigint AS minor,
           coalesce(sum(p.amount_minor) FILTER (
               WHERE c.role = 'wallet' AND p.unit = 'voucher'), 0)::bigint AS vouchers,
           array_agg(p.account) FILTER (WHERE c.role = 'stand_in_loss') AS losses,
           array_agg(p.unit::text) FILTER (WHERE c.role = 'stand_in_loss') AS units,
           array_agg(p.amount_minor) FILTER (WHERE c.role = 'stand_in_loss') AS amounts
    FROM posting AS p
    JOIN account AS c ON c.id = p.account
    WHERE p.event = e.event AND p.order_id = e.order_id AND p.entry = e.id
) AS given
LEFT JOIN LATERAL (
    SELECT * FROM attempt
    WHERE event = $1 AND order_id = e.order_id AND attempt = e.attempt OFFSET 0
) AS a ON true
LEFT JOIN LATERAL (
    SELECT * FROM outcome WHERE event = $1 AND order_id = e.order_id OFFSET 0
) AS o ON true
WHERE (SELECT true FROM entry AS r
       WHERE r.event = $1 AND r.order_id = e.order_id AND r.reverses = e.id
       LIMIT 1) IS NULL;

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
                       demo, incarnation, staff_key, limits)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (number) DO NOTHING
    RETURNING number, incarnation, limits
), begun AS (
    INSERT INTO incarnation (event, id, batch)
    SELECT number, incarnation, 0 FROM made
), counted AS (
    INSERT INTO guests_money (event, cap_minor)
    SELECT number, (limits ->> 'event_cap_minor')::bigint FROM made
)
INSERT INTO batch (event, number, chain_head, last_entry, booked_at)
SELECT number, 0, sha256(convert_to(incarnation::text, 'UTF8')), 0, now() FROM made;

-- set_limits --
-- Change what wallets and the event may hold; what they hold already is let be.
WITH changed AS (
    UPDATE event SET limits = $2 WHERE number = $1
    RETURNING number, (limits ->> 'max_balance_minor')::bigint AS wallet_cap,
              (limits ->> 'event_cap_minor')::bigint AS event_cap
), capped AS (
    UPDATE wallet SET cap_minor = wallet_cap,
                      excess_minor = greatest(0, balance_minor - wallet_cap)
    FROM changed WHERE event = number
), counted AS (
    UPDATE guests_money SET cap_minor = event_cap,
                            excess_minor = greatest(0, held_minor - event_cap)
    FROM changed WHERE event = number
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- begin_incarnation --
-- Begin a new incarnation with a batch of its own; no row if the chain ends elsewhere.
WITH begun AS (
    INSERT INTO batch (event, number, chain_head, last_entry, booked_at)
    SELECT event, number + 1, $4, last_entry, clock_timestamp()
    FROM batch WHERE event = $1 AND number = $2 AND chain_head = $3
    RETURNING event, number
), noted AS (
    INSERT INTO incarnation (event, id, batch) SELECT event, $5, number FROM begun
), named AS (
    UPDATE event SET incarnation = $5 FROM begun WHERE event.number = begun.event
)
SELECT number, pg_notify('kassenband_context', $1::text) FROM begun;

-- event_by_slug --
-- Read all that is configured of an event.
SELECT number, slug, name, currency, seller, stand_in, limits, booking_model,
       portal_url, demo, incarnation
FROM event WHERE slug = $1;

-- latest_batch --
-- Say how far an event's ledger has come.
SELECT b.number, b.chain_head, b.last_entry, g.held_minor, g.cap_minor, g.excess_minor
FROM batch AS b JOIN guests_money AS g ON g.event = b.event
WHERE b.event = $1 ORDER BY b.number DESC LIMIT 1;

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
    INSERT INTO till (event, id, label, issues_wristbands, profile)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (event, id) DO UPDATE
    SET label = excluded.label, issues_wristbands = excluded.issues_wristbands,
        profile = excluded.profile
    WHERE till.revoked_at IS NULL
    RETURNING id
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- tills --
-- List an event's tills, revoked ones included.
SELECT id, label, issues_wristbands, profile, revoked_at IS NOT NULL AS revoked
FROM till WHERE event = $1 ORDER BY id;

-- revoke_till --
-- Let a till never again say anything that is booked unseen.
WITH changed AS (
    UPDATE till SET revoked_at = now()
    WHERE event = $1 AND id = $2 AND revoked_at IS NULL
    RETURNING id
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- quarantine --
-- Set an advice aside; nothing happens if it was set aside before.
INSERT INTO quarantine (event, advice_digest, order_id, till, z_number, sequence,
                        advice, flag, refusal, odd)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (event, advice_digest) DO NOTHING;

-- release_quarantined --
-- Note who let an advice go, after it was booked.
INSERT INTO quarantine_release (event, advice_digest, released_by) VALUES ($1, $2, $3)
ON CONFLICT (event, advice_digest) DO NOTHING;

-- publish_catalogue --
-- Add a catalogue version; nothing happens if that version is there.
WITH added AS (
    INSERT INTO catalogue (event, version, digest, body) VALUES ($1, $2, $3, $4)
    ON CONFLICT (event, version) DO NOTHING
    RETURNING version
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM added;

-- sold_products --
-- Say which of some products were sold by a version of the catalogue.
SELECT wanted.product
FROM unnest($3::bigint[]) AS wanted (product)
WHERE EXISTS (
    SELECT FROM attempt AS a
    CROSS JOIN LATERAL (SELECT convert_from(a.body, 'UTF8')::jsonb AS said) AS o
    WHERE a.event = $1 AND a.reason IS NULL AND a.till IS NOT NULL
      AND (o.said ->> 'catalogue')::bigint = $2
      AND o.said -> 'lines' @> jsonb_build_array(
          jsonb_build_object('product', wanted.product))
) OR EXISTS (
    SELECT FROM outcome AS ended
    CROSS JOIN LATERAL (
        SELECT convert_from(ended.advice, 'UTF8')::jsonb -> 'order' AS said
    ) AS o
    WHERE ended.event = $1 AND ended.outcome = 'completed'
      AND (o.said -> 'training') IS NULL
      AND (o.said ->> 'catalogue')::bigint = $2
      AND o.said -> 'lines' @> jsonb_build_array(
          jsonb_build_object('product', wanted.product))
);

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

-- open_holding --
-- Begin to count what a place for cash holds.
INSERT INTO holding (event, id) VALUES ($1, $2) ON CONFLICT (event, id) DO NOTHING;

-- holding --
-- Read what a place for cash holds.
SELECT balance_minor FROM holding WHERE event = $1 AND id = $2;

-- cash_in_register --
-- Say what the ledger has in a cash register; 0 where it has never heard of it.
SELECT coalesce(-sum(h.balance_minor), 0)::bigint
FROM account AS a
JOIN holding AS h ON h.event = a.event AND h.id = a.id
WHERE a.event = $1 AND a.role = 'cash_register' AND a.key = $2;

-- issue_wristband --
-- Give a wristband a wallet of its own; the UID is known by its keyed hash only.
WITH numbered AS (
    SELECT nextval('wallet_serial') AS serial
), opened AS (
    INSERT INTO account (event, role, key)
    SELECT $1, 'wallet', serial::text FROM numbered
    RETURNING id
), filled AS (
    INSERT INTO wallet (event, id, cap_minor)
    SELECT $1, opened.id, (e.limits ->> 'max_balance_minor')::bigint
    FROM opened JOIN event AS e ON e.number = $1
    RETURNING id
), issued AS (
    INSERT INTO wristband (event, serial, wallet, uid_hash, code_hash, variant)
    SELECT $1, numbered.serial, filled.id, $2, $3, $4 FROM numbered, filled
    RETURNING serial, wallet
)
SELECT serial, pg_notify('kassenband_wallets', $1::text || ':' || wallet) IS NOT NULL
FROM issued;

-- wristband_by_uid --
-- Find the wristband with this keyed hash of its UID.
SELECT serial, variant, blocked, successor FROM wristband
WHERE event = $1 AND uid_hash = $2;

-- renew_wristband --
-- Give a wristband that is there a new portal code and variant.
UPDATE wristband SET code_hash = $3, variant = $4 WHERE event = $1 AND serial = $2;

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

-- order_and_undoing --
-- The advice of a completed order, and those of what completed to cancel it.
SELECT order_id, advice FROM outcome
WHERE event = $1 AND outcome = 'completed'
  AND order_id IN (
      SELECT $2::uuid
      UNION ALL
      SELECT order_id FROM entry WHERE event = $1 AND cancels = $2::uuid
  );

-- booked_orders --
-- List the tills' orders with their bookings that no reversal undoes: what they sold
-- for, and what was paid in cash and by card. The demo's audit compares them with
-- journals and TSE exports.
SELECT e.order_id, count(DISTINCT e.id) AS live_entries,
       coalesce(sum(p.amount_minor) FILTER (WHERE a.role IN
           ('revenue', 'tax', 'deposit_liability', 'rounding', 'donation',
            'tip_payable')
       ), 0)::bigint AS total_minor,
       -coalesce(sum(p.amount_minor) FILTER (WHERE a.role IN
           ('cash_register', 'card_clearing')
       ), 0)::bigint AS paid_minor
FROM entry AS e
LEFT JOIN posting AS p ON p.event = e.event AND p.order_id = e.order_id
    AND p.entry = e.id
LEFT JOIN account AS a ON a.id = p.account
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

-- count_closings --
-- Count the recorded closings.
SELECT count(*) FROM closing WHERE event = $1;

-- declined_attempts --
-- Count the requests that were refused.
SELECT count(*) FROM attempt WHERE event = $1 AND reason IS NOT NULL;
