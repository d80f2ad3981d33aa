-- What guests see of their wristband on the portal; as in queries.sql.

-- wristband_by_code --
-- Find the wristband that a portal code belongs to, by the code's hash.
SELECT serial, code_hash FROM wristband WHERE event = $1 AND code_hash = $2;

-- add_guest_session --
-- Let a browser look at a wristband until some time.
INSERT INTO guest_session (token_hash, event, serial, bond, begun_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- guest_session --
-- Read which wristband a browser may look at now, with what its bond is made of.
SELECT s.serial, s.bond, b.code_hash
FROM guest_session AS s
JOIN wristband AS b ON b.event = s.event AND b.serial = s.serial
WHERE s.token_hash = $1 AND s.event = $2 AND s.expires_at > $3;

-- end_guest_session --
-- Let a browser look no longer.
DELETE FROM guest_session WHERE token_hash = $1;

-- drop_guest_sessions --
-- Forget the sessions that ended by themselves.
DELETE FROM guest_session WHERE expires_at <= $1;

-- guest_wallet --
-- Read what a wristband holds, how it stands, and what it and the event can still take.
SELECT b.wallet, b.blocked, b.successor IS NOT NULL AS replaced, w.balance_minor,
       w.vouchers, w.cap_minor, m.held_minor, m.cap_minor AS event_cap_minor
FROM wristband AS b
JOIN wallet AS w ON w.event = b.event AND w.id = b.wallet
LEFT JOIN guests_money AS m ON m.event = b.event
WHERE b.event = $1 AND b.serial = $2;

-- drop_top_up_methods --
-- Offer no other ways to top up online than those named.
DELETE FROM top_up_method WHERE event = $1 AND method <> ALL ($2::text[]);

-- put_top_up_account --
-- Name the account that guests transfer to, or another one.
INSERT INTO top_up_account (event, creditor) VALUES ($1, $2)
ON CONFLICT (event) DO UPDATE SET creditor = excluded.creditor;

-- drop_top_up_account --
-- Name no account any more.
DELETE FROM top_up_account WHERE event = $1;

-- top_up_creditor --
-- Say to which account guests transfer.
SELECT creditor FROM top_up_account WHERE event = $1;
