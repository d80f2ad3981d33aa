-- The queries of bills and what is paid; as in queries.sql: `-- name --`, what it
-- promises, the statement.

-- payer --
-- Read who would pay: a portal user with the address as it is now.
SELECT name, street, house_number, postal_code, town, country, email
FROM portal_user WHERE id = $1;

-- unpaid_teams --
-- List the teams on no bill that a user has to pay for, clubs' ones apart.
SELECT t.id, t.name, t.start_fee_minor, c.id AS competition, c.slug, c.name AS title,
       c.reference_prefix, c.event, e.currency, cl.id AS club, cl.slug AS club_slug,
       cl.name AS club_name,
       coalesce(f.labels, '{}') AS labels, coalesce(f.amounts, '{}') AS amounts
FROM (
    SELECT id FROM team WHERE registered_by = $1 AND NOT paid_by_club
    UNION ALL
    SELECT t.id FROM club_officer AS o
    JOIN team AS t ON t.club = o.club AND t.paid_by_club
    WHERE o.portal_user = $1
) AS own
JOIN team AS t ON t.id = own.id AND t.withdrawn_at IS NULL
JOIN competition AS c ON c.id = t.competition AND ($2::text IS NULL OR c.slug = $2)
JOIN event AS e ON e.number = c.event
LEFT JOIN club AS cl ON cl.id = t.club AND t.paid_by_club
LEFT JOIN LATERAL (
    SELECT array_agg(label ORDER BY position) AS labels,
           array_agg(amount_minor ORDER BY position) AS amounts
    FROM team_fee WHERE team = t.id
) AS f ON true
WHERE NOT EXISTS (
    SELECT FROM bill_line AS l
    WHERE l.team = t.id AND l.kind = 'start_fee' AND l.is_active
)
ORDER BY c.name, c.id, cl.name NULLS FIRST, cl.id, t.registered_at, t.id;

-- lock_teams --
-- Keep teams of a competition as they are, until what is done with them is done.
SELECT id FROM team
WHERE competition = $2
  AND (registered_by = $1
       OR club IN (SELECT club FROM club_officer WHERE portal_user = $1))
ORDER BY id FOR UPDATE;

-- add_bill --
-- Write a bill; no row if its number is taken.
INSERT INTO bill (reference, event, competition, club, portal_user, currency,
                  total_minor, payer_name, street, house_number, postal_code, town,
                  country, email, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT DO NOTHING
RETURNING reference;

-- add_bill_lines --
-- Write a bill's lines; as many rows as could be written.
INSERT INTO bill_line (bill, position, kind, label, amount_minor, team, wallet)
SELECT $1, position, kind::bill_line_kind, label, amount_minor, team, wallet
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::bigint[])
    WITH ORDINALITY AS given (kind, label, amount_minor, team, wallet, position)
ON CONFLICT DO NOTHING
RETURNING position;

-- lock_bill --
-- Keep a bill for oneself until what is done with it is done.
SELECT reference FROM bill WHERE reference = $1 FOR UPDATE;

-- hold_bill --
-- Keep a bill for an order's till for a while; no row if another order has it.
INSERT INTO bill_hold (bill, order_id, till, until) VALUES ($1, $2, $3, now() + $4)
ON CONFLICT (bill) DO UPDATE
    SET order_id = excluded.order_id, till = excluded.till, until = excluded.until
    WHERE bill_hold.order_id = excluded.order_id OR bill_hold.until <= now()
RETURNING bill;

-- release_bill --
-- Let a bill go that was kept for an order.
DELETE FROM bill_hold WHERE bill = $1 AND order_id = $2;

-- bill --
-- Read a bill with what it belongs to, its lines, the attempts to pay it, and the money
-- that moved, all in one go; the rows of each as hub.store.bills names their columns.
SELECT b.reference, b.event, b.competition, b.club, b.portal_user, b.currency,
       b.payer_name, b.street, b.house_number, b.postal_code, b.town, b.country,
       b.email, b.created_at, b.canceled_at, b.locked_to,
       (SELECT till FROM bill_hold WHERE bill = b.reference AND until > now()) AS held_by,
       coalesce(c.slug, e.slug) AS slug, coalesce(c.name, e.name) AS title,
       coalesce(r.passed_minor, 0) AS passed_minor,
       ARRAY(SELECT ROW(kind::text, label, amount_minor, team, wallet)
             FROM bill_line WHERE bill = b.reference ORDER BY position) AS lines,
       ARRAY(SELECT ROW(number, method, principal_minor, surcharge_minor, state::text,
                        provider_ref)
             FROM payment_attempt WHERE bill = b.reference ORDER BY number)
           AS attempts,
       ARRAY(SELECT ROW(id, kind::text, method, money_ref, attempt, principal_minor,
                        surcharge_minor, fee_minor, value_on, heard_at, order_id, till,
                        EXISTS (SELECT FROM bill_entry AS f
                                WHERE f.bill = b.reference AND f.payment = p.id
                                  AND f.step = 'fee'))
             FROM payment AS p WHERE bill = b.reference ORDER BY id) AS payments
