-- What the office's first page counts; as in queries.sql.

-- office_counts --
-- Count what waits for somebody of an event: at the bank, at providers, for approval.
SELECT
    (
        SELECT count(*) FROM bank_credit AS c
        LEFT JOIN LATERAL (
            SELECT kind FROM bank_decision
            WHERE credit = c.id ORDER BY turn DESC LIMIT 1
        ) AS d ON true
        WHERE c.event = $1
          AND (d.kind = 'undone' OR (
              d.kind IS NULL AND c.disposition IN ('unassigned', 'quarantined')
          ))
    ) AS credits,
    (
        SELECT count(*) FROM bill AS b
        WHERE b.event = $1 AND b.locked_to = 'slip' AND b.canceled_at IS NULL
          AND NOT EXISTS (SELECT FROM slip_sent WHERE bill = b.reference)
    ) AS slips,
    (
        SELECT count(*) FROM payment_claim AS c
        WHERE c.event = $1
          AND NOT EXISTS (SELECT FROM payment_claim_decision WHERE claim = c.id)
    ) AS claims,
    (
        SELECT count(*) FROM payment_report AS r
        WHERE r.event = $1 AND r.alarms <> '{}'
          AND NOT EXISTS (SELECT FROM payment_alarm_closed WHERE report = r.id)
    ) AS alarms,
    (
        SELECT count(*) FROM bill_entry AS e
        JOIN attempt AS a ON a.event = e.event AND a.order_id = e.order_id
            AND a.attempt = 1 AND a.reason IS NOT NULL
        WHERE e.event = $1 AND e.batch IS NULL
          AND NOT EXISTS (
              SELECT FROM seen_to WHERE event = e.event AND order_id = e.order_id
          )
    ) AS refused,
    (
        SELECT count(*) FROM flagged AS f
        WHERE f.event = $1
          AND NOT EXISTS (
              SELECT FROM seen_to
              WHERE event = f.event AND order_id = f.order_id AND digest = f.digest
          )
    ) AS flagged,
    (SELECT count(*) FROM refund WHERE event = $1 AND state = 'requested') AS refunds,
    (
        SELECT count(*) FROM settlement AS s
        WHERE s.event = $1 AND s.withdrawn_at IS NULL
          AND NOT EXISTS (SELECT FROM settlement_approval WHERE settlement = s.id)
    ) AS settlements,
    (
        SELECT count(*) FROM refund
        WHERE event = $1 AND state = 'approved' AND way = 'transfer'
    ) + (
        SELECT count(*) FROM settlement AS s
        WHERE s.event = $1 AND s.withdrawn_at IS NULL AND s.payout_minor > 0
          AND s.file IS NULL
          AND EXISTS (SELECT FROM settlement_approval WHERE settlement = s.id)
    ) AS payouts;

-- tills_not_closed --
-- Count the tills whose oldest order in no closing was booked before some time.
SELECT count(*) FROM till AS t
LEFT JOIN LATERAL (
    SELECT last_sequence FROM closing
    WHERE event = t.event AND till = t.id ORDER BY z_number DESC LIMIT 1
) AS c ON true
CROSS JOIN LATERAL (
    SELECT b.booked_at FROM outcome AS o
    JOIN batch AS b ON b.event = o.event AND b.number = o.batch
    WHERE o.event = t.event AND o.till = t.id
      AND o.sequence > coalesce(c.last_sequence, 0)
    ORDER BY o.sequence LIMIT 1
) AS first_open
WHERE t.event = $1 AND first_open.booked_at < $2;
