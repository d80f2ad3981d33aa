-- Tickets bought beforehand, and who came in by them.

-- load_presales --
-- Read what some codes are for, and which orders hold them.
SELECT p.code_hash, p.product, u.holder
FROM unnest($2::text[]) AS wanted (code_hash)
JOIN presale AS p ON p.event = $1 AND p.code_hash = wanted.code_hash
LEFT JOIN LATERAL (
    SELECT holder FROM presale_use
    WHERE event = p.event AND code_hash = p.code_hash
    ORDER BY entry DESC LIMIT 1
) AS u ON true;

-- load_presale_uses --
-- Read which codes some orders took, or freed.
SELECT u.order_id, u.code_hash, u.entry
FROM unnest($2::uuid[]) AS wanted (order_id)
CROSS JOIN LATERAL (
    SELECT * FROM presale_use
    WHERE event = $1 AND order_id = wanted.order_id OFFSET 0
) AS u
ORDER BY u.entry, u.code_hash;

-- add_presales --
-- Add codes that are not known yet; returns those.
INSERT INTO presale (event, code_hash, product, origin)
SELECT $1, code_hash, product, origin
FROM unnest($2::text[], $3::integer[], $4::text[]) AS told (code_hash, product, origin)
ON CONFLICT DO NOTHING
RETURNING code_hash;

-- count_presales --
-- Count codes by where they were bought and what for, and how many are used.
SELECT p.origin, p.product, count(*) AS sold, count(u.holder) AS used
FROM presale AS p
LEFT JOIN LATERAL (
    SELECT holder FROM presale_use
    WHERE event = p.event AND code_hash = p.code_hash
    ORDER BY entry DESC LIMIT 1
) AS u ON true
WHERE p.event = $1
GROUP BY p.origin, p.product ORDER BY p.origin, p.product;

-- read_presale --
-- Read what a code is for.
SELECT code_hash, product, origin, added_at FROM presale
WHERE event = $1 AND code_hash = $2;

-- presale_history --
-- Read which orders held a code, and which freed it.
SELECT u.entry, u.holder, u.order_id, b.booked_at
FROM presale_use AS u
JOIN batch AS b ON b.event = u.event AND b.number = u.batch
WHERE u.event = $1 AND u.code_hash = $2 ORDER BY u.entry;

-- chain_presale --
-- Stream what the chain says of codes that were used, or freed.
SELECT batch, code_hash, entry, holder, order_id FROM presale_use
WHERE event = $1 AND batch BETWEEN $2 AND $3 ORDER BY batch;

-- proof_presale --
-- Read what some orders did to codes.
SELECT order_id, code_hash, entry, holder, batch FROM presale_use
WHERE event = $1 AND order_id BETWEEN $2 AND $3 ORDER BY order_id, entry;