FROM bill AS b
JOIN event AS e ON e.number = b.event
LEFT JOIN competition AS c ON c.id = b.competition
LEFT JOIN LATERAL (
    SELECT passed_minor FROM bill_entry
    WHERE bill = b.reference AND passed_minor IS NOT NULL
    ORDER BY number DESC LIMIT 1
) AS r ON true
WHERE b.reference = $1;

-- is_officer_of --
-- Say whether somebody may see and pay a club's bills.
SELECT EXISTS (SELECT FROM club_officer WHERE club = $1 AND portal_user = $2);

-- bills_of_user --
-- List the bills somebody may see, newest first, with the sums of what moved.
SELECT b.reference, coalesce(c.name, e.name) AS title, b.currency, b.total_minor,
       b.created_at, b.canceled_at, b.locked_to, cl.name AS club_name, l.labels,
       m.paid_minor, m.refunded_minor, m.charged_back_minor
FROM (
    SELECT reference FROM bill WHERE portal_user = $1 AND club IS NULL
    UNION ALL
    SELECT b.reference FROM club_officer AS o JOIN bill AS b ON b.club = o.club
    WHERE o.portal_user = $1
) AS own
JOIN bill AS b ON b.reference = own.reference
JOIN event AS e ON e.number = b.event
LEFT JOIN competition AS c ON c.id = b.competition
LEFT JOIN club AS cl ON cl.id = b.club
LEFT JOIN LATERAL (
    SELECT array_agg(label ORDER BY position) AS labels FROM bill_line
    WHERE bill = b.reference AND kind <> 'additional_fee'
) AS l ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(principal_minor) FILTER (WHERE kind = 'payment'), 0)::bigint
               AS paid_minor,
           coalesce(sum(principal_minor) FILTER (WHERE kind = 'refund'), 0)::bigint
               AS refunded_minor,
           coalesce(sum(principal_minor) FILTER (WHERE kind = 'chargeback'), 0)::bigint
               AS charged_back_minor
    FROM payment WHERE bill = b.reference
) AS m
ORDER BY b.created_at DESC, b.reference;

-- bills_of_wallet --
-- List the top-up bills of a wristband and of those it took the place of, newest first,
-- with the sums of what moved.
SELECT b.reference, e.name AS title, b.currency, b.total_minor, b.created_at,
       b.canceled_at, b.locked_to, NULL::text AS club_name, l.labels,
       m.paid_minor, m.refunded_minor, m.charged_back_minor
FROM (
    SELECT DISTINCT l.bill FROM wristband AS mine
    JOIN wristband AS each_one
      ON each_one.event = mine.event AND each_one.wallet = mine.wallet
    JOIN bill_line AS l ON l.wallet = each_one.serial
    WHERE mine.event = $1 AND mine.serial = $2
) AS own
JOIN bill AS b ON b.reference = own.bill AND b.event = $1
JOIN event AS e ON e.number = b.event
LEFT JOIN LATERAL (
    SELECT array_agg(label ORDER BY position) AS labels FROM bill_line
    WHERE bill = b.reference
) AS l ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(principal_minor) FILTER (WHERE kind = 'payment'), 0)::bigint
               AS paid_minor,
           coalesce(sum(principal_minor) FILTER (WHERE kind = 'refund'), 0)::bigint
               AS refunded_minor,
           coalesce(sum(principal_minor) FILTER (WHERE kind = 'chargeback'), 0)::bigint
               AS charged_back_minor
    FROM payment WHERE bill = b.reference
) AS m
ORDER BY b.created_at DESC, b.reference;

-- serials_of_wallet --
-- List the wristbands whose top-ups a wristband may see: its own, and, unless it was
-- replaced itself, those of all that open or opened its wallet.
SELECT each_one.serial FROM wristband AS mine
JOIN wristband AS each_one
  ON each_one.event = mine.event AND each_one.wallet = mine.wallet
WHERE mine.event = $1 AND mine.serial = $2
  AND (each_one.serial = mine.serial OR mine.successor IS NULL);

-- cancel_bill --
-- Take a bill back, and let go the teams on it.
WITH canceled AS (
    UPDATE bill SET canceled_at = $2 WHERE reference = $1 AND canceled_at IS NULL
    RETURNING reference
)
UPDATE bill_line SET is_active = false FROM canceled WHERE bill = canceled.reference;

