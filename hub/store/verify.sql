-- The queries of `verify`; as in queries.sql: `-- name --`, what it promises, the
-- statement. Nothing here changes the ledger.

-- export_snapshot --
-- Name this moment of the database, so that other connections can look at it, too.
SELECT pg_export_snapshot();

-- adopt_snapshot --
-- Look at a moment that another connection has named; its name goes into the text.
SET TRANSACTION SNAPSHOT '{}';

-- plan_for_all --
-- Plan for whole tables, whatever their statistics say: nested loops, chosen for what
-- looks empty, would never end. Sort in memory rather than on the disk.
SELECT set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true);

-- note_signatures --
-- Remember signatures that were found right.
INSERT INTO signature_check (event, order_id, advice_digest)
SELECT $1, order_id, advice_digest
FROM unnest($2::uuid[], $3::bytea[]) AS found (order_id, advice_digest)
ON CONFLICT DO NOTHING;

-- verify_extent --
-- Say how much there is to verify, and where the chain ends.
SELECT (SELECT count(*) FROM outcome WHERE event = $1) AS orders,
       (SELECT count(*) FROM entry WHERE event = $1) AS entries,
       (SELECT max(number) FROM batch WHERE event = $1) AS last_batch;

-- verify_incarnations --
-- List where each incarnation begins.
SELECT id, batch, begun_at FROM incarnation WHERE event = $1 ORDER BY batch, id;

-- verify_splits --
-- Cut the orders into parts of these shares: where each but the first begins.
SELECT percentile_disc($2::float8[]) WITHIN GROUP (ORDER BY order_id) AS starts
FROM (
    SELECT order_id FROM attempt WHERE event = $1
    UNION ALL SELECT order_id FROM outcome WHERE event = $1
) AS named;

-- verify_currency --
-- Tell what an event runs in.
SELECT currency FROM event WHERE number = $1;

-- verify_accounts --
-- List all accounts.
SELECT id, role::text AS role, key FROM account WHERE event = $1;

-- verify_wallets --
-- List wallets that do not hold the sum of their postings, or whose limits do not
-- follow from what they hold.
SELECT w.id, w.balance_minor, coalesce(p.minor, 0)::bigint AS posted_minor,
       w.vouchers, coalesce(p.vouchers, 0)::bigint AS posted_vouchers,
       w.overdraft_minor, w.excess_minor, w.cap_minor, w.used
FROM wallet AS w
LEFT JOIN (
    SELECT account, sum(amount_minor) FILTER (WHERE unit = 'money') AS minor,
           sum(amount_minor) FILTER (WHERE unit = 'voucher') AS vouchers
    FROM posting WHERE event = $1 GROUP BY account
) AS p ON p.account = w.id
WHERE w.event = $1
  AND (w.balance_minor <> coalesce(p.minor, 0)
       OR w.vouchers <> coalesce(p.vouchers, 0)
       OR w.used <> (p.account IS NOT NULL)
       OR w.overdraft_minor <> greatest(0, -w.balance_minor)
       OR w.excess_minor <> greatest(0, w.balance_minor - coalesce(w.cap_minor,
                                                                   w.balance_minor)))
ORDER BY w.id;

-- verify_missing_wallets --
-- List accounts of wallets that have postings but no wallet.
SELECT a.id FROM account AS a
WHERE a.event = $1 AND a.role = 'wallet'
  AND NOT EXISTS (SELECT FROM wallet AS w WHERE w.event = $1 AND w.id = a.id)
  AND EXISTS (SELECT FROM posting AS p WHERE p.event = $1 AND p.account = a.id)
ORDER BY a.id;

-- verify_unknown_accounts --
-- List entries that post on an account that there is none of.
SELECT DISTINCT p.entry FROM posting AS p
WHERE p.event = $1
  AND NOT EXISTS (SELECT FROM account AS a WHERE a.event = $1 AND a.id = p.account)
ORDER BY entry;

-- verify_signature_counters --
-- List signature counters that two orders claim.
SELECT tse_serial, counter, count(*) AS orders FROM signature
WHERE event = $1 GROUP BY tse_serial, counter HAVING count(*) > 1
ORDER BY tse_serial, counter;

