-- Settlements with organizers, refunds, files of payouts, and posted slips.

-- settle_turn --
-- One settlement of a competition is drawn up, approved or paid out at a time.
SELECT pg_advisory_xact_lock(hashtext('settlement'), $1)

-- competition_to_settle --
SELECT c.id, c.slug, c.name, c.organizer, c.creditor::text AS creditor,
    c.payee::text AS payee, e.currency, (
        SELECT max(deadline) FROM start_fee f WHERE f.competition = c.id
    ) AS deadline
FROM competition c JOIN event e ON e.number = c.event
WHERE c.event = $1 AND c.slug = $2

-- competitions_to_settle --
SELECT c.slug, c.name, e.currency, (
        SELECT max(deadline) FROM start_fee f WHERE f.competition = c.id
    ) AS deadline
FROM competition c JOIN event e ON e.number = c.event
WHERE c.event = $1 ORDER BY c.name, c.id

-- organizer_balance --
-- What the ledger says is owed to an organizer, and how much of it is in no settlement.
SELECT (
    SELECT coalesce(sum(p.amount_minor), 0)::bigint
    FROM account a JOIN posting p ON p.event = a.event AND p.account = a.id
    WHERE a.event = $1 AND a.role = 'organizer_payable' AND a.key = $2
) AS balance_minor, (
    SELECT coalesce(json_agg(json_build_object(
        'step', s.order_id, 'reference', s.bill, 'body', convert_from(s.body, 'UTF8')
    ) ORDER BY s.number), '[]')::text
    FROM bill_entry s JOIN bill b ON b.reference = s.bill
    WHERE b.competition = $3
        AND EXISTS (
            SELECT FROM entry e WHERE e.event = $1 AND e.order_id = s.order_id
        )
        AND NOT EXISTS (
            SELECT FROM settlement_line l WHERE l.step = s.order_id AND l.is_active
        )
) AS steps

-- last_settlement --
SELECT s.*, c.slug, c.name, c.organizer, a.approved_by, a.approved_at,
    s.payee::text AS payee_json, s.payer::text AS payer_json,
    f.message_id, f.made_at
FROM settlement s
JOIN competition c ON c.id = s.competition
LEFT JOIN settlement_approval a ON a.settlement = s.id
LEFT JOIN payout_file f ON f.id = s.file
WHERE s.competition = $1 AND s.withdrawn_at IS NULL
ORDER BY s.number DESC LIMIT 1

-- add_settlement --
INSERT INTO settlement (
    event, competition, number, currency, paid_bills_minor, surcharges_minor,
    method_fees_minor, taken_back_minor, carried_in_minor, payout_minor, payee, payer,
    drawn_up_by, drawn_up_at, order_id, body
)
SELECT $1, $2, 1 + coalesce(max(number), 0), $3, $4, $5, $6, $7, $8, $9, $10::jsonb,
    $11::jsonb, $12, $13, $14, $15
FROM settlement WHERE competition = $2
RETURNING id, number

-- next_settlement_number --
SELECT 1 + coalesce(max(number), 0) FROM settlement WHERE competition = $1

-- add_settlement_lines --
INSERT INTO settlement_line (settlement, step, reference, share, amount_minor)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[])

-- settlements --
SELECT s.*, c.slug, c.name, c.organizer, a.approved_by, a.approved_at,
    s.payee::text AS payee_json, s.payer::text AS payer_json,
    f.message_id, f.made_at
FROM settlement s
JOIN competition c ON c.id = s.competition
LEFT JOIN settlement_approval a ON a.settlement = s.id
LEFT JOIN payout_file f ON f.id = s.file
WHERE s.event = $1 AND ($2::bigint IS NULL OR s.id = $2)
ORDER BY s.id DESC

-- settlement_lines --
SELECT l.reference, l.share, sum(l.amount_minor)::bigint AS amount_minor, b.payer_name
FROM settlement_line l JOIN bill b ON b.reference = l.reference
WHERE l.settlement = $1
GROUP BY l.reference, l.share, b.payer_name, b.created_at
ORDER BY b.created_at, l.reference, l.share