-- lock_bill_to --
-- Let a bill be paid by one method only.
UPDATE bill SET locked_to = $2, locked_at = now()
WHERE reference = $1 AND locked_to IS NULL;

-- unlock_bill --
-- Let a bill be paid by any method again.
UPDATE bill SET locked_to = NULL, locked_at = NULL WHERE reference = $1;

-- bill_methods --
-- List the ways to pay that a competition offers.
SELECT method, fixed_minor, rate_bp, most_minor, payer_bears, instructions
FROM competition_method WHERE competition = $1;

-- top_up_methods --
-- List the ways to top up online that an event offers. A slip goes to a postal address,
-- and guests give none.
SELECT method, fixed_minor, rate_bp, most_minor, payer_bears, '' AS instructions
FROM top_up_method WHERE event = $1 AND method <> 'slip';

-- put_top_up_method --
-- Offer a way to top up online, or change what it costs.
INSERT INTO top_up_method (event, method, fixed_minor, rate_bp, most_minor, payer_bears)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (event, method) DO UPDATE
SET fixed_minor = excluded.fixed_minor, rate_bp = excluded.rate_bp,
    most_minor = excluded.most_minor, payer_bears = excluded.payer_bears;

-- top_up_target --
-- Read what a top-up needs to know of a wristband and its event.
SELECT e.slug, e.name AS title, e.currency, b.blocked, b.successor
FROM wristband AS b JOIN event AS e ON e.number = b.event
WHERE b.event = $1 AND b.serial = $2;

-- add_attempt --
-- Write an attempt down, before anybody leaves for the provider.
INSERT INTO payment_attempt (bill, number, method, principal_minor, surcharge_minor)
VALUES ($1, $2, $3, $4, $5);

-- change_attempt --
-- Note how far an attempt has come.
UPDATE payment_attempt
SET state = $3::payment_attempt_state, provider_ref = $4, changed_at = now(),
    ask_at = CASE WHEN $3 = 'paid' THEN now() + interval '1 hour' END
WHERE bill = $1 AND number = $2;

-- attempt_by_provider --
-- Find an attempt by the provider's name of it.
SELECT bill, number FROM payment_attempt WHERE method = $1 AND provider_ref = $2
ORDER BY begun_at DESC LIMIT 1;

-- payment_by_ref --
-- Find money by the name that its method gives it.
SELECT id, bill FROM payment WHERE event = $1 AND method = $2 AND money_ref = $3;

-- add_payment --
-- Write money down that moved; no row if it is known.
INSERT INTO payment (event, bill, kind, method, money_ref, attempt, principal_minor,
                     surcharge_minor, fee_minor, value_on, order_id, till)
VALUES ($1, $2, $3::payment_kind, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT DO NOTHING
RETURNING id;

-- add_bill_entries --
-- Have steps of bills booked, in this order; the ledger's writer hears of it.
WITH ordered AS (
    INSERT INTO bill_entry (order_id, event, bill, payment, step, body, passed_minor)
    SELECT order_id, $1, bill, payment, step::bill_step, body, passed
    FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::bytea[],
                $7::bigint[])
        WITH ORDINALITY AS given (order_id, bill, payment, step, body, passed, place)
    ORDER BY place
    RETURNING number
)
SELECT pg_notify('kassenband_bills', $1::text) FROM ordered LIMIT 1;

-- waiting_bill_entries --
-- List what bills have the ledger book and what was not yet seen to be booked; but for
-- what it refused, once somebody has seen to that: it would refuse it again.
SELECT number, order_id, bill, body FROM bill_entry AS e
WHERE event = $1 AND number > $2 AND batch IS NULL
  AND NOT EXISTS (
      SELECT FROM seen_to WHERE event = e.event AND order_id = e.order_id
  )
ORDER BY number LIMIT $3;

-- mark_bill_entries --
-- Note in which batches the ledger has steps of bills: what was handed in again is
-- answered in a later one.
UPDATE bill_entry AS e SET batch = a.batch
FROM unnest($2::uuid[]) AS booked (order_id)
JOIN attempt AS a ON a.event = $1 AND a.order_id = booked.order_id
    AND a.attempt = 1 AND a.reason IS NULL
WHERE e.order_id = booked.order_id AND e.batch IS NULL;

-- add_payment_report --
-- Keep a provider's word, unless the same was kept and nothing came of it.
INSERT INTO payment_report (event, bill, attempt, method, said, provider_ref, money_ref,
                            amount_minor, currency, status, alarms, payment)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
