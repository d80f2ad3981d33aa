-- What the office reads of closings; as in queries.sql: `-- name --`, what it promises,
-- the statement.

-- closings_of --
-- List closings by till and Z number; of one till, if it is named.
SELECT till, z_number, first_sequence, last_sequence, report, signature, flags
FROM closing WHERE event = $1 AND ($2::text IS NULL OR till = $2)
ORDER BY till, z_number;

-- late_for_closing --
-- Read which orders of a Z number are outside of what its closing spans.
SELECT sequence FROM outcome
WHERE event = $1 AND till = $2 AND z_number = $3 AND sequence NOT BETWEEN $4 AND $5
ORDER BY sequence;

-- tse_archive_logs --
-- Read what the verified archives of a TSE say its signatures were for.
SELECT report -> 'log' AS log FROM tse_archive
WHERE event = $1 AND tse_serial = $2 AND report ? 'log'
ORDER BY delivered_at, id;
