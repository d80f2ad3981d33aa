-- Named queries about accounts of the portal, clubs, competitions, teams and mail.

-- user_by_email --
-- Find an account by its address, in whatever case it is written.
SELECT id, email, password_hash, verified_at, language, name, street, house_number,
       postal_code, town, country
FROM portal_user WHERE lower(email) = lower($1);

-- user_by_session --
-- Find who is logged in with a token.
SELECT u.id, u.email, u.language, u.name, u.street, u.house_number, u.postal_code,
       u.town, u.country,
       (SELECT jsonb_agg(jsonb_build_object('id', c.id, 'slug', c.slug, 'name', c.name)
                         ORDER BY c.name, c.id)
        FROM club_officer AS o JOIN club AS c ON c.id = o.club
        WHERE o.portal_user = u.id)::text AS clubs
FROM portal_session AS s JOIN portal_user AS u ON u.id = s.portal_user
WHERE s.token_hash = $1 AND s.expires_at > now();

-- user_by_code --
-- Find whose address a code proves, without using it up.
SELECT u.id, u.email, u.name, u.language
FROM portal_code AS c JOIN portal_user AS u ON u.id = c.portal_user
WHERE c.code_hash = $1 AND c.purpose = $2 AND c.used_at IS NULL AND c.expires_at > now();

-- password_of --
-- Read the hash of an account's password.
SELECT password_hash FROM portal_user WHERE id = $1;

-- add_user --
-- Make an account without a password; its number, or none if the address has one.
INSERT INTO portal_user (email, name, language) VALUES ($1, $2, $3)
ON CONFLICT (lower(email)) DO NOTHING
RETURNING id;

-- add_code --
-- Keep the hash of a code; older ones of the same purpose are good for nothing now.
WITH older AS (
    UPDATE portal_code SET used_at = now()
    WHERE portal_user = $2 AND purpose = $3 AND used_at IS NULL
)
INSERT INTO portal_code (code_hash, portal_user, purpose, expires_at)
VALUES ($1, $2, $3, now() + $4::interval);

-- use_code --
-- Use a code up: set the password, believe the address, log everybody out.
WITH used AS (
    UPDATE portal_code SET used_at = now()
    WHERE code_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()
    RETURNING portal_user
), others AS (
    UPDATE portal_code SET used_at = now()
    WHERE portal_user IN (SELECT portal_user FROM used) AND used_at IS NULL
      AND code_hash <> $1
), out AS (
    DELETE FROM portal_session WHERE portal_user IN (SELECT portal_user FROM used)
)
UPDATE portal_user
SET password_hash = $3, verified_at = coalesce(verified_at, now()),
    name = CASE WHEN $4 = '' THEN name ELSE $4 END
WHERE id IN (SELECT portal_user FROM used)
RETURNING id;

-- begin_session --
-- Log somebody in with a new token.
INSERT INTO portal_session (token_hash, portal_user, expires_at)
VALUES ($1, $2, now() + $3::interval);

-- end_session --
-- Log a token out.
DELETE FROM portal_session WHERE token_hash = $1;

-- change_password --
-- Set a password and log everybody out who came with the old one.
WITH out AS (DELETE FROM portal_session WHERE portal_user = $1)
UPDATE portal_user SET password_hash = $2 WHERE id = $1;

-- change_address --
-- Write a user's postal address; bills that were made keep theirs.
UPDATE portal_user
SET name = $2, street = $3, house_number = $4, postal_code = $5, town = $6, country = $7
WHERE id = $1;

-- sweep_portal --
-- Remove sessions and codes that are over, and accounts that nobody ever proved.
WITH sessions AS (
    DELETE FROM portal_session WHERE expires_at < now()
), codes AS (
    DELETE FROM portal_code WHERE expires_at < now() - interval '7 days'
)
DELETE FROM portal_user AS u
WHERE u.verified_at IS NULL AND u.created_at < now() - interval '7 days'
  AND NOT EXISTS (SELECT FROM team AS t WHERE t.registered_by = u.id)
  AND NOT EXISTS (SELECT FROM club_officer AS o WHERE o.portal_user = u.id);

