-- Named queries about staff, guests, cash registers and closings.

-- staff_key --
-- Read the key of the staff list's hashes.
SELECT staff_key FROM event WHERE number = $1;

-- staff_roles --
-- List an event's roles.
SELECT name, rights, needs_register FROM staff_role WHERE event = $1 ORDER BY name;

-- staff --
-- List everybody who works at an event.
SELECT id, name, uid_hash, pin_hash, roles, blocked FROM staff
WHERE event = $1 ORDER BY id;

-- put_role --
-- Make a role, or change what it allows.
WITH changed AS (
    INSERT INTO staff_role (event, name, rights, needs_register)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (event, name) DO UPDATE
    SET rights = excluded.rights, needs_register = excluded.needs_register
    RETURNING name
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- put_member --
-- Add a member of staff, or change all that is known of one.
WITH changed AS (
    INSERT INTO staff (event, id, name, uid_hash, pin_hash, roles)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (event, id) DO UPDATE
    SET name = excluded.name, uid_hash = excluded.uid_hash,
        pin_hash = excluded.pin_hash, roles = excluded.roles
    RETURNING id
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- block_member --
-- Let somebody log in no more, or again.
WITH changed AS (
    UPDATE staff SET blocked = $3 WHERE event = $1 AND id = $2 RETURNING id
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- note_login --
-- Remember a log-in.
INSERT INTO login (event, till, staff, role, supervised) VALUES ($1, $2, $3, $4, $5);

-- note_logout --
-- Remember a log-out at its till's time: after what came before it, and not to come.
INSERT INTO login (event, till, staff, said_at)
SELECT $1, $2, $3, LEAST(now(), GREATEST($4, max(said_at)))
FROM login WHERE event = $1 AND till = $2;

-- logins --
-- Read the latest word and the latest log-in of each till.
SELECT DISTINCT ON (till, role IS NULL) till, staff, role, supervised, number
FROM login WHERE event = $1
ORDER BY till, role IS NULL, number DESC;

-- was_logged_in --
-- Say whether one of some people worked at a till at a time.
SELECT EXISTS (
    SELECT FROM (
        SELECT DISTINCT ON (till) staff, role FROM login
        WHERE event = $1 AND said_at <= $3
        ORDER BY till, number DESC
    ) AS latest
    WHERE role IS NOT NULL AND staff = ANY($2::text[])
);

-- register_holders --
-- Read whose each cash register is, and since which Z number of which till.
SELECT last.register, last.holder, last.z_number,
    coalesce(
        (SELECT o.till FROM outcome AS o
         WHERE o.event = $1 AND o.order_id = last.order_id),
        (SELECT min(a.till) FROM attempt AS a
         WHERE a.event = $1 AND a.order_id = last.order_id)
    ) AS till
FROM (
    SELECT DISTINCT ON (register) register, holder, z_number, order_id
    FROM shift_change WHERE event = $1
    ORDER BY register, entry DESC
) AS last
ORDER BY last.register;

-- register_holder --
-- Read whose a cash register is; nobody's where it never changed hands.
SELECT holder FROM shift_change WHERE event = $1 AND register = $2
ORDER BY entry DESC LIMIT 1;

-- held_cash --
-- List what cash registers, bags and vaults hold.
SELECT a.role::text AS role, a.key, -h.balance_minor AS held_minor
FROM holding AS h JOIN account AS a ON a.id = h.id
WHERE h.event = $1 ORDER BY a.role, a.key;

-- money_overview --
-- Add all postings up by what their accounts are for.
SELECT a.role::text AS role, p.unit::text AS unit, sum(p.amount_minor)::bigint AS minor
FROM posting AS p JOIN account AS a ON a.id = p.account
WHERE p.event = $1
GROUP BY a.role, p.unit ORDER BY a.role, p.unit;

-- note_wristband --
-- Keep what somebody wrote, under the key that an order names; repeated: the first.
INSERT INTO wristband_note (event, key, till, body) VALUES ($1, $2, $3, $4)
ON CONFLICT (event, key) DO NOTHING;

-- wristband_info --
-- Read how a wristband and its wallet stand.
SELECT b.serial, b.wallet, b.variant, b.restriction, b.blocked, w.balance_minor,
       w.vouchers, n.body AS comment,
       CASE WHEN b.successor IS NOT NULL THEN (
           SELECT s.serial FROM wristband AS s
           WHERE s.event = b.event AND s.wallet = b.wallet AND s.successor IS NULL
           LIMIT 1
       ) END AS successor
FROM wristband AS b
JOIN wallet AS w ON w.event = b.event AND w.id = b.wallet
LEFT JOIN wristband_note AS n ON n.event = b.event AND n.key = b.note
WHERE b.event = $1 AND b.serial = $2;

-- wallet_orders --
-- List the orders that moved a wallet and were not reversed, newest first.
SELECT m.order_id, b.booked_at, a.body, a.till, o.advice,
       coalesce(p.minor, 0)::bigint AS minor, coalesce(p.vouchers, 0)::bigint AS vouchers,
       EXISTS (
           SELECT FROM entry AS c
           WHERE c.event = $1 AND c.cancels = m.order_id AND c.reverses IS NULL
             AND NOT EXISTS (
                 SELECT FROM entry AS r WHERE r.event = $1
                   AND r.order_id = c.order_id AND r.reverses = c.id
             )
       ) AS canceled
FROM movement AS m
JOIN entry AS e ON e.event = m.event AND e.order_id = m.order_id AND e.id = m.entry
JOIN batch AS b ON b.event = e.event AND b.number = e.batch
LEFT JOIN attempt AS a ON a.event = e.event AND a.order_id = e.order_id
    AND a.attempt = e.attempt
LEFT JOIN outcome AS o ON o.event = e.event AND o.order_id = e.order_id
LEFT JOIN LATERAL (
    SELECT sum(amount_minor) FILTER (WHERE unit = 'money') AS minor,
           sum(amount_minor) FILTER (WHERE unit = 'voucher') AS vouchers
    FROM posting
    WHERE event = m.event AND order_id = m.order_id AND entry = m.entry
      AND account = m.wallet
) AS p ON true
WHERE m.event = $1 AND m.wallet = $2
  AND NOT EXISTS (
      SELECT FROM entry AS r
      WHERE r.event = e.event AND r.order_id = e.order_id AND r.reverses = e.id
  )
ORDER BY m.entry DESC LIMIT $3;

-- orders_to_close --
-- Read how the orders of a till ended, from one sequence number to another; also those
-- that are set aside, by the first advice of each.
SELECT sequence, order_id, advice, false AS is_held
FROM outcome
WHERE event = $1 AND till = $2 AND sequence BETWEEN $3 AND $4
UNION ALL (
    SELECT DISTINCT ON (q.sequence, q.order_id) q.sequence, q.order_id, q.advice, true
    FROM quarantine AS q
    WHERE q.event = $1 AND q.till = $2 AND q.sequence BETWEEN $3 AND $4
      AND NOT EXISTS (
          SELECT FROM outcome AS o WHERE o.event = $1 AND o.order_id = q.order_id
      )
    ORDER BY q.sequence, q.order_id, q.received_at
)
ORDER BY sequence, order_id;

-- closing_known --
-- Read what is known of a closed Z number.
SELECT digest, flags FROM closing WHERE event = $1 AND till = $2 AND z_number = $3;

-- chain_head_of --
-- Read a batch's chain head.
SELECT chain_head FROM batch WHERE event = $1 AND number = $2;

-- put_contact --
-- Keep how a guest can be reached.
INSERT INTO guest (event, serial, contact) VALUES ($1, $2, $3)
ON CONFLICT (event, serial) DO UPDATE SET contact = excluded.contact;

-- contact --
-- Read how a guest can be reached.
SELECT contact FROM guest WHERE event = $1 AND serial = $2;

-- wristbands_of --
-- List the wristbands that open, or opened, the same wallet as one of them, and since
-- when the guest they were of is forgotten.
SELECT b.serial, w.balance_minor, w.vouchers,
    (SELECT min(e.erased_at) FROM erasure AS e
     WHERE e.event = b.event AND e.serial = b.serial) AS erased_at
FROM wristband AS mine
JOIN wristband AS b ON b.event = mine.event AND b.wallet = mine.wallet
JOIN wallet AS w ON w.event = b.event AND w.id = b.wallet
WHERE mine.event = $1 AND mine.serial = $2
ORDER BY b.serial;

-- erase_guest --
-- Erase what was written of the guest with these wristbands, and by what they could be
-- told: their chips' hashes and portal codes give way to random ones.
WITH notes AS (
    SELECT note AS key FROM wristband
    WHERE event = $1 AND serial = ANY ($2::bigint[])
    UNION
    SELECT note FROM wristband_change WHERE event = $1 AND serial = ANY ($2::bigint[])
), unwritten AS (
    DELETE FROM wristband_note
    WHERE event = $1 AND key IN (SELECT key FROM notes)
), unreachable AS (
    DELETE FROM guest WHERE event = $1 AND serial = ANY ($2::bigint[])
), unknown AS (
    UPDATE wristband
    SET uid_hash = sha256(convert_to(gen_random_uuid()::text, 'UTF8')),
        code_hash = sha256(convert_to(gen_random_uuid()::text, 'UTF8'))
    WHERE event = $1 AND serial = ANY ($2::bigint[])
)
INSERT INTO erasure (event, serial) SELECT $1, unnest($2::bigint[]);

-- ask_erasure --
-- Note that a guest is to be forgotten; the ledger's writer hears of it.
WITH asked AS (
    INSERT INTO erasure_request (event, serial, asked_by) VALUES ($1, $2, $3)
    RETURNING number
)
SELECT number, pg_notify('kassenband_erasure', $1::text) IS NOT NULL FROM asked;

-- erasures_asked --
-- List the guests who are to be forgotten and are not yet, in order.
SELECT number, serial FROM erasure_request
WHERE event = $1 AND ended_at IS NULL ORDER BY number;

-- end_erasure --
-- Note what became of it.
UPDATE erasure_request SET ended_at = now(), refusal = $3
WHERE event = $1 AND number = $2 AND ended_at IS NULL;

-- erasure_asked --
-- Read what became of it.
SELECT ended_at, refusal FROM erasure_request WHERE event = $1 AND number = $2;
