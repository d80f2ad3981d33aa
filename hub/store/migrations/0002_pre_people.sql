-- People on the portal: accounts, clubs, competitions with their fees, teams, and the
-- mail that goes to them. Amounts are minor units of the event's currency.

-- Who logs in. Somebody a registration site or a file has named has no password until
-- the e-mail address is proven; what is empty of the address is asked for later.
CREATE TABLE portal_user (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    -- Argon2id in PHC form.
    password_hash text,
    verified_at timestamptz,
    language text NOT NULL DEFAULT 'en' CHECK (language IN ('de', 'en')),
    name text NOT NULL DEFAULT '',
    street text NOT NULL DEFAULT '',
    house_number text NOT NULL DEFAULT '',
    postal_code text NOT NULL DEFAULT '',
    town text NOT NULL DEFAULT '',
    -- ISO 3166-1 alpha-2.
    country text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (password_hash IS NULL OR verified_at IS NOT NULL)
);
CREATE UNIQUE INDEX portal_user_email ON portal_user (lower(email));

-- Browsers that are logged in, by the SHA-256 of their token.
CREATE TABLE portal_session (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    portal_user bigint NOT NULL REFERENCES portal_user ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX portal_session_user ON portal_session (portal_user);
CREATE INDEX portal_session_expires ON portal_session (expires_at);

-- What is sent by mail to prove an address, by its SHA-256; good once.
CREATE TABLE portal_code (
    code_hash bytea PRIMARY KEY CHECK (length(code_hash) = 32),
    portal_user bigint NOT NULL REFERENCES portal_user ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verify', 'reset')),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX portal_code_user ON portal_code (portal_user);

-- Clubs pay for teams that were registered on their account; an officer makes the bill.
CREATE TABLE club (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120)
);

CREATE TABLE club_officer (
    club bigint NOT NULL REFERENCES club,
    portal_user bigint NOT NULL REFERENCES portal_user ON DELETE CASCADE,
    PRIMARY KEY (club, portal_user)
);
CREATE INDEX club_officer_user ON club_officer (portal_user);

-- What teams register for: several may share one ledger, whose event gives currency.
CREATE TABLE competition (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event integer NOT NULL REFERENCES event,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    -- Shown to payers; the ledger's organizer account is keyed by the slug.
    organizer text NOT NULL,
    -- The account payers transfer to: hub.payments.transfer.Creditor, or null.
    creditor jsonb,
    -- The account settlements go to, in the same form, or null until it is known.
    payee jsonb,
    -- The first five digits of references: the bank's number for us, else zeros.
    reference_prefix text NOT NULL DEFAULT '00000'
        CHECK (reference_prefix ~ '^[0-9]{5}$'),
    zone text NOT NULL DEFAULT 'Europe/Zurich',
    opens_at timestamptz NOT NULL DEFAULT now(),
    -- Not shown to anybody while false.
    is_public boolean NOT NULL DEFAULT true
);
CREATE INDEX competition_event ON competition (event);

-- The ways to pay that a competition offers, and what each costs whom.
CREATE TABLE competition_method (
    competition bigint NOT NULL REFERENCES competition,
    -- hub.payments.registry.CODES
    method text NOT NULL,
    fixed_minor bigint NOT NULL DEFAULT 0 CHECK (fixed_minor >= 0),
    rate_bp integer NOT NULL DEFAULT 0 CHECK (rate_bp BETWEEN 0 AND 10000),
    most_minor bigint CHECK (most_minor >= 0),
    -- Else the organizer bears it. The law decides where this counts (fees.surcharge).
    payer_bears boolean NOT NULL DEFAULT false,
    -- The organizer's own words on how to pay, shown after the choice.
    instructions text NOT NULL DEFAULT '',
    PRIMARY KEY (competition, method)
);

CREATE TABLE category (
    competition bigint NOT NULL REFERENCES competition,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    position integer NOT NULL DEFAULT 0,
    PRIMARY KEY (competition, name)
);

-- A fee without a category is for all that have none of their own. The last deadline
-- ends registration.
CREATE TABLE start_fee (
    competition bigint NOT NULL REFERENCES competition,
    category text,
    deadline timestamptz NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    UNIQUE NULLS NOT DISTINCT (competition, category, deadline),
    FOREIGN KEY (competition, category) REFERENCES category
);

CREATE TABLE additional_fee (
    competition bigint NOT NULL REFERENCES competition,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    category text,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    UNIQUE NULLS NOT DISTINCT (competition, name, category),
    FOREIGN KEY (competition, category) REFERENCES category
);

-- A team, with what it has to pay as it was when it registered. Who puts it on a bill
-- or changes it locks its row first; once it is on a bill that was not canceled, it
-- stays as it is.
CREATE TABLE team (
    id uuid PRIMARY KEY,
    competition bigint NOT NULL,
    category text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    members text[] NOT NULL DEFAULT '{}' CHECK (cardinality(members) <= 50),
    registered_by bigint NOT NULL REFERENCES portal_user,
    club bigint REFERENCES club,
    -- Then the club's officers bill it, and not who registered it.
    paid_by_club boolean NOT NULL DEFAULT false,
    start_fee_minor bigint NOT NULL CHECK (start_fee_minor >= 0),
    registered_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    -- What the site that registered it calls it: said twice, it is one team.
    external_id text CHECK (length(external_id) BETWEEN 1 AND 100),
    FOREIGN KEY (competition, category) REFERENCES category,
    UNIQUE (competition, external_id),
    CHECK (NOT paid_by_club OR club IS NOT NULL)
);
CREATE INDEX team_registered_by ON team (registered_by);
CREATE INDEX team_club ON team (club) WHERE paid_by_club;
CREATE INDEX team_competition ON team (competition);

-- What a team pays beside its start fee, copied when it registered.
CREATE TABLE team_fee (
    team uuid NOT NULL REFERENCES team,
    position integer NOT NULL,
    label text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    PRIMARY KEY (team, position)
);

-- Registration sites that may add teams, by the SHA-256 of their token.
CREATE TABLE registration_site (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    competition bigint NOT NULL REFERENCES competition,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- Mail to be sent. Each keeps its Message-ID, so that one sent twice is recognized.
CREATE TABLE mail_outbox (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    message_id text NOT NULL UNIQUE,
    -- What it is about, so that the same is not queued again: null for mail on demand.
    occasion text UNIQUE,
    recipient text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL,
    -- Emptied when it was sent if there was a key to an account in it.
    body text NOT NULL,
    holds_secret boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    -- After it no attempt is made: an old key opens nothing.
    useless_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    given_up_at timestamptz,
    problem text NOT NULL DEFAULT ''
);
CREATE INDEX mail_outbox_due ON mail_outbox (due_at)
    WHERE sent_at IS NULL AND given_up_at IS NULL;