-- put_club --
-- Make a club, or change its name.
INSERT INTO club (slug, name) VALUES ($1, $2)
ON CONFLICT (slug) DO UPDATE SET name = excluded.name
RETURNING id;

-- clubs --
-- List all clubs by name.
SELECT id, slug, name FROM club ORDER BY name, id;

-- add_officer --
-- Let somebody bill what is registered on a club's account.
INSERT INTO club_officer (club, portal_user)
SELECT c.id, u.id FROM club AS c, portal_user AS u
WHERE c.slug = $1 AND lower(u.email) = lower($2)
ON CONFLICT (club, portal_user) DO UPDATE SET club = excluded.club
RETURNING club;

-- remove_officer --
-- Let somebody bill nothing more for a club.
DELETE FROM club_officer
WHERE club = (SELECT id FROM club WHERE slug = $1)
  AND portal_user = (SELECT id FROM portal_user WHERE lower(email) = lower($2));

-- club_teams --
-- List what is registered on a club's account, unless it was withdrawn.
SELECT t.id, t.name, t.category, t.members, t.start_fee_minor, t.registered_at,
       t.external_id, t.paid_by_club, t.club, c.slug, c.name AS competition, e.currency,
       u.name AS registrant, u.email AS registrant_email,
       coalesce(f.minor, 0)::bigint AS fees_minor, l.bill, k.name AS club_name
FROM team AS t
JOIN competition AS c ON c.id = t.competition
JOIN event AS e ON e.number = c.event
JOIN club AS k ON k.id = t.club
LEFT JOIN bill_line AS l ON l.team = t.id AND l.kind = 'start_fee' AND l.is_active
JOIN portal_user AS u ON u.id = t.registered_by
LEFT JOIN LATERAL (
    SELECT sum(amount_minor) AS minor FROM team_fee WHERE team = t.id
) AS f ON true
WHERE c.event = $1 AND t.club = $2 AND t.paid_by_club AND t.withdrawn_at IS NULL
ORDER BY c.opens_at DESC, c.id, t.category, t.name, t.id;

-- lock_team --
-- Keep a team as it is until the unit of work ends.
SELECT t.id, t.name, t.category, t.registered_by, t.club, t.paid_by_club, c.slug,
       c.event
FROM team AS t JOIN competition AS c ON c.id = t.competition
WHERE t.id = $1 AND t.withdrawn_at IS NULL
FOR UPDATE OF t;

-- team_is_billed --
-- Say whether a team is on a bill that was not canceled; to be asked with its lock.
SELECT EXISTS (SELECT FROM bill_line WHERE team = $1 AND is_active);

-- is_officer --
-- Say whether somebody is payment officer of a club.
SELECT EXISTS (SELECT FROM club_officer WHERE club = $1 AND portal_user = $2);

-- refuse_club_team --
-- Say that a club does not pay for a team: who registered it does.
UPDATE team SET paid_by_club = false WHERE id = $1;

-- withdraw_team --
-- Take a team out of its competition.
UPDATE team SET withdrawn_at = now() WHERE id = $1;

-- change_team --
-- Write what may change of a team.
UPDATE team SET name = $2, members = $3, club = $4, paid_by_club = $5 WHERE id = $1;

-- change_category --
-- Move a team to another category, with what that costs now.
WITH gone AS (
    UPDATE team SET category = $2, start_fee_minor = $3 WHERE id = $1 RETURNING id
)
DELETE FROM team_fee WHERE team = $1;

-- add_team_fees --
-- Write what a team pays beside its start fee.
INSERT INTO team_fee (team, position, label, amount_minor)
SELECT $1, f.position, f.label, f.amount_minor
FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS f (label, amount_minor, position);

