-- What the writer's batch does to the database, in one call. Applied by every migration
-- run; a change of meaning gets a new number, so that the hub before and the hub after
-- an update can run side by side.

-- Checks, before a batch is applied, whether its entries allow what it says of limits;
-- beside book_batch_v1. The writer says how far wallets are overdrawn or above their
-- limits, but only what was done already may take them there: what tills report, what is
-- undone or given back (deposits), and what came in without a till. What is only asked
-- for may not. The entries come as text: they are looked into only where a limit is
-- passed further. KB001: it only seems so, as another writer was faster.
CREATE OR REPLACE FUNCTION guard_limits_v1(
    p_event integer, p_number bigint, p_head_before bytea,
    p_wallet bigint[], p_before bigint[], p_balance bigint[],
    p_overdraft bigint[], p_excess bigint[],
    p_held_before bigint, p_held bigint, p_held_excess bigint,
    p_attempt_order text, p_attempt_till text, p_entry text, p_cause text,
    p_order text, p_cancels text, p_first text, p_middle text, p_account text,
    p_amount text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_deeper bigint[];
    v_higher bigint[];
    v_all_higher boolean := false;
    v_guilty text;
    v_account bigint[];
    v_amount bigint[];
BEGIN
    IF p_held - p_held_before <> (
        SELECT coalesce(sum(balance - before), 0)
        FROM unnest(p_balance, p_before) AS said (balance, before)
    ) THEN
        RAISE EXCEPTION 'The wallets do not gain together what each of them gains.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT (0 < ANY (p_overdraft) OR 0 < ANY (p_excess) OR p_held_excess > 0) THEN
        RETURN;
    END IF;

    SELECT array_agg(said.id) FILTER (WHERE said.overdraft > w.overdraft_minor),
           array_agg(said.id) FILTER (WHERE said.excess > w.excess_minor)
    INTO v_deeper, v_higher
    FROM unnest(p_wallet, p_overdraft, p_excess) AS said (id, overdraft, excess)
    CROSS JOIN LATERAL (
        SELECT overdraft_minor, excess_minor FROM wallet
        WHERE event = p_event AND id = said.id LIMIT 1
    ) AS w
    WHERE said.overdraft > 0 OR said.excess > 0;
    IF p_held_excess > 0 THEN
        SELECT p_held_excess > excess_minor INTO v_all_higher
        FROM guests_money WHERE event = p_event;
    END IF;
    IF v_deeper IS NULL AND v_higher IS NULL AND NOT v_all_higher THEN
        RETURN;
    END IF;

    v_account := p_account::bigint[];
    v_amount := p_amount::bigint[];
    WITH posted AS MATERIALIZED (
        SELECT e.id, e.cause, e.order_id, e.cancels,
               v_account[place] AS account, v_amount[place] AS amount
        FROM unnest(p_entry::bigint[], p_cause::entry_cause[], p_order::uuid[],
                    p_cancels::uuid[], p_first::integer[], p_middle::integer[])
            AS e (id, cause, order_id, cancels, first, middle)
        CROSS JOIN LATERAL generate_series(e.first, e.middle) AS place
    ), moved AS MATERIALIZED (
        SELECT p.account, p.amount, p.cause <> 'request' OR own.order_id IS NOT NULL
                   AS is_done, p.cancels IS NOT NULL OR EXISTS (
                       SELECT FROM posted AS q
                       JOIN account AS a ON a.id = q.account
                       WHERE q.id = p.id AND q.amount < 0
                         AND a.role = 'deposit_liability'
                   ) AS gives_back
        FROM posted AS p
        LEFT JOIN unnest(p_attempt_order::uuid[], p_attempt_till::text[])
            AS own (order_id, till) ON own.order_id = p.order_id AND own.till IS NULL
        WHERE p.account = ANY (p_wallet)
    ), excused AS (
        SELECT account, amount < 0 AS takes FROM moved
        WHERE is_done OR (gives_back AND amount > 0)
    )
    SELECT guilty.who INTO v_guilty FROM (
        SELECT 'wallet account ' || id AS who FROM unnest(v_deeper) AS w (id)
        WHERE NOT EXISTS (SELECT FROM excused WHERE account = w.id AND takes)
        UNION ALL
        SELECT 'wallet account ' || id FROM unnest(v_higher) AS w (id)
        WHERE NOT EXISTS (SELECT FROM excused WHERE account = w.id AND NOT takes)
        UNION ALL
        SELECT 'the event' WHERE v_all_higher
        AND NOT EXISTS (SELECT FROM excused WHERE NOT takes)
    ) AS guilty LIMIT 1;
    IF FOUND THEN
        PERFORM FROM batch
        WHERE event = p_event AND number = p_number - 1 AND chain_head = p_head_before
          AND NOT EXISTS (SELECT FROM batch WHERE event = p_event AND number = p_number);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The ledger is not at batch % any more.', p_number - 1
                USING ERRCODE = 'KB001';
        END IF;
        RAISE EXCEPTION 'The limit of % is passed by what was only asked for.', v_guilty
            USING ERRCODE = 'check_violation';
    END IF;
END $$;

-- Appends a batch that was judged by the hub, and applies it to wallets and holdings.
-- Two writers can't both append to the same head: the second one waits at the batch's
-- primary key, fails with unique_violation, and must judge again. All postings come in
-- one row: those of an entry from its first to its middle one are of money, those after
-- that, to its last one, of vouchers. Errors of our own:
-- KB001: the ledger is not where the writer believes it to be; KB002: an order that
-- should be new has been heard of; KB003: a wallet does not hold what it should.
CREATE OR REPLACE FUNCTION book_batch_v1(
    p_event integer, p_number bigint, p_head_before bytea, p_head bytea,
    p_last_entry bigint, p_fresh uuid[],
    p_attempt_order uuid[], p_attempt smallint[], p_attempt_digest bytea[],
    p_attempt_till text[], p_attempt_body bytea[], p_attempt_reason text[],
    p_attempt_balance bigint[],
    p_entry bigint[], p_entry_cause entry_cause[], p_entry_order uuid[],
    p_entry_attempt smallint[], p_entry_reverses bigint[], p_entry_cancels uuid[],
    p_entry_first integer[], p_entry_middle integer[], p_entry_last integer[],
    p_posting_account bigint[], p_posting_amount bigint[],
    p_wallet bigint[], p_wallet_before bigint[], p_wallet_balance bigint[],
    p_wallet_overdraft bigint[], p_wallet_excess bigint[],
    p_vouchers_before bigint[], p_vouchers bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_touched bigint;
BEGIN
    INSERT INTO batch (event, number, chain_head, last_entry, booked_at)
    SELECT p_event, p_number, p_head, p_last_entry, clock_timestamp()
    FROM batch
    WHERE event = p_event AND number = p_number - 1 AND chain_head = p_head_before;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The ledger is not at batch % any more.', p_number - 1
            USING ERRCODE = 'KB001';
    END IF;

    -- Joins that keep to index probes; a bare EXISTS would, planned while the tables
    -- are small, read them whole for ever after.
    PERFORM FROM unnest(p_fresh) AS f (order_id)
    LEFT JOIN LATERAL (
        SELECT a.attempt FROM attempt AS a
        WHERE a.event = p_event AND a.order_id = f.order_id LIMIT 1
    ) AS asked ON true
    LEFT JOIN LATERAL (
        SELECT o.attempt FROM outcome AS o
        WHERE o.event = p_event AND o.order_id = f.order_id LIMIT 1
    ) AS ended ON true
    WHERE asked.attempt IS NOT NULL OR ended.attempt IS NOT NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'An order is not new.' USING ERRCODE = 'KB002';
    END IF;

    INSERT INTO attempt (event, order_id, attempt, digest, till, body, reason,
                         balance_minor, batch)
    SELECT p_event, order_id, attempt, digest, till, body, reason, balance_minor,
           p_number
    FROM unnest(p_attempt_order, p_attempt, p_attempt_digest, p_attempt_till,
                p_attempt_body, p_attempt_reason, p_attempt_balance)
        AS asked (order_id, attempt, digest, till, body, reason, balance_minor);

    INSERT INTO entry (event, id, batch, cause, order_id, attempt, reverses, cancels,
                       accounts, amounts, voucher_accounts, voucher_amounts)
    SELECT p_event, id, p_number, cause, order_id, attempt, reverses, cancels,
           p_posting_account[first:middle], p_posting_amount[first:middle],
           CASE WHEN last > middle THEN p_posting_account[middle + 1:last] END,
           CASE WHEN last > middle THEN p_posting_amount[middle + 1:last] END
    FROM unnest(p_entry, p_entry_cause, p_entry_order, p_entry_attempt,
                p_entry_reverses, p_entry_cancels, p_entry_first, p_entry_middle,
                p_entry_last)
        AS entered (id, cause, order_id, attempt, reverses, cancels, first, middle,
                    last);

    -- A limit that was raised after the writer judged leaves less above it; one that
    -- was lowered leaves more, which the table's own check refuses.
    UPDATE wallet AS w
    SET balance_minor = c.balance, overdraft_minor = c.overdraft,
        excess_minor = least(c.excess, greatest(0, c.balance - coalesce(cap_minor,
                                                                        c.balance))),
        vouchers = c.vouchers, used = true
    FROM (
        SELECT found.place, said.*
        FROM unnest(p_wallet, p_wallet_before, p_wallet_balance, p_wallet_overdraft,
                    p_wallet_excess, p_vouchers_before, p_vouchers)
            AS said (id, before, balance, overdraft, excess, vouchers_before, vouchers)
        CROSS JOIN LATERAL (
            SELECT ctid AS place FROM wallet
            WHERE event = p_event AND id = said.id LIMIT 1
        ) AS found
    ) AS c
    WHERE w.ctid = c.place
      AND w.balance_minor = c.before AND w.vouchers = c.vouchers_before;
    GET DIAGNOSTICS v_touched = ROW_COUNT;
    IF v_touched <> cardinality(p_wallet) THEN
        RAISE EXCEPTION 'A wallet does not hold what the writer believes it to hold.'
            USING ERRCODE = 'KB003';
    END IF;
END $$;

-- Keeps what all wallets hold together below the event's limit; beside book_batch_v1.
-- As with wallets, a limit that was raised meanwhile leaves less above it.
CREATE OR REPLACE FUNCTION hold_guests_money_v1(
    p_event integer, p_before bigint, p_held bigint, p_excess bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE guests_money
    SET held_minor = p_held,
        excess_minor = least(p_excess, greatest(0, p_held - coalesce(cap_minor,
                                                                     p_held)))
    WHERE event = p_event AND held_minor = p_before;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The wallets do not hold what the writer believes them to hold.'
            USING ERRCODE = 'KB003';
    END IF;
END $$;

-- Adds what the tills said of ended orders, in the same statement as the batch.
CREATE OR REPLACE FUNCTION record_advices_v1(
    p_event integer, p_batch bigint,
    p_order uuid[], p_outcome order_outcome[], p_attempt smallint[], p_digest bytea[],
    p_till text[], p_payer bigint[], p_cancels uuid[], p_advice_digest bytea[],
    p_advice bytea[], p_flags text[], p_z_number bigint[], p_sequence bigint[],
    p_contradicted uuid[], p_contradicted_digest bytea[], p_contradicted_advice bytea[],
    p_signed uuid[], p_tse_serial text[], p_tse_number bigint[], p_tse_counter bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO outcome (event, order_id, outcome, attempt, digest, till, payer,
                         cancels, advice_digest, advice, flags, batch, z_number,
                         sequence)
    SELECT p_event, order_id, outcome, attempt, digest, till, payer, cancels,
           advice_digest, advice, coalesce(string_to_array(flags, '+'), '{}'), p_batch,
           z_number, sequence
    FROM unnest(p_order, p_outcome, p_attempt, p_digest, p_till, p_payer, p_cancels,
                p_advice_digest, p_advice, p_flags, p_z_number, p_sequence)
        AS ended (order_id, outcome, attempt, digest, till, payer, cancels,
                  advice_digest, advice, flags, z_number, sequence);
    INSERT INTO contradiction (event, order_id, advice_digest, advice, batch)
    SELECT p_event, order_id, advice_digest, advice, p_batch
    FROM unnest(p_contradicted, p_contradicted_digest, p_contradicted_advice)
        AS said (order_id, advice_digest, advice)
    ON CONFLICT DO NOTHING;
    INSERT INTO signature (event, order_id, tse_serial, number, counter, batch)
    SELECT p_event, order_id, tse_serial, number, counter, p_batch
    FROM unnest(p_signed, p_tse_serial, p_tse_number, p_tse_counter)
        AS signed (order_id, tse_serial, number, counter);
END $$;

-- Applies a batch to the places that hold cash; beside book_batch_v1, too.
CREATE OR REPLACE FUNCTION hold_cash_v1(
    p_event integer, p_id bigint[], p_before bigint[], p_balance bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_touched bigint;
BEGIN
    IF cardinality(p_id) = 0 THEN
        RETURN;
    END IF;
    UPDATE holding AS h
    SET balance_minor = c.balance
    FROM (
        SELECT found.place, said.before, said.balance
        FROM unnest(p_id, p_before, p_balance) AS said (id, before, balance)
        CROSS JOIN LATERAL (
            SELECT ctid AS place FROM holding
            WHERE event = p_event AND id = said.id LIMIT 1
        ) AS found
    ) AS c
    WHERE h.ctid = c.place AND h.balance_minor = c.before;
    GET DIAGNOSTICS v_touched = ROW_COUNT;
    IF v_touched <> cardinality(p_id) THEN
        RAISE EXCEPTION 'A place does not hold the cash the writer believes it to hold.'
            USING ERRCODE = 'KB003';
    END IF;
END $$;

-- Changes wristbands, and keeps what they were changed to; beside book_batch_v1, too.
CREATE OR REPLACE FUNCTION change_wristbands_v1(
    p_event integer, p_batch bigint,
    p_serial bigint[], p_entry bigint[], p_wallet bigint[], p_blocked boolean[],
    p_registered boolean[], p_restriction smallint[], p_successor bigint[],
    p_note uuid[], p_order uuid[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(p_serial) = 0 THEN
        RETURN;
    END IF;
    INSERT INTO wristband_change (event, serial, entry, wallet, blocked, registered,
                                  restriction, successor, note, order_id, batch)
    SELECT p_event, serial, entry, wallet, blocked, registered, restriction, successor,
           note, order_id, p_batch
    FROM unnest(p_serial, p_entry, p_wallet, p_blocked, p_registered, p_restriction,
                p_successor, p_note, p_order)
        AS changed (serial, entry, wallet, blocked, registered, restriction, successor,
                    note, order_id);
    -- By a probe per wristband: joined otherwise, all of them would be read.
    UPDATE wristband AS b
    SET wallet = c.wallet, blocked = c.blocked, registered = c.registered,
        restriction = c.restriction, successor = c.successor, note = c.note
    FROM (
        SELECT found.place, changed.*
        FROM (
            SELECT DISTINCT ON (serial) serial, wallet, blocked, registered,
                   restriction, successor, note
            FROM unnest(p_serial, p_entry, p_wallet, p_blocked, p_registered,
                        p_restriction, p_successor, p_note)
                AS said (serial, entry, wallet, blocked, registered, restriction,
                         successor, note)
            ORDER BY serial, entry DESC
        ) AS changed
        CROSS JOIN LATERAL (
            SELECT ctid AS place FROM wristband
            WHERE event = p_event AND serial = changed.serial LIMIT 1
        ) AS found
    ) AS c
    WHERE b.ctid = c.place;
END $$;

-- Keeps whose a cash register became; beside book_batch_v1, too. Not in plain SQL, as
-- none of these: the plan of such a function is made anew at each call.
CREATE OR REPLACE FUNCTION change_shifts_v1(
    p_event integer, p_batch bigint,
    p_register text[], p_entry bigint[], p_holder text[], p_z_number bigint[],
    p_order uuid[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(p_register) = 0 THEN
        RETURN;
    END IF;
    INSERT INTO shift_change (event, register, entry, holder, z_number, order_id, batch)
    SELECT p_event, register, entry, holder, z_number, order_id, p_batch
    FROM unnest(p_register, p_entry, p_holder, p_z_number, p_order)
        AS changed (register, entry, holder, z_number, order_id);
END $$;

-- Keeps the tills' Z reports; beside book_batch_v1, too.
CREATE OR REPLACE FUNCTION record_closings_v1(
    p_event integer, p_batch bigint,
    p_till text[], p_z_number bigint[], p_first bigint[], p_last bigint[],
    p_digest bytea[], p_report bytea[], p_signature bytea[], p_flags text[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(p_till) = 0 THEN
        RETURN;
    END IF;
    INSERT INTO closing (event, till, z_number, first_sequence, last_sequence, digest,
                         report, signature, flags, batch)
    SELECT p_event, till, z_number, first, last, digest, report, signature,
           coalesce(string_to_array(flags, '+'), '{}'), p_batch
    FROM unnest(p_till, p_z_number, p_first, p_last, p_digest, p_report, p_signature,
                p_flags)
        AS closed (till, z_number, first, last, digest, report, signature, flags);
END $$;

-- Keeps who came in by codes of the presale; beside book_batch_v1, too. A code that is
-- not held as the writer believes fails as KB003: nobody comes in twice by it.
CREATE OR REPLACE FUNCTION use_presales_v1(
    p_event integer, p_batch bigint,
    p_code text[], p_entry bigint[], p_before uuid[], p_holder uuid[], p_order uuid[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(p_code) = 0 THEN
        RETURN;
    END IF;
    PERFORM FROM (
        SELECT DISTINCT ON (code) code, before
        FROM unnest(p_code, p_entry, p_before) AS told (code, entry, before)
        ORDER BY code, entry
    ) AS said
    LEFT JOIN LATERAL (
        SELECT holder FROM presale_use
        WHERE event = p_event AND code_hash = said.code
        ORDER BY entry DESC LIMIT 1
    ) AS latest ON true
    WHERE latest.holder IS DISTINCT FROM said.before;
    IF FOUND THEN
        RAISE EXCEPTION 'A code of the presale is not held as the writer believes.'
            USING ERRCODE = 'KB003';
    END IF;
    INSERT INTO presale_use (event, code_hash, entry, holder, order_id, batch)
    SELECT p_event, code, entry, holder, order_id, p_batch
    FROM unnest(p_code, p_entry, p_holder, p_order)
        AS used (code, entry, holder, order_id);
END $$;

-- Keeps which entries moved which wallets; beside book_batch_v1, too.
CREATE OR REPLACE FUNCTION keep_movements_v1(
    p_event integer, p_wallet bigint[], p_entry bigint[], p_order uuid[]
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(p_wallet) = 0 THEN
        RETURN;
    END IF;
    INSERT INTO movement (event, wallet, entry, order_id)
    SELECT p_event, wallet, entry, order_id
    FROM unnest(p_wallet, p_entry, p_order) AS moved (wallet, entry, order_id);
END $$;
