-- What the export for the tax office reads; as in queries.sql: `-- name --`, what it
-- promises, the statement. Nothing here changes the ledger.

-- dsfinvk_closings --
-- List the recorded closings of all tills, with why one has no signature.
SELECT c.till, c.z_number, c.report, c.signature, o.since, o.reason, o.number,
       (SELECT max(until) FROM tse_outage
        WHERE event = o.event AND till = o.till AND since = o.since) AS until
FROM closing AS c
LEFT JOIN closing_outage AS o USING (event, till, z_number)
WHERE c.event = $1 ORDER BY c.till, c.z_number;

-- dsfinvk_extents --
-- Say which sequence numbers each Z number of each till has, and how many orders.
SELECT till, z_number, min(sequence) AS first, max(sequence) AS last,
       count(*) AS orders
FROM outcome WHERE event = $1 GROUP BY till, z_number ORDER BY till, z_number;

-- dsfinvk_held --
-- Say how many orders of each Z number are in quarantine.
SELECT q.till, q.z_number, count(*) AS orders
FROM quarantine AS q
WHERE q.event = $1 AND NOT EXISTS (
    SELECT 1 FROM outcome AS o WHERE o.event = q.event AND o.order_id = q.order_id)
GROUP BY q.till, q.z_number;

-- dsfinvk_orders --
-- List the orders of a till's Z number in their sequence; of a cancellation also where
-- the order is that it undoes.
SELECT o.advice, u.till AS undone_till, u.z_number AS undone_z
FROM outcome AS o
LEFT JOIN outcome AS u ON u.event = o.event AND u.order_id = o.cancels
WHERE o.event = $1 AND o.till = $2 AND o.sequence BETWEEN $3 AND $4
  AND o.z_number = $5
ORDER BY o.sequence;

-- dsfinvk_registers --
-- List what tills said they are made of, the earliest first.
SELECT till, said_at, brand, model, software_brand, software_version
FROM till_description WHERE event = $1 ORDER BY till, number;

-- dsfinvk_tses --
-- List the TSEs in the order in which they were described.
SELECT serial, public_key, algorithm, time_format, encoding, certificates[1] AS certificate
FROM tse WHERE event = $1 ORDER BY said_at, serial;

-- dsfinvk_outages --
-- List the outages that have ended.
SELECT till, since, until FROM tse_outage WHERE event = $1 AND until IS NOT NULL;
