-- Bills by the thousand, as the portal would have made them: `-- name --`, what it
-- fills, the statement.

-- fill_competition --
-- A competition with every way to pay.
WITH made AS (
    INSERT INTO competition (event, slug, name, organizer)
    VALUES ($1, 'bench-run', 'Bench Run', 'Bench')
    RETURNING id
), sorted AS (
    INSERT INTO category (competition, name) SELECT id, 'A' FROM made
)
INSERT INTO competition_method (competition, method)
SELECT id, method FROM made, unnest($2::text[]) AS method
RETURNING competition;

-- fill_users --
-- People with an address, one per bill.
INSERT INTO portal_user (email, verified_at, name, street, postal_code, town, country)
SELECT 'bench-' || n || '@example.org', now(), 'Somebody ' || n, 'Road', '8400',
       'Winterthur', 'CH'
FROM generate_series(1, $1::integer) AS n
RETURNING id;

-- fill_teams --
-- Three teams each.
INSERT INTO team (id, competition, category, name, registered_by, start_fee_minor)
SELECT gen_random_uuid(), $1, 'A', 'Team ' || n, u, 4500
FROM unnest($2::bigint[]) AS u, generate_series(1, 3) AS n;

-- fill_bills --
-- A bill for each of them.
INSERT INTO bill (reference, event, competition, portal_user, currency, total_minor,
                  payer_name, street, house_number, postal_code, town, country, email)
SELECT reference, $1, $2, u, 'EUR', 13500, 'Somebody', 'Road', '1', '8400',
       'Winterthur', 'CH', ''
FROM unnest($3::bigint[], $4::text[]) AS given (u, reference);

-- fill_lines --
-- With their teams on it.
INSERT INTO bill_line (bill, position, kind, label, amount_minor, team)
SELECT b.reference, row_number() OVER (PARTITION BY b.reference ORDER BY t.id),
       'start_fee', t.name, t.start_fee_minor, t.id
FROM bill AS b JOIN team AS t ON t.registered_by = b.portal_user;

-- fill_payments --
-- Every other one half paid.
INSERT INTO payment (event, bill, kind, method, money_ref, principal_minor, order_id)
SELECT event, reference, 'payment', 'ebanking', 'bench-' || reference, 6000,
       gen_random_uuid()
FROM bill WHERE right(reference, 1) IN ('0', '2', '4', '6', '8');
