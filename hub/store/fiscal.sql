-- Named queries of what tills tell of themselves and their TSEs, and of TSE archives.

-- put_tse --
-- Take a TSE in; of one that is known, only what nobody could say before.
INSERT INTO tse (event, serial, public_key, algorithm, time_format, encoding,
                 certificates, bsi_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (event, serial) DO UPDATE
SET certificates = CASE WHEN tse.certificates = '{}' THEN excluded.certificates
                        ELSE tse.certificates END,
    bsi_id = CASE WHEN tse.bsi_id = '' THEN excluded.bsi_id ELSE tse.bsi_id END
WHERE (tse.certificates = '{}' AND excluded.certificates <> '{}')
   OR (tse.bsi_id = '' AND excluded.bsi_id <> '');

-- put_tse_state --
-- Say how a TSE is doing, if that is news.
INSERT INTO tse_state (event, tse_serial, firmware, description, expires_at,
                       signatures_left)
SELECT $1::integer, $2::text, $3::text, $4::text, $5::timestamptz, $6::bigint
WHERE NOT EXISTS (
    SELECT FROM (
        SELECT firmware, description, expires_at, signatures_left FROM tse_state
        WHERE event = $1 AND tse_serial = $2
        ORDER BY number DESC LIMIT 1
    ) AS latest
    WHERE (firmware, description, expires_at, signatures_left)
        = ($3::text, $4::text, $5::timestamptz, $6::bigint)
);

-- put_till_description --
-- Say what a till is made of, if that is news.
INSERT INTO till_description (event, till, brand, model, serial, software_brand,
                              software_version)
SELECT $1::integer, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text
WHERE NOT EXISTS (
    SELECT FROM (
        SELECT brand, model, serial, software_brand, software_version
        FROM till_description
        WHERE event = $1 AND till = $2
        ORDER BY number DESC LIMIT 1
    ) AS latest
    WHERE (brand, model, serial, software_brand, software_version)
        = ($3::text, $4::text, $5::text, $6::text, $7::text)
);

-- end_tse_use --
-- A till's use of its TSE ends when that of another one begins.
UPDATE tse_use SET until = $4
WHERE event = $1 AND till = $2 AND until IS NULL AND since < $4 AND tse_serial <> $3;

-- put_tse_use --
-- A till began to use a TSE; told again, or after what followed, it changes nothing.
INSERT INTO tse_use (event, till, tse_serial, since, until, reason, z_number)
SELECT $1::integer, $2::text, $3::text, $4::timestamptz,
       (SELECT min(since) FROM tse_use
        WHERE event = $1 AND till = $2 AND since > $4::timestamptz),
       $5::text, $6::bigint
WHERE NOT EXISTS (
    SELECT FROM tse_use
    WHERE event = $1 AND till = $2
      AND (since = $4::timestamptz OR (until IS NULL AND tse_serial = $3::text))
);

-- put_tse_outage --
-- A time without a TSE; one that has ended is not opened again.
INSERT INTO tse_outage (event, till, id, since, until, reason)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (event, till, id) DO UPDATE SET until = excluded.until
WHERE tse_outage.until IS NULL AND excluded.until IS NOT NULL;

-- put_closing_outage --
-- Why a closing has no signature.
INSERT INTO closing_outage (event, till, z_number, since, reason, number)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING;

-- put_tse_clock --
-- Who vouched for a till's clock.
INSERT INTO tse_clock (event, till, id, confirmed_at, confirmed_by)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- tses --
-- Every TSE of the event, with the latest that is known of it.
SELECT t.serial, t.algorithm, t.time_format, t.encoding, t.certificates, t.bsi_id,
       t.public_key, s.firmware, s.description, s.expires_at, s.signatures_left,
       s.said_at
FROM tse AS t
LEFT JOIN LATERAL (
    SELECT firmware, description, expires_at, signatures_left, said_at FROM tse_state
    WHERE event = t.event AND tse_serial = t.serial
    ORDER BY number DESC LIMIT 1
) AS s ON true
WHERE t.event = $1
ORDER BY t.said_at, t.serial;

-- tse_uses --
-- Which till used which TSE, oldest first.
SELECT till, tse_serial, since, until, reason, z_number FROM tse_use
WHERE event = $1
ORDER BY till, since;

-- tse_outages --
-- Every outage, oldest first.
SELECT till, id, since, until, reason FROM tse_outage
WHERE event = $1
ORDER BY since, till;

-- tse_clocks --
-- Who vouched for which till's clock, oldest first.
SELECT till, id, confirmed_at, confirmed_by FROM tse_clock
WHERE event = $1
ORDER BY confirmed_at, till;

-- till_register --
-- Every till with what it is made of, and when it was bought, used and given up.
SELECT t.id, t.label, t.revoked_at, d.brand, d.model, d.serial, d.software_brand,
       d.software_version, a.acquired_on, a.commissioned_on, a.decommissioned_on,
       a.reason,
       (SELECT min(since) FROM tse_use WHERE event = t.event AND till = t.id)
           AS first_used_at
FROM till AS t
LEFT JOIN LATERAL (
    SELECT brand, model, serial, software_brand, software_version
    FROM till_description
    WHERE event = t.event AND till = t.id
    ORDER BY number DESC LIMIT 1
) AS d ON true
LEFT JOIN LATERAL (
    SELECT acquired_on, commissioned_on, decommissioned_on, reason FROM till_asset
    WHERE event = t.event AND till = t.id
    ORDER BY number DESC LIMIT 1
) AS a ON true
WHERE t.event = $1
ORDER BY t.id;

-- put_till_asset --
-- Note when a till was bought, used and given up; what is not said stays as it was.
INSERT INTO till_asset (event, till, acquired_on, commissioned_on, decommissioned_on,
                        reason)
SELECT $1::integer, $2::text,
       coalesce($3::date, a.acquired_on), coalesce($4::date, a.commissioned_on),
       coalesce($5::date, a.decommissioned_on),
       CASE WHEN $6::text <> '' THEN $6::text ELSE coalesce(a.reason, '') END
FROM (VALUES (1)) AS one
LEFT JOIN LATERAL (
    SELECT acquired_on, commissioned_on, decommissioned_on, reason FROM till_asset
    WHERE event = $1 AND till = $2
    ORDER BY number DESC LIMIT 1
) AS a ON true;

-- put_tse_archive --
-- A TSE's log has been delivered; the same bytes again are the same archive.
INSERT INTO tse_archive (event, till, tse_serial, id, digest, size_bytes, path, report)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING;

-- tse_archives --
-- Every archive that was delivered, oldest first.
SELECT till, tse_serial, id, digest, size_bytes, path, delivered_at, report
FROM tse_archive
WHERE event = $1
ORDER BY delivered_at, id;

-- tse_archive_of --
-- An archive that a till has delivered, by its id or its bytes.
SELECT id, digest, size_bytes, report FROM tse_archive
WHERE event = $1 AND till = $2 AND (id = $3 OR digest = $4)
LIMIT 1;
