-- Guests' browsers on the portal: each may look at one wristband for a short while.

-- By the SHA-256 of the browser's token. `bond` ties it to the code it was opened with:
-- when the wristband gets another one, or is forgotten, the session has ended.
CREATE TABLE guest_session (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    event integer NOT NULL,
    serial bigint NOT NULL,
    bond bytea NOT NULL CHECK (length(bond) = 32),
    begun_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (event, serial) REFERENCES wristband
);
CREATE INDEX guest_session_expires ON guest_session (expires_at);
CREATE INDEX guest_session_wristband ON guest_session (event, serial);

-- Portal codes are looked up by their hash.
CREATE INDEX wristband_code ON wristband (event, code_hash);

-- The event's own account, to which guests transfer what they top up by:
-- hub.payments.transfer.Creditor.
CREATE TABLE top_up_account (
    event integer PRIMARY KEY REFERENCES event,
    creditor jsonb NOT NULL
);
