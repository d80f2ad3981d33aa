-- The booking of a batch. Applied by every migration run; a change of meaning gets a
-- new number, so that the hub before and the hub after an update can run side by side.

-- rule 0: a request, booked only if the balance stays >= 0
-- rule 1: an advice, a credit or a reversal, booked whatever comes of it
-- rule 2: a stand-in advice, charged as far as the balance goes
-- rule 3: moves nothing
CREATE OR REPLACE FUNCTION running_balance_step(
    balance bigint, at_start bigint, rule smallint, change bigint
) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE
        WHEN rule = 3 THEN coalesce(balance, at_start)
        WHEN rule = 1 OR change >= 0 OR coalesce(balance, at_start) + change >= 0
            THEN coalesce(balance, at_start) + change
        WHEN rule = 2 THEN least(coalesce(balance, at_start), 0)
        ELSE coalesce(balance, at_start)
    END;
END $$;

CREATE OR REPLACE AGGREGATE running_balance(bigint, smallint, bigint) (
    sfunc = running_balance_step, stype = bigint
);

CREATE OR REPLACE FUNCTION refuse_repeated_orders_v1(p_items booking_item[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (
        SELECT count(*) <> count(DISTINCT id)
        FROM (
            SELECT order_id AS id FROM unnest(p_items)
            UNION ALL
            SELECT cancels FROM unnest(p_items) WHERE cancels IS NOT NULL
        ) AS named
    ) THEN
        RAISE EXCEPTION 'An order may be named only once in a batch.';
    END IF;
END $$;

-- Books items in the order given. An order may be named only once among them, as an
-- item's own or as the one it cancels: the caller sees to that. Nothing about one item
-- can fail another; a business "no" is a verdict.
CREATE OR REPLACE FUNCTION book_batch_v1(p_event integer, p_items booking_item[])
RETURNS booking_answer LANGUAGE plpgsql
-- Plans must not depend on statistics: tables grow from nothing to millions of rows
-- within hours, and every access below is meant to be an index probe.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_unit text;
    v_batch bigint;
    v_head bytea;
    v_states booking_state[];
    v_fates booking_fate[];
    v_closings booking_closing[];
    v_wallets bigint[];
    v_lines text[] := '{}';
    v_part text;
BEGIN
    -- The chain is one per event, so its lock comes first: whoever books the same
    -- order, wallet or cancellation at the same time waits here, and every statement
    -- below sees all that was committed before. Nobody else changes balances, so no
    -- wallet needs a lock of its own before its update.
    SELECT currency INTO STRICT v_unit FROM event WHERE number = p_event
    FOR NO KEY UPDATE;
    SELECT number + 1, chain_head INTO STRICT v_batch, v_head
    FROM batch WHERE event = p_event ORDER BY number DESC LIMIT 1;

    PERFORM refuse_repeated_orders_v1(p_items);
    IF is_fresh_batch_v1(p_event, p_items) THEN
        v_states := judge_fresh_batch_v1(p_event, p_items);
    ELSE
        v_states := judge_batch_v1(p_event, p_items);
    END IF;

    WITH asked AS (
        INSERT INTO attempt (event, order_id, attempt, digest, till, body, batch)
        SELECT p_event, i.order_id, i.attempt, i.digest, i.till, i.body, v_batch
        FROM unnest(p_items) WITH ORDINALITY AS i
        WHERE i.step = 'request' AND (v_states[i.ordinality]).fate = 'new'
        ORDER BY i.order_id, i.attempt
        RETURNING order_id, attempt, digest, till
    )
    SELECT string_agg(
        concat_ws('|', 'attempt', order_id, attempt, encode(digest, 'hex'), till),
        E'\n' ORDER BY order_id, attempt)
    INTO v_part FROM asked;
    v_lines := v_lines || v_part;

    -- Each wallet's movements in arrival order on its running balance; what an item
    -- really moved is the difference to the balance before it.
    WITH moved AS (
        SELECT s.position, s.order_id, s.step, s.attempt, s.cancels,
               m.part, m.wallet, m.rule, m.change AS wanted, s.wallet_minor,
               s.fate, s.books, s.reason, s.loss_reason, s.closes, s.flags,
               s.first_balance,
               w.balance_minor AS at_start, w.ctid AS place,
               running_balance(w.balance_minor, m.rule, m.change) OVER (
                   PARTITION BY m.wallet ORDER BY s.position, m.part
               ) AS balance
        FROM unnest(v_states) AS s
        CROSS JOIN LATERAL (
            SELECT 0, s.closes_wallet, 1::smallint, -s.closes_minor
            WHERE s.closes IS NOT NULL
            UNION ALL
            SELECT 1, s.wallet, s.rule, s.change
        ) AS m (part, wallet, rule, change)
        LEFT JOIN LATERAL (
            SELECT ctid, balance_minor FROM wallet
            WHERE event = p_event AND id = m.wallet LIMIT 1
        ) AS w ON true
    ), measured AS (
        SELECT *, coalesce(balance - coalesce(
            lag(balance) OVER (PARTITION BY wallet ORDER BY position, part), at_start
        ), 0) AS change
        FROM moved
    ), decided AS (
        SELECT *, books AND (rule <> 0 OR change = wanted) AS booked FROM measured
    ), paid AS (
        UPDATE wallet AS w
        SET balance_minor = p.balance,
            overdraft_minor = CASE
                WHEN p.forced THEN greatest(0, -p.balance)
                ELSE least(w.overdraft_minor, greatest(0, -p.balance))
            END
        FROM (
            SELECT place, bool_or(rule = 1) AS forced,
                   (array_agg(balance ORDER BY position DESC, part DESC))[1] AS balance
            FROM decided WHERE wallet IS NOT NULL
            GROUP BY wallet, place HAVING bool_or(change <> 0)
        ) AS p
        WHERE w.ctid = p.place
        RETURNING w.id
    )
    SELECT array_agg(
               ROW(
                   position, step, order_id, attempt, cancels, fate,
                   CASE WHEN booked THEN nextval('entry_id') END,
                   wallet, change,
                   CASE WHEN booked THEN wallet_minor - change ELSE 0 END,
                   coalesce(loss_reason, 'insufficient_balance'),
                   coalesce(first_balance, balance),
                   coalesce(reason, CASE
                       WHEN books AND NOT booked THEN 'insufficient_balance' END),
                   CASE WHEN flags IS NOT NULL THEN flags || array_remove(ARRAY[
                       CASE WHEN booked AND wallet_minor <> change
                            THEN 'stand_in_loss' END,
                       CASE WHEN booked AND change < 0 AND balance < 0
                            THEN 'exceeds_balance' END
                   ], NULL) END
               )::booking_fate ORDER BY position
           ) FILTER (WHERE part = 1),
           array_agg(
               ROW(order_id, closes, nextval('entry_id'))::booking_closing
               ORDER BY position
           ) FILTER (WHERE part = 0),
           (SELECT array_agg(id) FROM paid)
    INTO v_fates, v_closings, v_wallets FROM decided;

    WITH answered AS (
        INSERT INTO verdict
            (event, order_id, attempt, code, reason, balance_minor, batch)
        SELECT p_event, f.order_id, f.attempt,
               CASE WHEN f.reason IS NULL THEN 'booked'::verdict_code
                    ELSE 'declined' END,
               f.reason, f.balance_minor, v_batch
        FROM unnest(v_fates) AS f
        WHERE f.step = 'request' AND f.fate = 'new'
        RETURNING order_id, attempt, code, reason, balance_minor
    )
    SELECT string_agg(
        concat_ws('|', 'verdict', order_id, attempt, code, coalesce(reason, ''),
                  balance_minor),
        E'\n' ORDER BY order_id, attempt)
    INTO v_part FROM answered;
    v_lines := v_lines || v_part;

    v_lines := v_lines || record_advices_v1(p_event, v_batch, p_items, v_fates);

    WITH entered AS (
        INSERT INTO entry (event, id, batch, cause, order_id, attempt, reverses,
                           wallet, wallet_minor, cancels)
        SELECT p_event, f.entry, v_batch,
               CASE WHEN f.step = 'request' THEN 'request'::entry_cause
                    ELSE 'advice' END,
               f.order_id, f.attempt, NULL, f.wallet, f.charged, f.cancels
        FROM unnest(v_fates) AS f
        WHERE f.entry IS NOT NULL
        UNION ALL
        SELECT p_event, c.entry, v_batch, 'reversal', e.order_id, e.attempt, e.id,
               e.wallet, -e.wallet_minor, NULL
        FROM unnest(v_closings) AS c
        CROSS JOIN LATERAL (
            SELECT * FROM entry
            WHERE event = p_event AND order_id = c.order_id AND id = c.closes LIMIT 1
        ) AS e
        RETURNING id, cause, order_id, attempt, reverses
    )
    SELECT string_agg(
        concat_ws('|', 'entry', id, cause, order_id, attempt, reverses),
        E'\n' ORDER BY id)
    INTO v_part FROM entered;
    v_lines := v_lines || v_part;

    WITH posted AS (
        INSERT INTO posting (event, entry, account, unit, amount_minor)
        SELECT p_event, (v_fates[i.ordinality]).entry, p.account, v_unit, p.amount_minor
        FROM unnest(p_items) WITH ORDINALITY AS i, unnest(i.postings) AS p
        WHERE (v_fates[i.ordinality]).entry IS NOT NULL
        UNION ALL
        SELECT p_event, f.entry, f.wallet, v_unit, f.charged
        FROM unnest(v_fates) AS f
        WHERE f.entry IS NOT NULL AND f.wallet IS NOT NULL AND f.charged <> 0
        UNION ALL
        SELECT p_event, f.entry, a.id, v_unit, f.loss_minor
        FROM unnest(v_fates) AS f
        LEFT JOIN LATERAL (
            SELECT id FROM account
            WHERE event = p_event AND role = 'stand_in_loss' AND key = f.loss_reason
            LIMIT 1
        ) AS a ON true
        WHERE f.entry IS NOT NULL AND f.loss_minor <> 0
        UNION ALL
        SELECT p_event, c.entry, p.account, p.unit, -p.amount_minor
        FROM unnest(v_closings) AS c
        CROSS JOIN LATERAL (
            SELECT * FROM posting WHERE entry = c.closes OFFSET 0
        ) AS p
        RETURNING entry, account, unit, amount_minor
    )
    SELECT string_agg(
        concat_ws('|', 'posting', entry, account, unit, amount_minor),
        E'\n' ORDER BY entry, account)
    INTO v_part FROM posted;
    v_lines := v_lines || v_part;

    v_head := sha256(
        v_head || convert_to(array_to_string(v_lines, E'\n'), 'UTF8'));
    INSERT INTO batch (event, number, chain_head, booked_at)
    VALUES (p_event, v_batch, v_head, clock_timestamp());

    RETURN ROW(
        v_batch, v_head,
        (
            SELECT array_agg(
                ROW(
                    CASE
                        WHEN f.step <> 'request' THEN 'recorded'
                        WHEN f.fate = 'conflict' THEN 'conflict'
                        WHEN f.reason IS NULL THEN 'booked'
                        ELSE 'declined'
                    END,
                    f.reason, f.balance_minor, f.flags
                )::booking_result ORDER BY f.position
            )
            FROM unnest(v_fates) AS f
        ),
        v_wallets
    );
END $$;

-- The tills' words: outcomes, contradictions and signatures. Returns the chain's lines.
CREATE OR REPLACE FUNCTION record_advices_v1(
    p_event integer, p_batch bigint, p_items booking_item[], p_fates booking_fate[]
) RETURNS text[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_lines text[] := '{}';
    v_part text;
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_items) WHERE step <> 'request') THEN
        RETURN v_lines;
    END IF;
    WITH ended AS (
        INSERT INTO outcome (event, order_id, outcome, attempt, digest, till, serial,
                             wallet_minor, cancels, advice_digest, advice, flags, batch)
        SELECT p_event, i.order_id, i.step::order_outcome, i.attempt, i.digest, i.till,
               i.serial, i.wallet_minor, i.cancels, i.advice_digest, i.body,
               (p_fates[i.ordinality]).flags, p_batch
        FROM unnest(p_items) WITH ORDINALITY AS i
        WHERE i.step <> 'request' AND (p_fates[i.ordinality]).fate = 'new'
        RETURNING order_id, outcome, attempt, advice_digest, flags
    )
    SELECT string_agg(
        concat_ws('|', 'outcome', order_id, outcome, attempt,
                  encode(advice_digest, 'hex'), array_to_string(flags, ',')),
        E'\n' ORDER BY order_id)
    INTO v_part FROM ended;
    v_lines := v_lines || v_part;

    WITH contradicted AS (
        INSERT INTO contradiction (event, order_id, advice_digest, advice, batch)
        SELECT p_event, i.order_id, i.advice_digest, i.body, p_batch
        FROM unnest(p_items) WITH ORDINALITY AS i
        WHERE (p_fates[i.ordinality]).fate = 'contradiction'
        ON CONFLICT DO NOTHING
        RETURNING order_id, advice_digest
    )
    SELECT string_agg(
        concat_ws('|', 'contradiction', order_id, encode(advice_digest, 'hex')),
        E'\n' ORDER BY order_id)
    INTO v_part FROM contradicted;
    v_lines := v_lines || v_part;

    WITH signed AS (
        INSERT INTO signature (event, order_id, tse_serial, number, counter, batch)
        SELECT p_event, i.order_id, i.tse_serial, i.tse_number, i.tse_counter, p_batch
        FROM unnest(p_items) WITH ORDINALITY AS i
        WHERE i.tse_serial IS NOT NULL AND (p_fates[i.ordinality]).fate = 'new'
        RETURNING order_id, tse_serial, number, counter
    )
    SELECT string_agg(
        concat_ws('|', 'signature', order_id, tse_serial, number, counter),
        E'\n' ORDER BY order_id)
    INTO v_part FROM signed;
    RETURN v_lines || v_part;
END $$;
