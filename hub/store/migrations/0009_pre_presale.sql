-- Tickets bought beforehand: each has a code, of which only the SHA-256 is kept, and is
-- for the ticket that one product of the catalogue is. Where it was bought is told for
-- the books: the revenue is that shop's.
CREATE TABLE presale (
    event integer NOT NULL REFERENCES event,
    code_hash text NOT NULL CHECK (code_hash ~ '^[0-9a-f]{64}$'),
    product integer NOT NULL CHECK (product > 0),
    origin text NOT NULL CHECK (origin <> ''),
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, code_hash)
);

-- Who came in by a code: the order that holds it since an entry; null when it is free
-- again. The latest word counts. Each is a line of the hash chain.
CREATE TABLE presale_use (
    event integer NOT NULL,
    code_hash text NOT NULL,
    entry bigint NOT NULL,
    holder uuid,
    order_id uuid NOT NULL,
    batch bigint NOT NULL,
    PRIMARY KEY (event, code_hash, entry),
    FOREIGN KEY (event, code_hash) REFERENCES presale
);
CREATE INDEX presale_use_order ON presale_use (event, order_id);
CREATE INDEX presale_use_batch ON presale_use (event, batch);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON presale
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON presale_use
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