-- verify_guests_money --
-- Tell when an event's wallets do not hold what its own row says they hold together, or
-- when what is beyond its limit does not follow from that.
SELECT g.held_minor, w.held_minor AS wallets_minor, g.excess_minor, g.cap_minor
FROM guests_money AS g CROSS JOIN LATERAL (
    SELECT coalesce(sum(balance_minor), 0)::bigint AS held_minor FROM wallet
    WHERE event = g.event
) AS w
WHERE g.event = $1
  AND (g.held_minor <> w.held_minor
       OR g.excess_minor <> greatest(0, g.held_minor - coalesce(g.cap_minor,
                                                                g.held_minor)));

-- verify_movements --
-- List wallets whose way to their orders is not that of the entries that moved them:
-- how many are missing, and how many are there that no entry made. What is reversed
-- was moved by the entry that is reversed.
SELECT coalesce(m.wallet, p.wallet) AS wallet,
       count(*) FILTER (WHERE m.wallet IS NULL) AS missing,
       count(*) FILTER (WHERE m.wallet IS NOT NULL) AS strange
FROM (
    SELECT e.id AS entry, e.order_id, w.id AS wallet
    FROM entry AS e
    CROSS JOIN LATERAL unnest(
        CASE WHEN e.voucher_accounts IS NULL THEN e.accounts ELSE ARRAY(
            SELECT unnest(e.accounts) UNION SELECT unnest(e.voucher_accounts)
        ) END
    ) AS posted (account)
    JOIN wallet AS w ON w.event = $1 AND w.id = posted.account
    WHERE e.event = $1 AND e.cause <> 'reversal'
) AS p
FULL JOIN (SELECT wallet, entry, order_id FROM movement WHERE event = $1) AS m
    ON m.entry = p.entry AND m.wallet = p.wallet AND m.order_id = p.order_id
WHERE m.wallet IS NULL OR p.wallet IS NULL
GROUP BY 1 ORDER BY 1;

-- verify_holdings --
-- List places for cash whose own row is not the sum of their postings.
SELECT a.role::text AS role, a.key, coalesce(h.balance_minor, 0) AS balance_minor,
       coalesce(p.minor, 0)::bigint AS posted_minor
FROM account AS a
LEFT JOIN holding AS h ON h.event = a.event AND h.id = a.id
LEFT JOIN (
    SELECT account, sum(amount_minor) AS minor FROM posting
    WHERE event = $1 AND unit = 'money' GROUP BY account
) AS p ON p.account = a.id
WHERE a.event = $1 AND a.role IN ('cash_register', 'bag', 'vault')
  AND coalesce(h.balance_minor, 0) <> coalesce(p.minor, 0)
ORDER BY a.role, a.key;

-- verify_wristbands --
-- List wristbands that do not stand as their latest change, or their issue, left them.
SELECT b.serial
FROM wristband AS b
LEFT JOIN account AS a
    ON a.event = $1 AND a.role = 'wallet' AND a.key = b.serial::text
LEFT JOIN LATERAL (
    SELECT wallet, blocked, registered, restriction, successor, note
    FROM wristband_change AS c
    WHERE c.event = $1 AND c.serial = b.serial
    ORDER BY c.entry DESC LIMIT 1
) AS c ON true
WHERE b.event = $1
  AND (b.wallet, b.blocked, b.registered, b.restriction, b.successor, b.note)
      IS DISTINCT FROM (coalesce(c.wallet, a.id), coalesce(c.blocked, false),
                        coalesce(c.registered, false), c.restriction, c.successor,
                        c.note)
UNION
SELECT c.serial FROM wristband_change AS c
WHERE c.event = $1
  AND NOT EXISTS (SELECT FROM wristband AS b WHERE b.event = $1 AND b.serial = c.serial)
ORDER BY serial;

-- verify_catalogues --
-- List catalogue versions whose bytes are not those that were published.
SELECT version FROM catalogue
WHERE event = $1 AND encode(sha256(body), 'hex') <> digest ORDER BY version;

-- verify_closings --
-- Stream closings, and whether their bytes are those received.
SELECT till, z_number, report, sha256(report) = digest AS is_whole FROM closing
WHERE event = $1 ORDER BY till, z_number;

