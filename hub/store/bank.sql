-- Files from banks, and what becomes of each credit in them.

-- bank_turn --
-- One import, or decision about a credit, at a time: each depends on those before.
SELECT pg_advisory_xact_lock(hashtext('bank'), $1)

-- bank_file_known --
SELECT name, imported_at FROM bank_file WHERE event = $1 AND digest = $2

-- bank_reports_known --
SELECT r.identity, f.name, f.imported_at
FROM bank_report r JOIN bank_file f ON f.id = r.file
WHERE r.event = $1 AND r.identity = ANY($2::text[])
ORDER BY r.identity

-- bank_marks_known --
SELECT mark FROM bank_mark WHERE event = $1 AND mark = ANY($2::text[])

-- add_bank_file --
INSERT INTO bank_file (event, name, digest, imported_by)
VALUES ($1, $2, $3, $4)
RETURNING id

-- add_bank_reports --
INSERT INTO bank_report (event, file, identity, kind, version, account, is_copy)
SELECT $1, $2, identity, kind, version, account, is_copy
FROM jsonb_to_recordset($3::jsonb) AS r (
    identity text, kind text, version text, account text, is_copy boolean
)

-- add_bank_credits --
INSERT INTO bank_credit (
    event, file, entry, part, account, direction, amount_minor, currency, is_reversal,
    is_sum, booked_on, value_on, entry_ref, bank_ref, end_to_end_id, structured, texts,
    payer_name, payer_iban, charges_minor, marks, disposition, reason, about
)
SELECT $1, $2, c.entry, c.part, c.account, c.direction, c.amount_minor, c.currency,
    c.is_reversal, c.is_sum, c.booked_on, c.value_on, c.entry_ref, c.bank_ref,
    c.end_to_end_id, c.structured, c.texts, c.payer_name, c.payer_iban,
    c.charges_minor, c.marks, c.disposition, c.reason, c.about
FROM jsonb_to_recordset($3::jsonb) AS c (
    entry integer, part integer, account text, direction text, amount_minor bigint,
    currency text, is_reversal boolean, is_sum boolean, booked_on date, value_on date,
    entry_ref text, bank_ref text, end_to_end_id text, structured text[], texts text[],
    payer_name text, payer_iban text, charges_minor bigint, marks text[],
    disposition text, reason text, about text
)
ORDER BY c.entry, c.part
RETURNING id, entry, part

-- add_bank_marks --
INSERT INTO bank_mark (event, mark, credit)
SELECT $1, mark, credit FROM unnest($2::text[], $3::bigint[]) AS m (mark, credit)
ON CONFLICT DO NOTHING

-- add_bank_assignments --
INSERT INTO bank_assignment (credit, turn, reference, amount_minor, money_ref)
SELECT * FROM unnest(
    $1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::text[]
)

-- lock_named_bills --
SELECT reference FROM bill WHERE event = $1 AND number = ANY($2::text[])
ORDER BY reference FOR UPDATE

-- named_bills --
SELECT b.reference, b.currency, b.payer_name,
    greatest(0, CASE WHEN b.canceled_at IS NULL THEN b.total_minor ELSE 0 END - (
        SELECT coalesce(sum(
            CASE p.kind WHEN 'payment' THEN p.principal_minor
                ELSE -p.principal_minor END), 0)
        FROM payment p WHERE p.bill = b.reference
    ))::bigint AS open_minor
FROM bill b WHERE b.event = $1 AND b.number = ANY($2::text[])

-- lock_bills --
SELECT reference FROM bill WHERE event = $1 AND reference = ANY($2::text[])
ORDER BY reference FOR UPDATE

-- bills_for_money --
SELECT b.*, coalesce(c.slug, e.slug) AS organizer,
    paid.payment, paid.refund, paid.chargeback,
    (
        SELECT json_agg(
            json_build_object(
                'kind', l.kind, 'label', l.label, 'amount_minor', l.amount_minor,
                'team', l.team, 'wallet', l.wallet
            ) ORDER BY l.position
        )::text
        FROM bill_line l WHERE l.bill = b.reference
    ) AS lines,
    coalesce((
        SELECT t.passed_minor FROM bill_entry t
        WHERE t.bill = b.reference AND t.passed_minor IS NOT NULL
        ORDER BY t.number DESC LIMIT 1
    ), 0) AS passed_minor
