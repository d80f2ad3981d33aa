-- What staff have seen to: steps of bills that the ledger refused, and orders that it
-- booked although something was odd. Each is seen to once, by the digest of the very
-- bytes it was about; what is said of the same order later is to be seen to anew.
CREATE TABLE seen_to (
    event integer NOT NULL REFERENCES event,
    order_id uuid NOT NULL,
    digest bytea NOT NULL,
    seen_by text NOT NULL CHECK (seen_by <> ''),
    seen_at timestamptz NOT NULL DEFAULT now(),
    note text NOT NULL CHECK (length(note) BETWEEN 1 AND 500),
    PRIMARY KEY (event, order_id, digest)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seen_to
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Few orders are odd: only those are in it.
CREATE INDEX outcome_flagged ON outcome (event, batch, advice_digest)
    WHERE flags <> '{}';

-- What tills said that was odd, in all words of theirs that the ledger keeps.
CREATE VIEW flagged AS
SELECT event, batch, order_id, advice_digest AS digest, till, advice, flags
FROM outcome WHERE flags <> '{}'
UNION ALL
SELECT c.event, c.batch, c.order_id, c.advice_digest, o.till, c.advice,
       ARRAY['contradicts_advice']
FROM contradiction AS c
JOIN outcome AS o ON o.event = c.event AND o.order_id = c.order_id;
