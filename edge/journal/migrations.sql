-- What brings a journal of an older version up to date: `-- to N --` makes version N.
-- A journal made anew has the newest version at once (schema.sql).

-- to 1 --
-- Every kind of order: charges by wallet, cash by register, closings.
ALTER TABLE orders ADD COLUMN charges TEXT;
ALTER TABLE orders ADD COLUMN register TEXT;
ALTER TABLE orders ADD COLUMN cash_minor INTEGER;
UPDATE orders
SET charges = CASE
        WHEN outcome = 'completed' AND wallet IS NOT NULL
        THEN json_array(json_array(wallet, total_minor))
    END,
    register = json_extract(CAST(decided_document AS TEXT), '$.till'),
    cash_minor = CASE
        WHEN outcome = 'completed'
         AND json_extract(CAST(decided_document AS TEXT), '$.payment.method') = 'cash'
        THEN total_minor
        ELSE 0
    END
WHERE outcome IS NOT NULL;

-- to 2 --
-- A till may change its TSE: which one began a fiscal transaction.
ALTER TABLE orders ADD COLUMN fiscal_serial TEXT;

-- to 3 --
-- What was printed is known from now on; anything before may have been.
CREATE TABLE papers (
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO papers (id) SELECT id FROM orders WHERE outcome = 'completed';
