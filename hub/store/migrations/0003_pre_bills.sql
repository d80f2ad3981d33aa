-- Bills, the attempts to pay them, the money that moved, and what of it the ledger has
-- booked. Amounts are minor units of the bill's currency. How a bill stands is stored
-- nowhere: it follows from the sum of its payments.

CREATE TYPE bill_line_kind AS ENUM ('start_fee', 'additional_fee', 'top_up', 'ticket');
CREATE TYPE payment_attempt_state AS ENUM (
    'created', 'redirected', 'pending', 'uncertain', 'paid', 'failed', 'canceled',
    'expired'
);
CREATE TYPE payment_kind AS ENUM ('payment', 'refund', 'chargeback');
CREATE TYPE bill_step AS ENUM ('payment', 'fee', 'return', 'release', 'retake');

CREATE TABLE bill (
    reference text PRIMARY KEY CHECK (reference ~ '^[0-9]{27}$'),
    -- The 21 digits of our own, which every form of the reference has.
    number text NOT NULL UNIQUE GENERATED ALWAYS AS (substr(reference, 6, 21)) STORED,
    event integer NOT NULL REFERENCES event,
    -- Whose fees it collects; a guest's top-up belongs to the event alone.
    competition bigint REFERENCES competition,
    -- Set where an officer bills the teams that a club pays for.
    club bigint REFERENCES club,
    portal_user bigint REFERENCES portal_user,
    currency text NOT NULL CHECK (currency IN ('EUR', 'CHF')),
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    -- The payer's address as it was when the bill was made.
    payer_name text NOT NULL,
    street text NOT NULL,
    house_number text NOT NULL,
    postal_code text NOT NULL,
    town text NOT NULL,
    country text NOT NULL,
    email text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    canceled_at timestamptz,
    -- The one method it may still be paid by.
    locked_to text,
    locked_at timestamptz,
    CHECK ((locked_to IS NULL) = (locked_at IS NULL)),
    CHECK (club IS NULL OR competition IS NOT NULL)
);
CREATE INDEX bill_portal_user ON bill (portal_user, created_at);
CREATE INDEX bill_club ON bill (club, created_at) WHERE club IS NOT NULL;
CREATE INDEX bill_competition ON bill (competition, created_at);
CREATE INDEX bill_event ON bill (event, created_at);

CREATE TABLE bill_line (
    bill text NOT NULL REFERENCES bill,
    position smallint NOT NULL,
    kind bill_line_kind NOT NULL,
    label text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    team uuid REFERENCES team,
    -- The serial of the wristband whose wallet a top-up credits.
    wallet bigint,
    -- False as soon as the bill is canceled: then its teams can be billed again.
    is_active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (bill, position),
    CHECK ((kind = 'top_up') = (wallet IS NOT NULL))
);
-- A team is on one bill at most, whoever asks at the same time.
CREATE UNIQUE INDEX bill_line_team ON bill_line (team)
    WHERE kind = 'start_fee' AND is_active;
CREATE INDEX bill_line_wallet ON bill_line (wallet) WHERE wallet IS NOT NULL;

-- What guests may top up by online, and what each method costs whom; for competitions
-- that is in `competition_method`.
CREATE TABLE top_up_method (
    event integer NOT NULL REFERENCES event,
    method text NOT NULL,
    fixed_minor bigint NOT NULL DEFAULT 0 CHECK (fixed_minor >= 0),
    rate_bp integer NOT NULL DEFAULT 0 CHECK (rate_bp BETWEEN 0 AND 10000),
    most_minor bigint CHECK (most_minor >= 0),
    payer_bears boolean NOT NULL DEFAULT false,
    PRIMARY KEY (event, method)
);

-- Tries to pay, each written down before the payer leaves for the provider.
CREATE TABLE payment_attempt (
    bill text NOT NULL REFERENCES bill,
    number smallint NOT NULL CHECK (number BETWEEN 1 AND 999),
    method text NOT NULL,
    principal_minor bigint NOT NULL CHECK (principal_minor > 0),
    surcharge_minor bigint NOT NULL DEFAULT 0 CHECK (surcharge_minor >= 0),
    state payment_attempt_state NOT NULL DEFAULT 'created',
    -- The provider's own name of it.
    provider_ref text,
    begun_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- When the provider of a paid one is asked next whether money went back.
    ask_at timestamptz,
    PRIMARY KEY (bill, number)
);
-- One is on its way at a time. A doubt can come late, beside another attempt.
CREATE UNIQUE INDEX payment_attempt_live ON payment_attempt (bill)
    WHERE state IN ('created', 'redirected', 'pending');
CREATE INDEX payment_attempt_open ON payment_attempt (changed_at)
    WHERE state IN ('created', 'redirected', 'pending', 'uncertain');
CREATE INDEX payment_attempt_asked ON payment_attempt (ask_at)
    WHERE state = 'paid' AND ask_at IS NOT NULL;
