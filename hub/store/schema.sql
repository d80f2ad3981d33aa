-- What an event sells, holds and books. Amounts are minor units; times are the hub's
-- clock unless a column says otherwise.

CREATE TYPE order_outcome AS ENUM ('completed', 'aborted');
CREATE TYPE entry_cause AS ENUM ('request', 'advice', 'reversal');
CREATE TYPE posting_unit AS ENUM ('money', 'voucher');
CREATE TYPE account_role AS ENUM (
    'wallet', 'revenue', 'tax', 'deposit_liability', 'cash_register', 'bag', 'vault',
    'bank', 'card_clearing', 'provider_clearing', 'bill_receivable',
    'organizer_payable', 'fee_expense', 'voucher_pool', 'difference', 'stand_in_loss',
    'rounding', 'donation', 'tip_payable', 'payout'
);

-- What an event is, and how far its tills may go alone.

CREATE TABLE event (
    number integer PRIMARY KEY CHECK (number BETWEEN 0 AND 65535),
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    currency text NOT NULL CHECK (currency IN ('EUR', 'CHF')),
    seller jsonb NOT NULL,
    stand_in jsonb NOT NULL,
    -- What wallets and the event may hold, and what the least top-up is.
    limits jsonb NOT NULL DEFAULT '{}',
    -- What a wristband is for the tax office; it stays once something was sold.
    booking_model text NOT NULL DEFAULT 'payment'
        CHECK (booking_model IN ('payment', 'voucher')),
    portal_url text NOT NULL,
    demo boolean NOT NULL,
    -- A new one is drawn after a restore or a promotion with loss.
    incarnation uuid NOT NULL,
    -- The key of the staff list's hashes; tills have it, too.
    staff_key bytea NOT NULL
);

-- Where each incarnation of the ledger begins: the first at batch 0, another one after
-- every restore and every promotion with loss.
CREATE TABLE incarnation (
    event integer NOT NULL REFERENCES event,
    id uuid NOT NULL,
    batch bigint NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, batch),
    UNIQUE (event, id)
);

-- How many messages told tills of changed wallets: what numbers them across hubs.
CREATE TABLE wallet_news (
    event integer PRIMARY KEY REFERENCES event,
    number bigint NOT NULL
);

CREATE TABLE token_key (
    event integer NOT NULL REFERENCES event,
    key_id smallint NOT NULL CHECK (key_id BETWEEN 0 AND 255),
    public_key bytea NOT NULL,
    PRIMARY KEY (event, key_id)
);

CREATE TABLE till (
    event integer NOT NULL REFERENCES event,
    id text NOT NULL,
    label text NOT NULL,
    issues_wristbands boolean NOT NULL DEFAULT false,
    -- Which orders it takes, and paid how; without one it takes all.
    profile jsonb,
    revoked_at timestamptz,
    PRIMARY KEY (event, id)
);

-- Templates of the rolls and notes that cash registers are handed out with; an order
-- holds the one it was stocked by, so these may change.
CREATE TABLE stocking (
    event integer NOT NULL REFERENCES event,
    name text NOT NULL,
    pieces jsonb NOT NULL,
    PRIMARY KEY (event, name)
);

-- Every version is kept: orders name the one they were priced by.
CREATE TABLE catalogue (
    event integer NOT NULL REFERENCES event,
    version bigint NOT NULL CHECK (version > 0),
    digest text NOT NULL,
    body bytea NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, version)
);

-- Accounts. A positive posting is a credit: what the event owes a guest or has
-- earned grows; what it holds (drawers, providers) and has lost is negative.

CREATE TABLE account (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    role account_role NOT NULL,
    -- revenue, tax: the tax code; cash_register: the till; provider_clearing: the
    -- provider; stand_in_loss: why the wallet could not be charged; wallet: its number.
    key text NOT NULL,
    UNIQUE (event, role, key)
);

CREATE SEQUENCE wallet_serial AS bigint MAXVALUE 4294967295;

