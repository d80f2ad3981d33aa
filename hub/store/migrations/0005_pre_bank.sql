-- What banks report, what became of it, and what is paid out through them. What a bank
-- said is never changed: decisions are rows of their own, and the latest about a credit
-- holds. Amounts are minor units.

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

-- Credits with the file they came in, and what staff made of each last.
CREATE VIEW bank_credit_seen AS
SELECT c.*, f.name AS file_name, f.imported_at, d.turn, d.kind AS decision,
    d.decided_by, d.decided_at, d.note
FROM bank_credit c
JOIN bank_file f ON f.id = c.file
LEFT JOIN LATERAL (
    SELECT * FROM bank_decision WHERE credit = c.id ORDER BY turn DESC LIMIT 1
) d ON true;

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

-- Files of payouts for the bank, as they were downloaded: made once, handed out again.
CREATE TABLE payout_file (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    -- ISO 20022 MsgId: bank and hub recognize it by it.
    message_id text NOT NULL UNIQUE,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    execute_on date NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    payouts integer NOT NULL CHECK (payouts > 0),
    body bytea NOT NULL
);

-- What an organizer gets of what a competition brought, up to some moment.
CREATE TABLE settlement (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    competition bigint NOT NULL REFERENCES competition,
    number integer NOT NULL CHECK (number >= 1),
    currency text NOT NULL,
    paid_bills_minor bigint NOT NULL,
    surcharges_minor bigint NOT NULL,
    method_fees_minor bigint NOT NULL,
    taken_back_minor bigint NOT NULL,
    carried_in_minor bigint NOT NULL CHECK (carried_in_minor <= 0),
    payout_minor bigint NOT NULL CHECK (payout_minor >= 0),
    -- Where it goes, as known then: hub.payments.transfer.Creditor, both.
    payee jsonb,
    payer jsonb,
    drawn_up_by text NOT NULL,
    drawn_up_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text,
    -- Under which the ledger books its payout, and the very bytes it keeps.
    order_id uuid NOT NULL UNIQUE,
    body bytea NOT NULL,
    -- Set when it is in a file; then the writer books it.
    file bigint REFERENCES payout_file,
    batch bigint,
    UNIQUE (competition, number),
    UNIQUE (id, drawn_up_by),
    CHECK (withdrawn_at IS NULL OR file IS NULL),
    CHECK (batch IS NULL OR file IS NOT NULL)
);

-- What moved the organizer's balance: each step of a bill is in one settlement.
CREATE TABLE settlement_line (
    settlement bigint NOT NULL REFERENCES settlement,
    step uuid NOT NULL REFERENCES bill_entry,
    reference text NOT NULL REFERENCES bill,
    share text NOT NULL
        CHECK (share IN ('paid_bills', 'surcharges', 'method_fees', 'taken_back')),
    amount_minor bigint NOT NULL,
    -- False as soon as the settlement is withdrawn.
    is_active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (settlement, step)
);
CREATE UNIQUE INDEX settlement_line_step ON settlement_line (step) WHERE is_active;

-- The second person's word; the first one's is the settlement.
CREATE TABLE settlement_approval (
    settlement bigint PRIMARY KEY,
    drawn_up_by text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamptz NOT NULL,
    FOREIGN KEY (settlement, drawn_up_by) REFERENCES settlement (id, drawn_up_by),
    CHECK (approved_by <> drawn_up_by)
);

-- Money that is to go back to a payer.
CREATE TABLE refund (
    -- The key that its provider is given: asked twice with it, it is done once.
    id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    bill text NOT NULL REFERENCES bill,
    -- The payment that goes back; null for a transfer.
    payment bigint REFERENCES payment,
    way text NOT NULL CHECK (way IN ('provider', 'transfer')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    holder text NOT NULL DEFAULT '',
    iban text NOT NULL DEFAULT '',
    bic text NOT NULL DEFAULT '',
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    -- How far it is: with the second person's approval it may leave.
    state text NOT NULL DEFAULT 'requested' CHECK (state IN (
        'requested', 'declined', 'approved', 'sent', 'done', 'failed'
    )),
    file bigint REFERENCES payout_file,
    -- The provider's own name of it, once that is known.
    provider_ref text,
    -- What provider or person said last.
    note text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL,
    UNIQUE (id, requested_by),
    CHECK ((way = 'provider') = (payment IS NOT NULL)),
    CHECK ((way = 'transfer') = (iban <> ''))
);
CREATE INDEX refund_bill ON refund (bill);
CREATE INDEX refund_open ON refund (event, number)
    WHERE state IN ('requested', 'approved', 'sent');

CREATE TABLE refund_approval (
    refund uuid PRIMARY KEY,
    requested_by text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamptz NOT NULL,
    FOREIGN KEY (refund, requested_by) REFERENCES refund (id, requested_by),
    CHECK (approved_by <> requested_by)
);

-- Slips that were posted, which costs their bills' organizers.
CREATE TABLE slip_sent (
    bill text PRIMARY KEY REFERENCES bill,
    sent_by text NOT NULL,
    sent_at timestamptz NOT NULL
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'bank_file', 'bank_report', 'bank_credit', 'bank_mark', 'bank_decision',
        'bank_assignment', 'payout_file', 'settlement_approval', 'refund_approval',
        'slip_sent'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;