CREATE INDEX payment_attempt_begun ON payment_attempt (begun_at);
CREATE INDEX payment_attempt_provider ON payment_attempt (method, provider_ref)
    WHERE provider_ref IS NOT NULL;

-- Which till is taking a bill's money: nobody else does until it has told how that
-- ended, or for so long.
CREATE TABLE bill_hold (
    bill text PRIMARY KEY REFERENCES bill,
    order_id uuid NOT NULL,
    till text NOT NULL,
    until timestamptz NOT NULL
);

-- Money that moved between payer and bill: once per name that the method gives it.
CREATE TABLE payment (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    bill text NOT NULL REFERENCES bill,
    kind payment_kind NOT NULL,
    method text NOT NULL,
    money_ref text NOT NULL CHECK (money_ref <> ''),
    attempt smallint,
    -- None where a surcharge alone goes back.
    principal_minor bigint NOT NULL CHECK (principal_minor >= 0),
    surcharge_minor bigint NOT NULL DEFAULT 0 CHECK (surcharge_minor >= 0),
    -- What bank or provider kept, if it was said together with the payment; what it
    -- says later is a step of its own.
    fee_minor bigint CHECK (fee_minor >= 0),
    value_on date,
    heard_at timestamptz NOT NULL DEFAULT now(),
    -- Under which the ledger books it; for money taken at a till the till's own order.
    order_id uuid NOT NULL UNIQUE,
    -- The till that took it, if one did.
    till text,
    UNIQUE (event, method, money_ref),
    CHECK (principal_minor + surcharge_minor > 0),
    FOREIGN KEY (bill, attempt) REFERENCES payment_attempt
);
CREATE INDEX payment_bill ON payment (bill);

-- Words of providers that changed something, or that somebody has to look at.
CREATE TABLE payment_report (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    bill text NOT NULL REFERENCES bill,
    attempt smallint,
    method text NOT NULL,
    said text NOT NULL,
    provider_ref text NOT NULL,
    money_ref text NOT NULL,
    amount_minor bigint,
    currency text NOT NULL,
    status text NOT NULL,
    alarms text[] NOT NULL,
    -- The movement it was booked as.
    payment bigint REFERENCES payment,
    heard_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payment_report_bill ON payment_report (bill);
CREATE INDEX payment_report_alarm ON payment_report (event, id)
    WHERE alarms <> '{}';

-- Alarms that somebody has looked at.
CREATE TABLE payment_alarm_closed (
    report bigint PRIMARY KEY REFERENCES payment_report,
    closed_by text NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT now(),
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 500)
);

-- What staff say a provider did, where nothing here can learn it.
CREATE TABLE payment_claim (
    id uuid PRIMARY KEY,
    event integer NOT NULL REFERENCES event,
    bill text NOT NULL,
    attempt smallint NOT NULL,
    -- hub.core.bills.reports.Said
    said text NOT NULL
        CHECK (said IN ('paid', 'refunded', 'charged_back', 'returned')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    -- The provider's name of the movement.
    money_ref text NOT NULL CHECK (money_ref <> ''),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    claimed_by text NOT NULL,
    claimed_at timestamptz NOT NULL,
    UNIQUE (id, claimed_by),
    FOREIGN KEY (bill, attempt) REFERENCES payment_attempt
);
CREATE INDEX payment_claim_event ON payment_claim (event, claimed_at);

-- Confirmed by another person it is taken in as the provider's own word.
CREATE TABLE payment_claim_decision (
    claim uuid PRIMARY KEY,
    claimed_by text NOT NULL,
    confirmed boolean NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    FOREIGN KEY (claim, claimed_by) REFERENCES payment_claim (id, claimed_by),
    CHECK (NOT confirmed OR decided_by <> claimed_by)
);

-- What a bill has the ledger book, in this order, each under an id of its own: so it
-- is booked once, however often it is asked for. Written together with what caused it.
CREATE TABLE bill_entry (
    order_id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    bill text NOT NULL REFERENCES bill,
    payment bigint REFERENCES payment,
    step bill_step NOT NULL,
    -- The very bytes the ledger keeps.
    body bytea NOT NULL,
    -- How much of the bill is passed on after this step, if it is about that.
    passed_minor bigint CHECK (passed_minor >= 0),
    made_at timestamptz NOT NULL DEFAULT now(),
    -- The batch that booked it; null while it waits for the ledger's writer.
    batch bigint,
    CHECK ((step IN ('release', 'retake')) = (passed_minor IS NOT NULL))
);
CREATE INDEX bill_entry_waiting ON bill_entry (event, number) WHERE batch IS NULL;
CREATE INDEX bill_entry_bill ON bill_entry (bill, number);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'payment', 'payment_report', 'payment_alarm_closed', 'payment_claim',
        'payment_claim_decision'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;