-- Wallets are materialized, and so is cash at its places (`holding`); any other
-- balance is the sum of its postings.
CREATE TABLE wallet (
    event integer NOT NULL REFERENCES event,
    id bigint NOT NULL REFERENCES account,
    balance_minor bigint NOT NULL DEFAULT 0,
    -- Raised by advices only, exactly as needed; credits lower it.
    overdraft_minor bigint NOT NULL DEFAULT 0 CHECK (overdraft_minor >= 0),
    vouchers bigint NOT NULL DEFAULT 0 CHECK (vouchers >= 0),
    -- What it may hold, if there is a limit; what is paid in beyond is told apart.
    cap_minor bigint CHECK (cap_minor >= 0),
    excess_minor bigint NOT NULL DEFAULT 0 CHECK (excess_minor >= 0),
    -- Whether anything was ever posted on it: then no other wallet may take its place.
    used boolean NOT NULL DEFAULT false,
    PRIMARY KEY (event, id),
    CONSTRAINT wallet_never_below_overdraft
        CHECK (balance_minor + overdraft_minor >= 0),
    CONSTRAINT wallet_never_above_excess
        CHECK (balance_minor - excess_minor <= cap_minor)
) WITH (fillfactor = 60);

-- What all wallets of an event hold together. What is paid in beyond the event's limit
-- is told apart: only an advice does so, for its money is in a register already.
CREATE TABLE guests_money (
    event integer PRIMARY KEY REFERENCES event,
    held_minor bigint NOT NULL DEFAULT 0,
    cap_minor bigint CHECK (cap_minor >= 0),
    excess_minor bigint NOT NULL DEFAULT 0 CHECK (excess_minor >= 0),
    CONSTRAINT guests_money_never_above_excess
        CHECK (held_minor - excess_minor <= cap_minor)
) WITH (fillfactor = 60);

-- What cash registers, bags and vaults hold; as all accounts of what the event has,
-- negative.
CREATE TABLE holding (
    event integer NOT NULL REFERENCES event,
    id bigint NOT NULL REFERENCES account,
    balance_minor bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (event, id)
) WITH (fillfactor = 60);

-- The UID and the portal code are kept as keyed hash and hash only.
CREATE TABLE wristband (
    event integer NOT NULL,
    serial bigint NOT NULL CHECK (serial BETWEEN 0 AND 4294967295),
    wallet bigint NOT NULL,
    uid_hash bytea NOT NULL,
    code_hash bytea NOT NULL,
    -- As its token says.
    variant smallint NOT NULL,
    -- How it stands after the latest row of `wristband_change`.
    blocked boolean NOT NULL DEFAULT false,
    registered boolean NOT NULL DEFAULT false,
    restriction smallint,
    successor bigint,
    note uuid,
    issued_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, serial),
    UNIQUE (event, uid_hash),
    FOREIGN KEY (event, wallet) REFERENCES wallet
);
CREATE INDEX wristband_wallet ON wristband (event, wallet);

-- What people wrote of guests: the only text about them, and the only tables whose rows
-- are ever deleted. The ledger knows a note by its random key, which then leads nowhere.

CREATE TABLE wristband_note (
    event integer NOT NULL REFERENCES event,
    key uuid NOT NULL,
    till text NOT NULL,
    body text NOT NULL CHECK (length(body) <= 500),
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, key)
);

CREATE TABLE guest (
    event integer NOT NULL,
    serial bigint NOT NULL,
    contact jsonb NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, serial),
    FOREIGN KEY (event, serial) REFERENCES wristband
);

-- That a guest was forgotten, and when; not who it was.
CREATE TABLE erasure (
    event integer NOT NULL REFERENCES event,
    number bigint GENERATED ALWAYS AS IDENTITY,
    serial bigint NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, number)
);

-- That somebody is to be forgotten, and who says so; the writer blocks and forgets.
CREATE TABLE erasure_request (
    event integer NOT NULL REFERENCES event,
    number bigint GENERATED ALWAYS AS IDENTITY,
    serial bigint NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    -- Why they could not be forgotten, if so: a sentence.
    refusal text,
    PRIMARY KEY (event, number)
);

-- Who works here, what they may do, and where they are logged in.

CREATE TABLE staff_role (
    event integer NOT NULL REFERENCES event,
    name text NOT NULL,
    rights text[] NOT NULL,
    needs_register boolean NOT NULL DEFAULT false,
    PRIMARY KEY (event, name)
);

CREATE TABLE staff (
    event integer NOT NULL REFERENCES event,
    id text NOT NULL CHECK (id <> ''),
    name text NOT NULL,
    uid_hash text NOT NULL,
    pin_hash text NOT NULL DEFAULT '',
    roles text[] NOT NULL,
    blocked boolean NOT NULL DEFAULT false,
    PRIMARY KEY (event, id),
    UNIQUE (event, uid_hash)
);

