-- What banks report, what became of it, and what is paid out through them. Nothing here
-- is changed after it was written: decisions are rows of their own, and the latest about
-- a credit holds. Amounts are minor units.

-- Files that were taken in, whole.
CREATE TABLE bank_file (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    name text NOT NULL,
    -- SHA-256 of its bytes.
    digest bytea NOT NULL CHECK (length(digest) = 32),
    imported_at timestamptz NOT NULL DEFAULT now(),
    -- A member of staff, or how else it came: command, folder.
    imported_by text NOT NULL,
    UNIQUE (event, digest)
);

-- The statements and notifications of a file: what a bank sends twice is told by them.
CREATE TABLE bank_report (
    event integer NOT NULL REFERENCES event,
    -- hub.payments.camt.Report.identity
    identity text NOT NULL,
    file bigint NOT NULL REFERENCES bank_file,
    kind text NOT NULL CHECK (kind IN ('053', '054')),
    version text NOT NULL,
    account text NOT NULL,
    is_copy boolean NOT NULL,
    PRIMARY KEY (event, identity)
);

CREATE TABLE bank_credit (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    file bigint NOT NULL REFERENCES bank_file,
    entry integer NOT NULL,
    part integer NOT NULL,
    account text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('CRDT', 'DBIT', 'unknown')),
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency text NOT NULL,
    is_reversal boolean NOT NULL,
    is_sum boolean NOT NULL,
    booked_on date,
    value_on date,
    entry_ref text NOT NULL,
    bank_ref text NOT NULL,
    end_to_end_id text NOT NULL,
    structured text[] NOT NULL,
    texts text[] NOT NULL,
    payer_name text NOT NULL,
    payer_iban text NOT NULL,
    charges_minor bigint NOT NULL CHECK (charges_minor >= 0),
    -- All it is recognized by; of a sum they are kept when somebody assigns it.
    marks text[] NOT NULL,
    disposition text NOT NULL
        CHECK (disposition IN ('booked', 'unassigned', 'quarantined', 'ignored')),
    -- hub.core.bills.matching.Reason, and a sentence for staff.
    reason text,
    about text NOT NULL,
    UNIQUE (file, entry, part)
);
CREATE INDEX bank_credit_waiting ON bank_credit (event, id)
    WHERE disposition IN ('unassigned', 'quarantined');
CREATE INDEX bank_credit_end_to_end ON bank_credit (event, end_to_end_id)
    WHERE end_to_end_id <> '';

-- What a credit is recognized by when it comes again, in whatever file.
CREATE TABLE bank_mark (
    event integer NOT NULL REFERENCES event,
    mark text NOT NULL,
    credit bigint NOT NULL REFERENCES bank_credit,
    PRIMARY KEY (event, mark)
);

-- What staff made of a credit. `undone` puts it back into the queue.
CREATE TABLE bank_decision (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    credit bigint NOT NULL REFERENCES bank_credit,
    -- Which decision about this credit; two people at once make one.
    turn integer NOT NULL CHECK (turn >= 1),
    kind text NOT NULL CHECK (kind IN ('assigned', 'set_aside', 'returned', 'undone')),
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    UNIQUE (credit, turn)
);

-- Which bills a credit pays: by its reference (turn 0), or by a decision.
CREATE TABLE bank_assignment (
    credit bigint NOT NULL REFERENCES bank_credit,
    turn integer NOT NULL CHECK (turn >= 0),
    reference text NOT NULL REFERENCES bill,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    -- Names the payment that was made of it.
    money_ref text NOT NULL,
    PRIMARY KEY (credit, turn, reference)
);
CREATE INDEX bank_assignment_reference ON bank_assignment (reference);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'bank_file', 'bank_report', 'bank_credit', 'bank_mark', 'bank_decision',
        'bank_assignment'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;