-- approve_settlement --
INSERT INTO settlement_approval (settlement, drawn_up_by, approved_by, approved_at)
VALUES ($1, $2, $3, $4)

-- withdraw_settlement --
WITH gone AS (
    UPDATE settlement SET withdrawn_at = $3, withdrawn_by = $2
    WHERE id = $1 AND withdrawn_at IS NULL AND file IS NULL
    RETURNING id
)
UPDATE settlement_line l SET is_active = false FROM gone
WHERE l.settlement = gone.id

-- settlements_to_file --
SELECT s.*, c.slug, c.name, c.organizer, a.approved_by, a.approved_at,
    s.payee::text AS payee_json, s.payer::text AS payer_json,
    NULL AS message_id, NULL AS made_at
FROM settlement s
JOIN competition c ON c.id = s.competition
JOIN settlement_approval a ON a.settlement = s.id
WHERE s.event = $1 AND s.file IS NULL AND s.withdrawn_at IS NULL
    AND s.payout_minor > 0
ORDER BY s.id
FOR UPDATE OF s

-- add_payout_file --
INSERT INTO payout_file (
    event, message_id, made_by, made_at, execute_on, currency, total_minor, payouts,
    body
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING id

-- file_settlements --
UPDATE settlement SET file = $1 WHERE id = ANY($2::bigint[])

-- payout_files --
SELECT id, message_id, made_by, made_at, execute_on, currency, total_minor, payouts
FROM payout_file WHERE event = $1 ORDER BY id DESC LIMIT 100

-- payout_file --
SELECT message_id, body FROM payout_file WHERE event = $1 AND id = $2

-- settlements_to_book --
SELECT id, order_id, body FROM settlement
WHERE event = $1 AND file IS NOT NULL AND batch IS NULL
ORDER BY id

-- settlement_booked --
-- Note in which batch the ledger has it: what was handed in again is answered in a
-- later one.
UPDATE settlement AS s SET batch = a.batch
FROM attempt AS a
WHERE s.id = $1 AND s.batch IS NULL
  AND a.event = s.event AND a.order_id = s.order_id AND a.attempt = 1
  AND a.reason IS NULL

-- tell_payouts --
SELECT pg_notify('kassenband_payouts', $1)

-- add_refund --
INSERT INTO refund (
    id, event, bill, payment, way, amount_minor, holder, iban, bic, reason,
    requested_by, requested_at, changed_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)

-- refunds_under_way --
-- What is asked for, and has not moved yet.
SELECT coalesce(sum(amount_minor), 0)::bigint AS total_minor,
    coalesce(sum(amount_minor) FILTER (WHERE payment = $2), 0)::bigint AS payment_minor
FROM refund WHERE bill = $1 AND state IN ('requested', 'approved', 'sent')

-- refunds --
SELECT r.*, a.approved_by, a.approved_at, p.method, p.money_ref, p.attempt,
    b.payer_name, b.currency, f.message_id
FROM refund r
JOIN bill b ON b.reference = r.bill
LEFT JOIN payment p ON p.id = r.payment
LEFT JOIN refund_approval a ON a.refund = r.id
LEFT JOIN payout_file f ON f.id = r.file
WHERE r.event = $1 AND ($2::uuid IS NULL OR r.id = $2)
ORDER BY r.number DESC LIMIT 200

-- lock_refund --
SELECT id FROM refund WHERE id = $1 FOR UPDATE

-- approve_refund --
INSERT INTO refund_approval (refund, requested_by, approved_by, approved_at)
VALUES ($1, $2, $3, $4)

-- move_refund --
UPDATE refund SET state = $2, note = $3, changed_at = $4 WHERE id = $1

-- refunds_to_file --
SELECT r.*, b.currency, c.creditor::text AS payer_json
FROM refund r
JOIN bill b ON b.reference = r.bill
JOIN competition c ON c.id = b.competition
WHERE r.event = $1 AND r.state = 'approved' AND r.way = 'transfer'
ORDER BY r.number
FOR UPDATE OF r

-- file_refunds --
UPDATE refund SET file = $1, state = 'done', changed_at = $3
WHERE id = ANY($2::uuid[])

-- overpaid_bills --
-- Bills with more on them than is due, and nothing under way that gives it back.
SELECT b.reference, b.payer_name, b.currency, b.locked_to, b.canceled_at,
    (m.kept - CASE WHEN b.canceled_at IS NULL THEN b.total_minor ELSE 0 END - r.asked)
        ::bigint AS over_minor
FROM bill b
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE p.kind WHEN 'payment' THEN p.principal_minor
        ELSE -p.principal_minor END), 0) AS kept
    FROM payment p WHERE p.bill = b.reference
) m
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_minor), 0) AS asked FROM refund f
    WHERE f.bill = b.reference AND f.state IN ('requested', 'approved', 'sent')
) r
WHERE b.event = $1
    AND m.kept - CASE WHEN b.canceled_at IS NULL THEN b.total_minor ELSE 0 END > r.asked
