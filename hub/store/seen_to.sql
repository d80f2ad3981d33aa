-- What the ledger refused, or booked although it was odd, and who has seen to it; as in
-- queries.sql.

-- refused_bill_entries --
-- List what bills have the ledger book and what it refused, newest first: what nobody
-- has seen to, or what somebody has.
SELECT e.number, e.order_id, e.bill, b.payer_name, b.currency, e.step::text AS step,
       e.body, e.made_at, a.reason::text AS reason, s.seen_by, s.seen_at, s.note
FROM bill_entry AS e
JOIN bill AS b ON b.reference = e.bill
JOIN attempt AS a ON a.event = e.event AND a.order_id = e.order_id
    AND a.attempt = 1 AND a.reason IS NOT NULL
LEFT JOIN seen_to AS s ON s.event = e.event AND s.order_id = e.order_id
WHERE e.event = $1 AND e.batch IS NULL AND (s.order_id IS NOT NULL) = $2::boolean
  AND ($3::bigint IS NULL OR e.number < $3)
ORDER BY e.number DESC LIMIT $4;

-- see_to_refused --
-- Note that somebody has seen to what the ledger refused of a bill; no row if it did
-- not refuse it, or somebody had.
INSERT INTO seen_to (event, order_id, digest, seen_by, note)
SELECT e.event, e.order_id, a.digest, $3, $4 FROM bill_entry AS e
JOIN attempt AS a ON a.event = e.event AND a.order_id = e.order_id
    AND a.attempt = 1 AND a.reason IS NOT NULL
WHERE e.event = $1 AND e.order_id = $2 AND e.batch IS NULL
ON CONFLICT DO NOTHING
RETURNING true;

-- flagged_orders --
-- List what tills said that was odd, newest first, by flag and till: what nobody has
-- seen to, or what somebody has. `lost_minor`: what no wallet could be charged for.
SELECT f.batch, f.digest, f.advice, f.flags, b.booked_at, s.seen_by, s.seen_at, s.note,
       (
           SELECT coalesce(-sum(p.amount_minor), 0) FROM posting AS p
           JOIN account AS a ON a.id = p.account AND a.role = 'stand_in_loss'
           WHERE p.event = f.event AND p.order_id = f.order_id AND p.unit = 'money'
       )::bigint AS lost_minor
FROM flagged AS f
JOIN batch AS b ON b.event = f.event AND b.number = f.batch
LEFT JOIN seen_to AS s
    ON s.event = f.event AND s.order_id = f.order_id AND s.digest = f.digest
WHERE f.event = $1 AND (s.order_id IS NOT NULL) = $2::boolean
  AND ($3 = '' OR $3 = ANY (f.flags)) AND ($4 = '' OR f.till = $4)
  AND ($5::bigint IS NULL OR (f.batch, f.digest) < ($5, $6::bytea))
ORDER BY f.batch DESC, f.digest DESC LIMIT $7;

-- count_flagged --
-- Count the same as `flagged_orders` lists, by flag, and in all where the flag is null.
SELECT odd.flag, count(DISTINCT f.digest) AS count
FROM flagged AS f
CROSS JOIN LATERAL unnest(f.flags) AS odd (flag)
LEFT JOIN seen_to AS s
    ON s.event = f.event AND s.order_id = f.order_id AND s.digest = f.digest
WHERE f.event = $1 AND (s.order_id IS NOT NULL) = $2::boolean
  AND ($3 = '' OR $3 = ANY (f.flags)) AND ($4 = '' OR f.till = $4)
GROUP BY GROUPING SETS ((odd.flag), ())
ORDER BY count DESC, odd.flag;

-- see_to_flagged --
-- Note that somebody has seen to what a till said that was odd; no row if it was not,
-- or somebody had.
INSERT INTO seen_to (event, order_id, digest, seen_by, note)
SELECT event, order_id, digest, $4, $5 FROM flagged
WHERE event = $1 AND order_id = $2 AND digest = $3
ON CONFLICT DO NOTHING
RETURNING true;

-- see_to_all_flagged --
-- Note the same of all that `flagged_orders` lists by flag and till, up to one of them:
-- not of what came meanwhile. Says of how many.
WITH noted AS (
    INSERT INTO seen_to (event, order_id, digest, seen_by, note)
    SELECT event, order_id, digest, $6, $7 FROM flagged
    WHERE event = $1 AND ($2 = '' OR $2 = ANY (flags)) AND ($3 = '' OR till = $3)
      AND (batch, digest) <= ($4, $5::bytea)
    ON CONFLICT DO NOTHING
    RETURNING true
)
SELECT count(*) FROM noted;