WHERE $13 OR NOT EXISTS (
    SELECT FROM payment_report
    WHERE bill = $2 AND attempt IS NOT DISTINCT FROM $3 AND said = $5
      AND money_ref = $7 AND status = $10 AND alarms = $11
)
RETURNING id;

-- payment_alarms --
-- List what providers said that somebody has to look at, newest first, until somebody
-- has.
SELECT id, bill, attempt, method, said, status, alarms, heard_at
FROM payment_report AS r
WHERE event = $1 AND alarms <> '{}'
  AND NOT EXISTS (SELECT FROM payment_alarm_closed WHERE report = r.id)
ORDER BY id DESC LIMIT $2;

-- close_payment_alarm --
-- Note that somebody has looked at what a provider said; no row if there is no such
-- alarm, or somebody has.
INSERT INTO payment_alarm_closed (report, closed_by, note)
SELECT id, $3, $4 FROM payment_report WHERE event = $1 AND id = $2 AND alarms <> '{}'
ON CONFLICT DO NOTHING
RETURNING report;

-- add_payment_claim --
-- Keep what somebody says a provider did, until another person has decided.
INSERT INTO payment_claim (id, event, bill, attempt, said, amount_minor, money_ref,
                           reason, claimed_by, claimed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- lock_payment_claim --
-- Keep a claim for oneself until what is done with it is done.
SELECT pg_advisory_xact_lock(hashtext('payment_claim'), hashtext($1::uuid::text));

-- payment_claims --
-- List claims that nobody has decided about, oldest first; or one of them.
SELECT c.id, c.bill, c.attempt, a.method, c.said, c.amount_minor, b.currency,
       c.money_ref, c.reason, c.claimed_by, c.claimed_at
FROM payment_claim AS c
JOIN payment_attempt AS a ON a.bill = c.bill AND a.number = c.attempt
JOIN bill AS b ON b.reference = c.bill
WHERE c.event = $1 AND ($2::uuid IS NULL OR c.id = $2)
  AND NOT EXISTS (SELECT FROM payment_claim_decision WHERE claim = c.id)
ORDER BY c.claimed_at, c.id;

-- decide_payment_claim --
-- Keep what somebody decides about a claim.
INSERT INTO payment_claim_decision (claim, claimed_by, confirmed, decided_by, decided_at)
VALUES ($1, $2, $3, $4, $5);

-- bill_creditor --
-- Read the account that a competition's bills are paid into.
SELECT creditor::text FROM competition WHERE id = $1;

-- bills_of_event --
-- List an event's bills for the office, newest first: those before a bill, of a kind,
-- with something in their number or their payer's name.
WITH chosen AS MATERIALIZED (
    SELECT b.*, m.paid_minor, m.refunded_minor, m.charged_back_minor
    FROM bill AS b
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(principal_minor) FILTER (WHERE kind = 'payment'), 0)::bigint
                   AS paid_minor,
               coalesce(sum(principal_minor) FILTER (WHERE kind = 'refund'), 0)::bigint
                   AS refunded_minor,
               coalesce(sum(principal_minor) FILTER (WHERE kind = 'chargeback'),
                        0)::bigint AS charged_back_minor
        FROM payment WHERE bill = b.reference
    ) AS m
    CROSS JOIN LATERAL (
        SELECT m.paid_minor - m.refunded_minor - m.charged_back_minor
               - CASE WHEN b.canceled_at IS NULL THEN b.total_minor ELSE 0 END AS minor
    ) AS over
    WHERE b.event = $1
      AND ($2 = 'all' OR $2 = 'open' AND over.minor < 0
           OR $2 = 'over' AND over.minor > 0)
      AND ($3 = '' OR strpos(b.reference, $3) > 0
           OR strpos(lower(b.payer_name), lower($3)) > 0)
      AND ($4::timestamptz IS NULL OR (b.created_at, b.reference) < ($4, $5))
    ORDER BY b.created_at DESC, b.reference DESC LIMIT $6
)
SELECT b.reference, coalesce(c.name, e.name) AS title, b.currency, b.total_minor,
       b.created_at, b.canceled_at, b.locked_to, cl.name AS club_name, l.labels,
       b.paid_minor, b.refunded_minor, b.charged_back_minor, b.payer_name
FROM chosen AS b
JOIN event AS e ON e.number = b.event
LEFT JOIN competition AS c ON c.id = b.competition
LEFT JOIN club AS cl ON cl.id = b.club
LEFT JOIN LATERAL (
    SELECT array_agg(label ORDER BY position) AS labels FROM bill_line
    WHERE bill = b.reference AND kind <> 'additional_fee'
) AS l ON true
ORDER BY b.created_at DESC, b.reference DESC;
