-- What the crash run asks the database itself, past the hub: `-- name --`, what the
-- answer says, the statement.

-- writer_backend --
-- The server process that holds the writer's lock; no row while nobody is elected.
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- end_backend --
-- End a server process as its administrator would.
SELECT pg_terminate_backend($1);

-- verdicts --
-- What the database holds as the answer to each attempt of a till: no reason, booked.
SELECT order_id, attempt, reason, balance_minor
FROM attempt WHERE event = $1 AND till IS NOT NULL;

-- bookings --
-- Orders of tills with their entries that no reversal undoes, and what they moved.
SELECT e.order_id, count(*) AS live_entries,
       sum((
           SELECT coalesce(sum(p.amount_minor), 0)
           FROM posting AS p
           WHERE p.event = e.event AND p.order_id = e.order_id AND p.entry = e.id
             AND p.amount_minor > 0
       ))::bigint AS moved_minor
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

-- outcomes --
-- How each order ended.
SELECT order_id, outcome::text AS outcome FROM outcome WHERE event = $1;

-- balances --
-- Every wallet's balance by its wristband's serial.
SELECT b.serial, w.balance_minor
FROM wallet AS w JOIN wristband AS b ON b.event = w.event AND b.wallet = w.id
WHERE w.event = $1;
