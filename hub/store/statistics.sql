-- The query of `kassenband-hub statistics`; as in queries.sql.

-- completed_advices --
-- List how orders were completed, at one till or at all.
SELECT advice FROM outcome
WHERE event = $1 AND outcome = 'completed' AND ($2::text IS NULL OR till = $2);
