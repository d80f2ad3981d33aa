-- Named queries of what cash registers are handed out with.

-- stockings --
-- List an event's templates of rolls and notes.
SELECT name, pieces FROM stocking WHERE event = $1 ORDER BY name;

-- put_stocking --
-- Make a template, or change what is in it; tills are told at once.
WITH changed AS (
    INSERT INTO stocking (event, name, pieces) VALUES ($1, $2, $3)
    ON CONFLICT (event, name) DO UPDATE SET pieces = excluded.pieces
    RETURNING name
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;

-- remove_stocking --
-- Take a template away; no row if there is none of that name.
WITH changed AS (
    DELETE FROM stocking WHERE event = $1 AND name = $2 RETURNING name
)
SELECT pg_notify('kassenband_context', $1::text) IS NOT NULL FROM changed;
