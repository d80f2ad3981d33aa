-- Named queries of what operators do by command: the event, its staff, the quarantine.

-- change_event --
-- Change what may change of an event; tills are told at once.
WITH changed AS (
    UPDATE event SET name = $2, seller = $3, stand_in = $4, portal_url = $5
    WHERE number = $1 RETURNING number
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- event_model --
-- Read an event's booking model.
SELECT booking_model FROM event WHERE number = $1;

-- set_booking_model --
-- Choose an event's booking model for good; no row once anything was booked.
WITH changed AS (
    UPDATE event SET booking_model = $2
    WHERE number = $1
      AND NOT EXISTS (SELECT FROM posting WHERE posting.event = $1)
    RETURNING number
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- slug_of_event --
-- Say which event has a number.
SELECT slug FROM event WHERE number = $1;

-- change_pin --
-- Give a member of staff another PIN.
WITH changed AS (
    UPDATE staff SET pin_hash = $3 WHERE event = $1 AND id = $2 RETURNING id
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- change_roles --
-- Give a member of staff other roles.
WITH changed AS (
    UPDATE staff SET roles = $3 WHERE event = $1 AND id = $2 RETURNING id
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- set_aside --
-- List all that was ever set aside, oldest first, with the latest word about each.
SELECT q.advice_digest, q.order_id, q.till, q.advice, q.flag, q.refusal, q.odd,
       q.received_at, d.decision, d.decided_by, d.reason, d.decided_at, r.released_at
FROM quarantine AS q
LEFT JOIN LATERAL (
    SELECT decision, decided_by, reason, decided_at FROM quarantine_decision
    WHERE event = q.event AND advice_digest = q.advice_digest
    ORDER BY number DESC LIMIT 1
) AS d ON true
LEFT JOIN quarantine_release AS r USING (event, advice_digest)
WHERE q.event = $1
ORDER BY q.received_at, q.order_id;

-- decide_quarantined --
-- Note what somebody decided; the ledger's writer hears of it.
WITH decided AS (
    INSERT INTO quarantine_decision (event, advice_digest, decision, decided_by, reason)
    VALUES ($1, $2, $3, $4, $5)
    RETURNING number
)
SELECT pg_notify('kassenband_quarantine', $1::text) IS NOT NULL FROM decided;
