-- Every call of a payment method's routes and what became of it, whoever called: kept
-- as it came, beyond reach once written.

CREATE TABLE payment_log (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    logged_at timestamptz NOT NULL DEFAULT now(),
    -- 1 info, 2 warning (data was invalid), 3 error (hash check failed), 4 fatal.
    severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
    -- PostFinanceController, PaymentSlipController and so on.
    controller_name text NOT NULL CHECK (controller_name <> ''),
    action text NOT NULL CHECK (action <> ''),
    -- Which payment it is about, if it is about one.
    payment bigint REFERENCES payment,
    -- Of the client; null where a proxy gave none that is one.
    ip_address inet,
    -- What came, or what was made of it; secrets and cookies masked.
    message_string text NOT NULL CHECK (octet_length(message_string) <= 10000),
    -- The entry of the call, in the entry that says what became of it.
    regarding bigint REFERENCES payment_log
);
CREATE INDEX payment_log_severity ON payment_log (severity, id) WHERE severity > 1;
CREATE INDEX payment_log_payment ON payment_log (payment) WHERE payment IS NOT NULL;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
