-- What a tax audit asks of tills and their TSEs, as the tills say it: what each till
-- is, which TSE signed for it and since when, when none did, and the TSEs' own logs.

-- What a till is made of. The latest word counts; a new row where something changed.
CREATE TABLE till_description (
    event integer NOT NULL,
    till text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    said_at timestamptz NOT NULL DEFAULT now(),
    brand text NOT NULL,
    model text NOT NULL,
    serial text NOT NULL,
    software_brand text NOT NULL,
    software_version text NOT NULL,
    PRIMARY KEY (event, till, number),
    FOREIGN KEY (event, till) REFERENCES till
);

-- When a till was bought, put into service and taken out of it (section 146a (4) AO),
-- where that is not what the ledger knows. The latest word counts.
CREATE TABLE till_asset (
    event integer NOT NULL,
    till text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    said_at timestamptz NOT NULL DEFAULT now(),
    acquired_on date,
    commissioned_on date,
    decommissioned_on date,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (event, till, number),
    FOREIGN KEY (event, till) REFERENCES till
);

-- A TSE is its key: all of this follows from it, or was fixed when it was made. What
-- nobody could say at first (certificates, the BSI's number) may be said later, once.
CREATE TABLE tse (
    event integer NOT NULL REFERENCES event,
    serial text NOT NULL CHECK (serial ~ '^[0-9a-f]{64}$'),
    public_key bytea NOT NULL,
    algorithm text NOT NULL,
    time_format text NOT NULL,
    encoding text NOT NULL,
    -- DER, the TSE's own first.
    certificates bytea[] NOT NULL,
    -- As the register of the BSI writes it, "0362-2019"; empty where nobody said.
    bsi_id text NOT NULL DEFAULT '',
    said_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, serial)
);

-- How a TSE is doing; the latest word counts.
CREATE TABLE tse_state (
    event integer NOT NULL,
    tse_serial text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    said_at timestamptz NOT NULL DEFAULT now(),
    firmware text NOT NULL,
    description text NOT NULL,
    expires_at timestamptz NOT NULL,
    signatures_left bigint NOT NULL,
    PRIMARY KEY (event, tse_serial, number),
    FOREIGN KEY (event, tse_serial) REFERENCES tse
);

-- Which TSE a till signed with. `z_number` is the first it was in use for; a closing
-- stands between two uses.
CREATE TABLE tse_use (
    event integer NOT NULL,
    till text NOT NULL,
    tse_serial text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz CHECK (until >= since),
    reason text NOT NULL DEFAULT '',
    z_number bigint NOT NULL,
    PRIMARY KEY (event, till, since),
    FOREIGN KEY (event, till) REFERENCES till,
    FOREIGN KEY (event, tse_serial) REFERENCES tse
);
CREATE UNIQUE INDEX tse_use_now ON tse_use (event, till) WHERE until IS NULL;

-- When a till had no TSE that signs (AEAO zu section 146a AO), by the till's clock; one
-- that was set back meanwhile may have ended it before it began.
CREATE TABLE tse_outage (
    event integer NOT NULL,
    till text NOT NULL,
    id uuid NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    reason text NOT NULL,
    PRIMARY KEY (event, till, id),
    FOREIGN KEY (event, till) REFERENCES till
);
CREATE INDEX tse_outage_since ON tse_outage (event, till, since);

-- Why a closing has no signature, as its till said with it.
CREATE TABLE closing_outage (
    event integer NOT NULL,
    till text NOT NULL,
    z_number bigint NOT NULL,
    since timestamptz NOT NULL,
    reason text NOT NULL,
    -- The fiscal transaction that was begun for it, if one was.
    number bigint,
    PRIMARY KEY (event, till, z_number),
    FOREIGN KEY (event, till) REFERENCES till
);

-- Who vouched for the time a till gave its TSE where no server of time could.
CREATE TABLE tse_clock (
    event integer NOT NULL,
    till text NOT NULL,
    id uuid NOT NULL,
    confirmed_at timestamptz NOT NULL,
    confirmed_by text NOT NULL,
    PRIMARY KEY (event, till, id),
    FOREIGN KEY (event, till) REFERENCES till
);

-- Logs of TSEs as the tills delivered them: files below the hub's state directory.
-- `report` is what our own reader found in it.
CREATE TABLE tse_archive (
    event integer NOT NULL,
    till text NOT NULL,
    tse_serial text NOT NULL,
    id uuid NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    path text NOT NULL,
    delivered_at timestamptz NOT NULL DEFAULT now(),
    report jsonb NOT NULL,
    PRIMARY KEY (event, id),
    UNIQUE (event, till, digest),
    FOREIGN KEY (event, till) REFERENCES till,
    FOREIGN KEY (event, tse_serial) REFERENCES tse
);
CREATE INDEX tse_archive_tse ON tse_archive (event, tse_serial, delivered_at);

-- A use or an outage that goes on ends once; nothing else of it ever changes.
CREATE FUNCTION refuse_all_but_an_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.until IS NOT NULL OR to_jsonb(OLD) - 'until' <> to_jsonb(NEW) - 'until' THEN
        RAISE EXCEPTION 'Rows of the table % may only be given their end.', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_other_tse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.bsi_id <> '' AND NEW.bsi_id <> OLD.bsi_id)
       OR (OLD.certificates <> '{}' AND NEW.certificates <> OLD.certificates)
       OR to_jsonb(OLD) - 'bsi_id' - 'certificates'
          <> to_jsonb(NEW) - 'bsi_id' - 'certificates' THEN
        RAISE EXCEPTION 'What is known of a TSE never changes.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_itself BEFORE UPDATE ON tse
    FOR EACH ROW EXECUTE FUNCTION refuse_other_tse();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'till_description', 'till_asset', 'tse_state', 'tse_clock', 'tse_archive',
        'closing_outage'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['tse', 'tse_use', 'tse_outage'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['tse_use', 'tse_outage'] LOOP
        EXECUTE format(
            'CREATE TRIGGER ends_once BEFORE UPDATE ON %I '
            'FOR EACH ROW EXECUTE FUNCTION refuse_all_but_an_end()', name);
    END LOOP;
END $$;
