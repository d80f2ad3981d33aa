-- What `verify` asks about bills; as in queries.sql: `-- name --`, what it promises, the
-- statement. Nothing here changes anything.

-- verify_has_bills --
-- Say whether anything was ever billed.
SELECT EXISTS (SELECT FROM bill WHERE event = $1)
    OR EXISTS (SELECT FROM account WHERE event = $1 AND role = 'bill_receivable')
    AS has_bills;

-- verify_bills --
-- Stream bills with their lines.
SELECT b.reference, b.total_minor, b.canceled_at IS NOT NULL AS is_canceled,
       l.kinds, l.amounts, l.wallets
FROM bill AS b
LEFT JOIN (
    SELECT bill, array_agg(kind::text ORDER BY position) AS kinds,
           array_agg(amount_minor ORDER BY position) AS amounts,
           array_agg(wallet ORDER BY position) AS wallets
    FROM bill_line GROUP BY bill
) AS l ON l.bill = b.reference
WHERE b.event = $1 ORDER BY b.reference;

-- verify_bill_payments --
-- List the money of bills that moved.
SELECT id, bill, kind::text AS kind, principal_minor, surcharge_minor, fee_minor,
       order_id, till
FROM payment WHERE event = $1 ORDER BY bill, id;

-- verify_bill_steps --
-- List what bills have the ledger book, with what it has of it.
SELECT e.order_id, e.bill, e.payment, e.step::text AS step, e.body, e.batch,
       e.passed_minor,
       a.batch AS booked_in, a.body = e.body AS is_same, a.reason,
       s.seen_by, s.seen_at
FROM bill_entry AS e
LEFT JOIN attempt AS a
    ON a.event = $1 AND a.order_id = e.order_id AND a.attempt = 1
LEFT JOIN seen_to AS s
    ON s.event = $1 AND s.order_id = e.order_id AND s.digest = a.digest
WHERE e.event = $1 ORDER BY e.bill, e.number;

-- verify_bill_postings --
-- Add up what each order posted on the accounts of bills. `is_old`: it completed a
-- minute ago or longer, so that whatever follows from it must be there.
SELECT a.key AS reference, p.order_id, sum(p.amount_minor)::bigint AS minor,
       coalesce(bool_and(b.booked_at < now() - interval '1 minute'), false) AS is_old
FROM account AS a
JOIN posting AS p ON p.event = $1 AND p.account = a.id
LEFT JOIN outcome AS o
    ON o.event = $1 AND o.order_id = p.order_id AND o.outcome = 'completed'
LEFT JOIN batch AS b ON b.event = $1 AND b.number = o.batch
WHERE a.event = $1 AND a.role = 'bill_receivable'
GROUP BY a.key, p.order_id
ORDER BY a.key, p.order_id;

-- verify_unknown_steps --
-- List what the ledger booked as a step of a bill, which the bill knows nothing of.
SELECT a.order_id FROM attempt AS a
LEFT JOIN bill_entry AS e ON e.order_id = a.order_id AND e.event = $1
WHERE a.event = $1 AND a.till IS NULL AND e.order_id IS NULL
  AND substring(a.body FOR 14) = convert_to('{"type":"bill"', 'UTF8')
ORDER BY a.order_id;

-- verify_settlements --
-- List the settlements that were not withdrawn, with what the ledger has of them.
SELECT s.id, s.number, c.slug, s.paid_bills_minor, s.surcharges_minor,
       s.method_fees_minor, s.taken_back_minor, s.carried_in_minor, s.payout_minor,
       s.body, s.batch, s.file IS NOT NULL AS is_filed,
       p.settlement IS NOT NULL AS is_approved, a.batch AS booked_in,
       coalesce(a.body = s.body, false) AS is_same
FROM settlement AS s
JOIN competition AS c ON c.id = s.competition
LEFT JOIN settlement_approval AS p ON p.settlement = s.id
LEFT JOIN attempt AS a
    ON a.event = $1 AND a.order_id = s.order_id AND a.attempt = 1
WHERE s.event = $1 AND s.withdrawn_at IS NULL
ORDER BY c.slug, s.number;

-- verify_settlement_lines --
-- List what settlements are made of, with the steps they say so of.
SELECT l.settlement, l.step, l.reference, l.share, l.amount_minor, e.body
FROM settlement_line AS l
JOIN settlement AS s ON s.id = l.settlement AND s.event = $1
JOIN bill_entry AS e ON e.order_id = l.step
WHERE l.is_active
ORDER BY l.settlement, e.number;

-- verify_unknown_payouts --
-- List what the ledger booked as a payout to an organizer, which no settlement knows of.
SELECT a.order_id FROM attempt AS a
LEFT JOIN settlement AS s ON s.order_id = a.order_id AND s.event = $1
WHERE a.event = $1 AND a.till IS NULL AND s.order_id IS NULL
  AND substring(a.body FOR 20) = convert_to('{"type":"settlement"', 'UTF8')
ORDER BY a.order_id;

-- verify_refunds --
-- List refunds with what went back by them.
SELECT r.number, r.bill, r.way, r.state, r.amount_minor, r.file IS NOT NULL AS is_filed,
       a.refund IS NOT NULL AS is_approved,
       m.principal_minor + m.surcharge_minor AS moved_minor
FROM refund AS r
LEFT JOIN refund_approval AS a ON a.refund = r.id
LEFT JOIN payment AS p ON p.id = r.payment
LEFT JOIN payment AS m ON m.event = r.event AND m.bill = r.bill AND m.kind = 'refund'
    AND (m.money_ref = 'refund-' || r.id
         OR m.method = p.method AND m.money_ref = r.provider_ref)
WHERE r.event = $1 ORDER BY r.number;