FROM bill b
JOIN event e ON e.number = b.event
LEFT JOIN competition c ON c.id = b.competition
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(principal_minor) FILTER (WHERE kind = 'payment'), 0)::bigint
            AS payment,
        coalesce(sum(principal_minor) FILTER (WHERE kind = 'refund'), 0)::bigint
            AS refund,
        coalesce(sum(principal_minor) FILTER (WHERE kind = 'chargeback'), 0)::bigint
            AS chargeback
    FROM payment p WHERE p.bill = b.reference
) paid
WHERE b.reference = ANY($1::text[])

-- add_bank_payments --
INSERT INTO payment (
    event, bill, kind, method, money_ref, principal_minor, fee_minor, value_on, order_id
)
SELECT $1, bill, kind::payment_kind, method, money_ref, principal, fee, value_on, order_id
FROM unnest(
    $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
    $8::date[], $9::uuid[]
) WITH ORDINALITY
    AS p (bill, kind, method, money_ref, principal, fee, value_on, order_id, place)
ORDER BY place
RETURNING id, order_id

-- bank_credits_waiting --
-- Those that staff have to look at, oldest first.
SELECT * FROM bank_credit_seen AS c
WHERE c.event = $1 AND c.id > $2
    AND CASE WHEN c.decision IS NULL
        THEN c.disposition IN ('unassigned', 'quarantined')
        ELSE c.decision = 'undone' END
    AND (c.disposition IN ('unassigned', 'quarantined') OR c.decision IS NOT NULL)
ORDER BY c.id
LIMIT $3

-- bank_credits_decided --
-- Those that staff have decided about, and how it stands; the latest first.
SELECT c.*, f.name AS file_name, f.imported_at, d.turn, d.kind AS decision,
    d.decided_by, d.decided_at, d.note
FROM (
    SELECT DISTINCT ON (credit) * FROM bank_decision ORDER BY credit, turn DESC
) d
JOIN bank_credit c ON c.id = d.credit AND c.event = $1
JOIN bank_file f ON f.id = c.file
WHERE d.kind <> 'undone'
ORDER BY d.id DESC
LIMIT $2

-- bank_credits_found --
-- Any credit that an amount, a name, a text or a reference is part of.
SELECT * FROM bank_credit_seen AS c
WHERE c.event = $1 AND c.direction = 'CRDT'
    AND strpos(
        lower(concat_ws(
            ' ', c.payer_name, c.payer_iban, c.entry_ref, c.bank_ref,
            array_to_string(c.texts, ' '), array_to_string(c.structured, ' '),
            (c.amount_minor / 100) || '.' || lpad((c.amount_minor % 100)::text, 2, '0')
        )), lower($2)) > 0
ORDER BY c.id DESC
LIMIT $3

-- bank_credit --
SELECT * FROM bank_credit_seen AS c
WHERE c.event = $1 AND c.id = $2

-- bank_assignments --
SELECT turn, reference, amount_minor FROM bank_assignment
WHERE credit = $1 AND turn = $2 ORDER BY reference

-- bank_candidates --
-- Open bills that a credit may be meant for: of its amount, or of somebody so called.
SELECT b.reference, b.currency, b.payer_name, (b.total_minor - m.kept)::bigint
    AS open_minor
FROM bill b
CROSS JOIN LATERAL (
    SELECT coalesce(sum(
        CASE p.kind WHEN 'payment' THEN p.principal_minor
            ELSE -p.principal_minor END), 0) AS kept
    FROM payment p WHERE p.bill = b.reference
) m
WHERE b.event = $1 AND b.currency = $2 AND b.canceled_at IS NULL
    AND b.total_minor > m.kept
    AND (b.total_minor - m.kept = $3 OR lower(b.payer_name) LIKE ANY($4::text[]))
ORDER BY (b.total_minor - m.kept = $3) DESC, b.created_at
LIMIT 500

-- bills_to_assign --
SELECT reference, currency FROM bill WHERE event = $1 AND reference = ANY($2::text[])

-- add_bank_decision --
INSERT INTO bank_decision (credit, turn, kind, decided_by, note)
VALUES ($1, $2, $3, $4, $5)