-- verify_bands --
-- List which wallet wristbands opened since which entry.
SELECT serial, entry, wallet FROM wristband_change
WHERE event = $1 ORDER BY serial, entry;

-- verify_batches --
-- Stream a part of the chain, in order.
SELECT number, chain_head, last_entry FROM batch
WHERE event = $1 AND number BETWEEN $2 AND $3 ORDER BY number;

-- verify_heads --
-- Read the chain heads of some batches.
SELECT b.number, b.chain_head, b.last_entry
FROM unnest($2::bigint[]) AS wanted (number)
JOIN batch AS b ON b.event = $1 AND b.number = wanted.number;

-- chain_attempt --
-- Stream what the chain says of attempts.
SELECT batch, order_id, attempt, digest, till, reason, balance_minor
FROM attempt WHERE event = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch;

-- chain_outcome --
-- Stream what the chain says of outcomes.
SELECT batch, order_id, outcome::text AS outcome, attempt, advice_digest, flags
FROM outcome WHERE event = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch;

-- chain_contradiction --
-- Stream what the chain says of contradictions.
SELECT batch, order_id, advice_digest FROM contradiction
WHERE event = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch;

-- chain_signature --
-- Stream what the chain says of signatures.
SELECT batch, order_id, tse_serial, number, counter FROM signature
WHERE event = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch;

-- chain_band --
-- Stream what the chain says of wristbands.
SELECT batch, serial, entry, wallet, blocked, registered, restriction, successor, note,
       order_id
FROM wristband_change WHERE event = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch;

-- chain_shift --
-- Stream what the chain says of cash registers' shifts.
SELECT batch, register, entry, holder, z_number, order_id
FROM shift_change WHERE event = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch;

-- chain_closing --
-- Stream what the chain says of closings.
SELECT batch, till, z_number, first_sequence, last_sequence, digest,
       sha256(signature) AS signature, flags
FROM closing WHERE event = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch;

-- chain_incarnation --
-- Stream what the chain says of incarnations after the first, whose id is its root.
SELECT batch, id FROM incarnation
WHERE event = $1 AND batch BETWEEN greatest($2::bigint, 1) AND $3 ORDER BY batch;

-- chain_entry --
-- Stream what the chain says of entries, with their postings.
SELECT e.batch, e.id, e.cause::text AS cause, e.order_id, e.attempt, e.reverses,
       e.cancels, e.accounts, e.amounts, e.voucher_accounts, e.voucher_amounts
FROM entry AS e
WHERE e.event = $1 AND e.batch BETWEEN $2 AND $3 ORDER BY e.batch, e.id;

-- proof_attempt --
-- Read the attempts of some orders.
SELECT order_id, attempt, digest, till, body, reason, batch FROM attempt
WHERE event = $1 AND order_id BETWEEN $2 AND $3 ORDER BY order_id, attempt;

-- proof_outcome --
-- Read how some orders ended.
SELECT o.order_id, o.outcome::text AS outcome, o.attempt, o.digest, o.till, o.payer,
       o.cancels, o.advice_digest, o.advice, o.flags, o.batch, o.z_number, o.sequence,
       coalesce(c.advice_digest = o.advice_digest, false) AS was_checked
FROM outcome AS o
LEFT JOIN signature_check AS c
    ON c.event = $1 AND c.order_id BETWEEN $2 AND $3 AND c.order_id = o.order_id
WHERE o.event = $1 AND o.order_id BETWEEN $2 AND $3;

-- proof_contradiction --
-- Read what contradicted the first advice of some orders.
SELECT order_id, advice_digest, advice FROM contradiction
WHERE event = $1 AND order_id BETWEEN $2 AND $3;

-- proof_signature --
-- Read the signatures of some orders.
SELECT order_id, tse_serial, number, counter FROM signature
WHERE event = $1 AND order_id BETWEEN $2 AND $3;

-- proof_entry --
-- Read the entries of some orders with their postings.
SELECT e.order_id, e.id, e.batch, e.cause::text AS cause, e.attempt, e.reverses,
       e.cancels, e.accounts, e.amounts, e.voucher_accounts, e.voucher_amounts
FROM entry AS e
WHERE e.event = $1 AND e.order_id BETWEEN $2 AND $3 ORDER BY e.order_id, e.id;
