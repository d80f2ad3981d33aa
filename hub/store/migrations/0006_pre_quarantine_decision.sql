-- What people decided about advices that are set aside; the latest word counts. The
-- ledger's writer books what is to be let go, and says so in quarantine_release.

CREATE TABLE quarantine_decision (
    event integer NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    advice_digest bytea NOT NULL,
    decision text NOT NULL CHECK (decision IN ('release', 'dismiss')),
    decided_by text NOT NULL CHECK (decided_by <> ''),
    reason text NOT NULL DEFAULT '',
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, number),
    FOREIGN KEY (event, advice_digest) REFERENCES quarantine
);
CREATE INDEX quarantine_decision_advice
    ON quarantine_decision (event, advice_digest, number);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quarantine_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