-- One row per log-in and per log-out (without a role); the latest of a till holds.
CREATE TABLE login (
    event integer NOT NULL REFERENCES event,
    number bigint GENERATED ALWAYS AS IDENTITY,
    till text NOT NULL,
    staff text NOT NULL,
    role text,
    supervised boolean NOT NULL DEFAULT false,
    said_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, number)
);
CREATE INDEX login_till ON login (event, till, number);

-- The ledger. Nothing below is ever updated or deleted by the hub. There are no
-- foreign keys: one function writes all of it, and `verify` recomputes it.

CREATE TABLE batch (
    event integer NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    chain_head bytea NOT NULL,
    last_entry bigint NOT NULL,
    booked_at timestamptz NOT NULL,
    PRIMARY KEY (event, number)
);

-- What was asked, and what was answered, once and for all: one row per numbered
-- attempt, with the order's bytes as received. Without a reason it was booked; without
-- a till the hub itself asked.
CREATE TABLE attempt (
    event integer NOT NULL,
    order_id uuid NOT NULL,
    attempt smallint NOT NULL,
    digest bytea NOT NULL,
    till text,
    body bytea NOT NULL,
    reason text,
    balance_minor bigint,
    batch bigint NOT NULL,
    PRIMARY KEY (event, order_id, attempt)
);

-- How the order ended, in the till's own words (the advice's bytes).
CREATE TABLE outcome (
    event integer NOT NULL,
    order_id uuid NOT NULL,
    outcome order_outcome NOT NULL,
    attempt smallint NOT NULL,
    digest bytea NOT NULL,
    till text NOT NULL,
    payer bigint,
    cancels uuid,
    advice_digest bytea NOT NULL,
    advice bytea NOT NULL,
    flags text[] NOT NULL,
    batch bigint NOT NULL,
    z_number bigint NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (event, order_id)
);
-- A closing names the orders that are missing.
CREATE INDEX outcome_sequence ON outcome (event, till, sequence);

-- A second advice that says otherwise: an alarm, never a posting.
CREATE TABLE contradiction (
    event integer NOT NULL,
    order_id uuid NOT NULL,
    advice_digest bytea NOT NULL,
    advice bytea NOT NULL,
    batch bigint NOT NULL,
    PRIMARY KEY (event, order_id, advice_digest)
);

-- Which entries moved a wallet: the way from a wristband to its orders.
CREATE TABLE movement (
    event integer NOT NULL,
    wallet bigint NOT NULL,
    entry bigint NOT NULL,
    order_id uuid NOT NULL,
    PRIMARY KEY (event, wallet, entry)
);

-- How a wristband stands since some entry: the row of `wristband` has the latest.
CREATE TABLE wristband_change (
    event integer NOT NULL,
    serial bigint NOT NULL,
    entry bigint NOT NULL,
    wallet bigint NOT NULL,
    blocked boolean NOT NULL,
    registered boolean NOT NULL,
    restriction smallint,
    successor bigint,
    note uuid,
    order_id uuid NOT NULL,
    batch bigint NOT NULL,
    PRIMARY KEY (event, serial, entry)
);
CREATE INDEX wristband_change_order ON wristband_change (event, order_id);

-- Whose a cash register is since some entry; nobody's after its close-out.
CREATE TABLE shift_change (
    event integer NOT NULL,
    register text NOT NULL,
    entry bigint NOT NULL,
    holder text,
    z_number bigint NOT NULL,
    order_id uuid NOT NULL,
    batch bigint NOT NULL,
    PRIMARY KEY (event, register, entry)
);

-- A till's Z reports, as the bytes it signed.
CREATE TABLE closing (
    event integer NOT NULL,
    till text NOT NULL,
    z_number bigint NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    digest bytea NOT NULL,
    report bytea NOT NULL,
    signature bytea,
    flags text[] NOT NULL,
    batch bigint NOT NULL,
    PRIMARY KEY (event, till, z_number)
);

CREATE TABLE signature (
    event integer NOT NULL,
    order_id uuid NOT NULL,
    tse_serial text NOT NULL,
    number bigint NOT NULL,
    counter bigint NOT NULL,
    batch bigint NOT NULL,
    PRIMARY KEY (event, order_id)
);

-- Signatures that `verify` once computed and found right, by the advice they are in.
CREATE TABLE signature_check (
    event integer NOT NULL,
    order_id uuid NOT NULL,
    advice_digest bytea NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, order_id)
);