ORDER BY b.created_at LIMIT 200

-- slips --
SELECT b.reference, b.payer_name, b.street, b.house_number, b.postal_code, b.town,
    b.country, b.currency, b.total_minor, b.locked_at, s.sent_at, s.sent_by
FROM bill b LEFT JOIN slip_sent s ON s.bill = b.reference
WHERE b.event = $1 AND b.locked_to = 'slip' AND b.canceled_at IS NULL
ORDER BY (s.sent_at IS NOT NULL), b.locked_at
LIMIT 500

-- slip_fee --
SELECT coalesce(m.fixed_minor, 0)::bigint FROM bill b
LEFT JOIN competition_method m ON m.competition = b.competition AND m.method = 'slip'
WHERE b.reference = $1

-- add_slip_sent --
INSERT INTO slip_sent (bill, sent_by, sent_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
RETURNING bill

-- refunds_just_filed --
-- Those in a file that are not yet taken off their bills.
SELECT r.id, r.number, r.bill, r.amount_minor FROM refund r
WHERE r.event = $1 AND r.file IS NOT NULL AND r.state = 'done'
    AND NOT EXISTS (
        SELECT FROM payment p
        WHERE p.event = r.event AND p.money_ref = 'refund-' || r.id
    )
ORDER BY r.number

-- next_payout_file --
SELECT 1 + coalesce(max(id), 0) FROM payout_file

-- is_slip_sent --
SELECT EXISTS (SELECT FROM slip_sent WHERE bill = $1)

-- top_up_held --
-- Add up what the wallets of a bill's top-ups hold now.
SELECT coalesce(sum(greatest(0, w.balance_minor)), 0)::bigint
FROM (
    SELECT DISTINCT b.wallet FROM bill_line l
    JOIN wristband b ON b.event = $1 AND b.serial = l.wallet
    WHERE l.bill = $2
) own
JOIN wallet w ON w.event = $1 AND w.id = own.wallet

-- refund_told --
-- Find the refund of an attempt's payment that a provider speaks of: the one it answers,
-- else by the provider's name of it, else by its amount if it has no such name yet.
SELECT r.id, r.number, r.state, r.provider_ref
FROM refund r JOIN payment p ON p.id = r.payment
WHERE r.bill = $1 AND p.attempt = $2 AND r.state IN ('approved', 'sent', 'done', 'failed')
    AND (r.id = $3 OR $3 IS NULL AND (r.provider_ref = $4
        OR r.provider_ref IS NULL AND r.amount_minor = $5 AND r.state IN ('approved', 'sent')))
ORDER BY (r.provider_ref IS NOT NULL) DESC, r.number LIMIT 1

-- refund_heard --
-- Note what a provider says of a refund, and what it calls it.
UPDATE refund SET state = $2, note = $3, provider_ref = $4, changed_at = now()
WHERE id = $1