-- put_competition --
-- Make a competition, or change all that is said of one but its slug.
INSERT INTO competition (
    event, slug, name, organizer, creditor, payee, reference_prefix, zone, opens_at,
    is_public
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (slug) DO UPDATE
SET name = excluded.name, organizer = excluded.organizer, creditor = excluded.creditor,
    payee = excluded.payee, reference_prefix = excluded.reference_prefix,
    zone = excluded.zone, opens_at = excluded.opens_at, is_public = excluded.is_public
WHERE competition.event = excluded.event
RETURNING id;

-- put_category --
-- Make a category, or move it within the list.
INSERT INTO category (competition, name, position) VALUES ($1, $2, $3)
ON CONFLICT (competition, name) DO UPDATE SET position = excluded.position;

-- put_start_fee --
-- Say what a start costs until a deadline; teams that are registered keep theirs.
INSERT INTO start_fee (competition, category, deadline, amount_minor)
VALUES ($1, $2, $3, $4)
ON CONFLICT (competition, category, deadline) DO UPDATE
SET amount_minor = excluded.amount_minor;

-- put_additional_fee --
-- Say what teams pay beside the start fee; teams that are registered keep theirs.
INSERT INTO additional_fee (competition, name, category, amount_minor)
VALUES ($1, $2, $3, $4)
ON CONFLICT (competition, name, category) DO UPDATE
SET amount_minor = excluded.amount_minor;

-- put_competition_method --
-- Offer a way to pay, or change what it costs whom.
INSERT INTO competition_method (
    competition, method, fixed_minor, rate_bp, most_minor, payer_bears, instructions
)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (competition, method) DO UPDATE
SET fixed_minor = excluded.fixed_minor, rate_bp = excluded.rate_bp,
    most_minor = excluded.most_minor, payer_bears = excluded.payer_bears,
    instructions = excluded.instructions;

-- competitions --
-- List an event's competitions, with categories and fees.
SELECT c.id, c.slug, c.name, c.organizer, c.creditor, c.payee, c.reference_prefix,
       c.zone, c.opens_at, c.is_public, e.currency,
       ARRAY(SELECT k.name FROM category AS k WHERE k.competition = c.id
             ORDER BY k.position, k.name) AS categories,
       (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'competition' ORDER BY s.deadline), '[]')
        FROM start_fee AS s WHERE s.competition = c.id)::text AS start_fees,
       (SELECT coalesce(jsonb_agg(to_jsonb(a) - 'competition' ORDER BY a.name), '[]')
        FROM additional_fee AS a WHERE a.competition = c.id)::text AS additional_fees
FROM competition AS c JOIN event AS e ON e.number = c.event
WHERE c.event = $1 AND ($2::text IS NULL OR c.slug = $2)
ORDER BY c.opens_at DESC, c.id;