-- An entry with its postings: an account and an amount each, of money and (seldom) of
-- vouchers. As rows of their own, each with an index entry, they would cost half as much
-- again as all else that is booked.
CREATE TABLE entry (
    event integer NOT NULL,
    id bigint NOT NULL,
    batch bigint NOT NULL,
    cause entry_cause NOT NULL,
    order_id uuid NOT NULL,
    attempt smallint NOT NULL,
    reverses bigint,
    cancels uuid,
    accounts bigint[] NOT NULL,
    amounts bigint[] NOT NULL,
    voucher_accounts bigint[],
    voucher_amounts bigint[],
    PRIMARY KEY (event, order_id, id),
    CHECK ((cause = 'reversal') = (reverses IS NOT NULL)),
    CHECK (coalesce(array_ndims(accounts), 1) = 1
           AND coalesce(array_ndims(amounts), 1) = 1
           AND cardinality(accounts) = cardinality(amounts)
           AND array_position(accounts, NULL) IS NULL
           AND array_position(amounts, NULL) IS NULL),
    CHECK ((voucher_accounts IS NULL) = (voucher_amounts IS NULL)
           AND coalesce(array_ndims(voucher_accounts) = 1
                        AND array_ndims(voucher_amounts) = 1
                        AND cardinality(voucher_accounts) = cardinality(voucher_amounts)
                        AND array_position(voucher_accounts, NULL) IS NULL
                        AND array_position(voucher_amounts, NULL) IS NULL,
                        voucher_accounts IS NULL))
);
CREATE INDEX entry_cancels ON entry (event, cancels) WHERE cancels IS NOT NULL;

-- What each entry posted where, row by row; `entry` holds it.
CREATE VIEW posting AS
SELECT e.event, e.order_id, e.id AS entry, p.account, p.unit, p.amount_minor
FROM entry AS e
CROSS JOIN LATERAL (
    SELECT account, 'money'::posting_unit AS unit, amount_minor
    FROM unnest(e.accounts, e.amounts) AS money (account, amount_minor)
    UNION ALL
    SELECT account, 'voucher', amount_minor
    FROM unnest(e.voucher_accounts, e.voucher_amounts)
        AS vouchers (account, amount_minor)
) AS p;

-- Advices that nobody may book unseen: those of revoked tills, or with amounts beyond
-- all reason. They are kept as they came, until somebody lets them go.
CREATE TABLE quarantine (
    event integer NOT NULL REFERENCES event,
    advice_digest bytea NOT NULL,
    order_id uuid NOT NULL,
    till text NOT NULL,
    z_number bigint NOT NULL,
    sequence bigint NOT NULL,
    advice bytea NOT NULL,
    flag text NOT NULL,
    -- Why its wallet can't be charged: the token that said so is not kept.
    refusal text,
    -- What else was odd about it by what held then: by now prices and rights may differ.
    odd text[] NOT NULL DEFAULT '{}',
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, advice_digest)
);
-- A closing names the orders that are set aside.
CREATE INDEX quarantine_sequence ON quarantine (event, till, sequence);

CREATE TABLE quarantine_release (
    event integer NOT NULL,
    advice_digest bytea NOT NULL,
    released_by text NOT NULL,
    released_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, advice_digest),
    FOREIGN KEY (event, advice_digest) REFERENCES quarantine
);

CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    guilty record;
BEGIN
    SELECT id, excess.money, excess.vouchers INTO guilty
    FROM entered CROSS JOIN LATERAL (
        SELECT (SELECT coalesce(sum(each), 0) FROM unnest(amounts) AS each) AS money,
               (SELECT coalesce(sum(each), 0) FROM unnest(voucher_amounts) AS each)
                   AS vouchers
    ) AS excess
    WHERE excess.money <> 0 OR excess.vouchers <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Entry % does not balance: money %, vouchers % too much.',
            guilty.id, guilty.money, guilty.vouchers
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- Per statement: a trigger per row costs five times as much.
CREATE TRIGGER entry_balances AFTER INSERT ON entry
    REFERENCING NEW TABLE AS entered
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The table % is append-only.', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'incarnation', 'signature_check',
        'batch', 'attempt', 'outcome', 'contradiction', 'signature',
        'entry', 'movement', 'wristband_change', 'shift_change', 'closing', 'catalogue',
        'login', 'erasure', 'quarantine', 'quarantine_release'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;