-- add_team --
-- Register a team. What a site says again is left as it is.
INSERT INTO team (
    id, competition, category, name, members, registered_by, club, paid_by_club,
    start_fee_minor, registered_at, external_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (competition, external_id) DO NOTHING
RETURNING id;

-- team_by_external_id --
-- Find what a registration site has registered before.
SELECT t.id, t.category, t.name, t.members, t.withdrawn_at, t.paid_by_club,
       k.slug AS club_slug, u.email
FROM team AS t
JOIN portal_user AS u ON u.id = t.registered_by
LEFT JOIN club AS k ON k.id = t.club
WHERE t.competition = $1 AND t.external_id = $2;

-- count_teams_of --
-- Count the teams that somebody has registered for a competition.
SELECT count(*) FROM team
WHERE competition = $1 AND registered_by = $2 AND withdrawn_at IS NULL;

-- teams_of --
-- List the teams that somebody has registered, newest competition first.
SELECT t.id, t.name, t.category, t.members, t.start_fee_minor, t.registered_at,
       t.external_id, t.paid_by_club, t.club, c.slug, c.name AS competition, e.currency,
       k.name AS club_name, coalesce(f.minor, 0)::bigint AS fees_minor,
       l.bill
FROM team AS t
JOIN competition AS c ON c.id = t.competition
JOIN event AS e ON e.number = c.event
LEFT JOIN club AS k ON k.id = t.club
LEFT JOIN LATERAL (
    SELECT sum(amount_minor) AS minor FROM team_fee WHERE team = t.id
) AS f ON true
LEFT JOIN bill_line AS l ON l.team = t.id AND l.kind = 'start_fee' AND l.is_active
WHERE c.event = $1 AND t.registered_by = $2 AND t.withdrawn_at IS NULL
  AND ($3::uuid IS NULL OR t.id = $3)
ORDER BY c.opens_at DESC, c.id, t.registered_at, t.id;

-- add_registration_site --
-- Let a site register teams for a competition.
INSERT INTO registration_site (token_hash, competition, name) VALUES ($1, $2, $3);

-- revoke_registration_site --
-- Let a site register no more.
UPDATE registration_site SET revoked_at = now()
WHERE competition = $1 AND name = $2 AND revoked_at IS NULL;

-- registration_site --
-- Find who comes with a token, and for which competition of an event.
SELECT s.name, c.slug
FROM registration_site AS s JOIN competition AS c ON c.id = s.competition
WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND c.event = $2;

-- queue_mail --
-- Put a mail into the outbox, once per occasion, and wake who sends.
WITH queued AS (
    INSERT INTO mail_outbox (
        message_id, occasion, recipient, language, subject, body, holds_secret,
        useless_at
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval)
    ON CONFLICT (occasion) DO NOTHING
    RETURNING id
)
SELECT id, pg_notify('kassenband_mail', '') IS NOT NULL AS woken FROM queued;

-- claim_mail --
-- Take the next mails that are due; until a pause has passed nobody else takes them.
UPDATE mail_outbox SET attempts = attempts + 1, due_at = now() + $2::interval
WHERE id IN (
    SELECT id FROM mail_outbox
    WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= now()
    ORDER BY due_at, id LIMIT $1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, message_id, recipient, language, subject, body, attempts, created_at,
          useless_at < now() AS is_useless;

-- mail_sent --
-- Note that the server took a mail; keys to accounts are not kept.
UPDATE mail_outbox
SET sent_at = now(), problem = '',
    body = CASE WHEN holds_secret THEN '' ELSE body END
WHERE id = $1;

-- mail_put_off --
-- Note why a mail could not be sent, and when to try again.
UPDATE mail_outbox SET problem = $2, due_at = now() + $3::interval WHERE id = $1;

-- mail_given_up --
-- Note why a mail will never be sent.
UPDATE mail_outbox
SET problem = $2, given_up_at = now(),
    body = CASE WHEN holds_secret THEN '' ELSE body END
WHERE id = $1;

-- next_mail_due --
-- Say in how many seconds the next mail is due; none waits: nothing.
SELECT greatest(0, ceil(extract(epoch FROM min(due_at) - now())))::integer
FROM mail_outbox WHERE sent_at IS NULL AND given_up_at IS NULL;

-- bills_to_remind --
-- List bills made before a moment that are not paid, and not reminded of often enough;
-- with whom to remind: the payer, of a club's bill an officer of now.
SELECT b.reference, c.name AS competition, c.zone, u.language,
       CASE WHEN b.club IS NULL THEN b.payer_name ELSE u.name END AS name,
       CASE WHEN b.club IS NULL THEN b.email ELSE u.email END AS email
FROM bill AS b
JOIN competition AS c ON c.id = b.competition
LEFT JOIN LATERAL (
    SELECT p.email, p.name, p.language
    FROM (
        SELECT b.portal_user WHERE b.club IS NULL
        UNION ALL
        SELECT portal_user FROM club_officer WHERE club = b.club
    ) AS who
    JOIN portal_user AS p ON p.id = who.portal_user
    ORDER BY (p.id = b.portal_user) DESC, p.id LIMIT 1
) AS u ON true
WHERE b.event = $1 AND b.canceled_at IS NULL AND b.created_at <= $2
  AND CASE WHEN b.club IS NULL THEN b.email ELSE u.email END <> ''
  AND b.total_minor > (
      SELECT coalesce(sum(CASE WHEN p.kind = 'payment' THEN p.principal_minor
                               ELSE -p.principal_minor END), 0)
      FROM payment AS p WHERE p.bill = b.reference
  )
  AND NOT EXISTS (
      SELECT FROM mail_outbox WHERE occasion = 'reminder-' || b.reference || '-' || $3::int
  )
ORDER BY b.reference;

-- reminders_sent --
-- Say when reminders of a bill were written.
SELECT created_at FROM mail_outbox
WHERE occasion = ANY (ARRAY(
    SELECT 'reminder-' || $1::text || '-' || level FROM generate_series(1, $2::int) AS level
))
ORDER BY created_at;
