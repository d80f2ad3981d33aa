-- What a batch's items are, before any balance is looked at: whether each is a repeat,
-- which live booking of its order it closes, and by which rule of running_balance
-- (functions.sql) it may book. Applied by every migration run, as functions.sql is.

-- The one booking of an order that is not reversed, if there is one.
CREATE OR REPLACE FUNCTION live_entry_v1(p_event integer, p_order uuid)
RETURNS SETOF entry LANGUAGE sql STABLE ROWS 1 AS $$
SELECT e.* FROM entry AS e
WHERE e.event = p_event AND e.order_id = p_order AND e.reverses IS NULL
  AND NOT EXISTS (
    SELECT FROM entry AS r
    WHERE r.event = e.event AND r.order_id = e.order_id AND r.reverses = e.id
)
$$;

-- For any batch.
CREATE OR REPLACE FUNCTION judge_batch_v1(p_event integer, p_items booking_item[])
RETURNS booking_state[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN RETURN (
WITH known AS (
    SELECT i.*,
           asked.digest AS asked_digest,
           asked.code AS answered,
           asked.reason AS answered_reason,
           asked.balance_minor AS answered_balance,
           top.attempt AS top_attempt,
           ended.outcome AS ended,
           ended.attempt AS ended_attempt,
           ended.digest AS ended_digest,
           ended.advice_digest AS ended_advice,
           ended.flags AS ended_flags,
           live.id AS live,
           live.attempt AS live_attempt,
           live.wallet AS live_wallet,
           live.wallet_minor AS live_minor,
           band.wallet AS wallet,
           band.blocked AS blocked,
           CASE
               WHEN i.cancels IS NULL THEN NULL
               WHEN original.order_id IS NULL THEN 'not_final_yet'
               WHEN canceled.id IS NOT NULL THEN 'already_canceled'
               WHEN original.outcome = 'aborted'
                    OR original.serial IS DISTINCT FROM i.serial
                    OR original.wallet_minor <> -i.wallet_minor
                    THEN 'nothing_to_cancel'
           END AS cancel_refusal,
           -- A guest gets back what was charged; the rest was a loss, and is undone.
           coalesce(-undone.wallet_minor, i.wallet_minor) AS change
    FROM unnest(p_items) WITH ORDINALITY AS i
    LEFT JOIN LATERAL (
        SELECT attempt FROM attempt AS a
        WHERE a.event = p_event AND a.order_id = i.order_id
        ORDER BY a.attempt DESC LIMIT 1
    ) AS top ON true
    LEFT JOIN LATERAL (
        SELECT a.digest, v.code, v.reason, v.balance_minor
        FROM attempt AS a JOIN verdict AS v USING (event, order_id, attempt)
        WHERE top.attempt IS NOT NULL AND a.event = p_event
          AND a.order_id = i.order_id AND a.attempt = i.attempt LIMIT 1
    ) AS asked ON true
    LEFT JOIN LATERAL (
        SELECT * FROM outcome AS o
        WHERE o.event = p_event AND o.order_id = i.order_id LIMIT 1
    ) AS ended ON true
    LEFT JOIN LATERAL (
        SELECT * FROM live_entry_v1(p_event, i.order_id)
        WHERE top.attempt IS NOT NULL AND ended.order_id IS NULL LIMIT 1
    ) AS live ON true
    LEFT JOIN LATERAL (
        SELECT wallet, blocked FROM wristband AS b
        WHERE b.event = p_event AND b.serial = i.serial LIMIT 1
    ) AS band ON true
    LEFT JOIN LATERAL (
        SELECT * FROM outcome AS o
        WHERE i.cancels IS NOT NULL AND o.event = p_event
          AND o.order_id = i.cancels LIMIT 1
    ) AS original ON true
    LEFT JOIN LATERAL (
        SELECT e.id FROM entry AS e
        WHERE i.cancels IS NOT NULL AND e.event = p_event AND e.cancels = i.cancels
          AND e.order_id <> i.order_id
          AND NOT EXISTS (
              SELECT FROM entry AS r
              WHERE r.event = p_event AND r.order_id = e.order_id
                AND r.reverses = e.id
          )
        LIMIT 1
    ) AS canceled ON true
    LEFT JOIN LATERAL (
        SELECT * FROM live_entry_v1(p_event, i.cancels)
        WHERE i.cancels IS NOT NULL AND canceled.id IS NULL
          AND original.serial = i.serial AND original.wallet_minor = -i.wallet_minor
        LIMIT 1
    ) AS undone ON true
), sorted AS (
    SELECT *,
           CASE
               WHEN step = 'request' AND (
                   asked_digest <> digest
                   OR asked_digest IS NULL AND ended_attempt = attempt
                      AND ended_digest <> digest
               ) THEN 'conflict'
               WHEN step = 'request' AND answered IS NOT NULL THEN 'repeat'
               WHEN step = 'request' OR ended IS NULL THEN 'new'
               WHEN ended_advice = advice_digest THEN 'repeat'
               ELSE 'contradiction'
           END AS fate,
           step = 'completed' AND live_attempt = attempt AND asked_digest = digest
               AS stands
    FROM known
), judged AS (
    SELECT *,
           CASE
               WHEN step <> 'request' OR fate = 'conflict' THEN NULL
               WHEN fate <> 'new' THEN answered_reason
               WHEN ended = 'aborted' THEN 'aborted'
               WHEN ended_attempt = attempt THEN NULL
               WHEN ended IS NOT NULL OR top_attempt > attempt THEN 'superseded'
               WHEN refusal IS NOT NULL THEN refusal
               WHEN serial IS NOT NULL AND wallet IS NULL THEN 'unknown_wristband'
               WHEN blocked AND wallet_minor < 0 THEN 'blocked_wristband'
               ELSE cancel_refusal
           END AS reason,
           CASE
               WHEN refusal IS NOT NULL THEN refusal
               WHEN serial IS NOT NULL AND wallet IS NULL THEN 'unknown_wristband'
               WHEN blocked AND wallet_minor < 0 THEN 'blocked_wristband'
           END AS loss_reason
    FROM sorted
), ruled AS (
    SELECT *,
           fate = 'new' AND ended IS NULL AND (
               step = 'request' AND reason IS NULL
               OR step = 'completed' AND NOT coalesce(stands, false)
           ) AS books,
           fate = 'new' AND live IS NOT NULL AND CASE
               WHEN step = 'request' THEN live_attempt < attempt
               ELSE NOT coalesce(stands, false)
           END AS closes
    FROM judged
)
SELECT array_agg(
    ROW(
        ordinality, step, order_id, attempt, cancels, fate, books,
        CASE
            WHEN NOT books OR wallet IS NULL THEN 3
            WHEN step = 'request' AND cancels IS NULL THEN 0
            WHEN step = 'request' THEN 1
            WHEN loss_reason IS NOT NULL THEN 3
            WHEN stand_in THEN 2
            ELSE 1
        END,
        wallet, wallet_minor, change, reason, loss_reason,
        CASE WHEN closes THEN live END,
        CASE WHEN closes THEN live_wallet END,
        CASE WHEN closes THEN live_minor END,
        CASE WHEN fate = 'repeat' THEN answered_balance END,
        CASE
            WHEN step = 'request' THEN NULL
            WHEN fate = 'repeat' THEN ended_flags
            WHEN fate = 'contradiction' THEN ARRAY['contradicts_advice']
            ELSE flags || array_remove(ARRAY[
                CASE WHEN answered = 'declined' AND step = 'completed'
                     THEN 'contradicts_decline' END,
                CASE WHEN asked_digest <> digest THEN 'other_bytes' END,
                CASE WHEN books AND cancel_refusal IS NOT NULL
                     THEN 'inconsistent_order' END
            ], NULL)
        END
    )::booking_state ORDER BY ordinality
)
FROM ruled
); END $$;

-- The same for a batch that is_fresh_batch_v1: starting the large query above costs as
-- much as judging some forty orders.
CREATE OR REPLACE FUNCTION judge_fresh_batch_v1(
    p_event integer, p_items booking_item[]
) RETURNS booking_state[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN RETURN (
WITH judged AS (
    SELECT i.*, band.wallet,
           CASE
               WHEN refusal IS NOT NULL THEN refusal
               WHEN i.serial IS NOT NULL AND band.wallet IS NULL
                    THEN 'unknown_wristband'
               WHEN band.blocked AND wallet_minor < 0 THEN 'blocked_wristband'
           END AS objection
    FROM unnest(p_items) WITH ORDINALITY AS i
    LEFT JOIN LATERAL (
        SELECT wallet, blocked FROM wristband AS b
        WHERE b.event = p_event AND b.serial = i.serial LIMIT 1
    ) AS band ON true
), ruled AS (
    SELECT *,
           step = 'completed' OR step = 'request' AND objection IS NULL AS books
    FROM judged
)
SELECT array_agg(
    ROW(
        ordinality, step, order_id, attempt, NULL, 'new', books,
        CASE
            WHEN NOT books OR wallet IS NULL OR objection IS NOT NULL THEN 3
            WHEN step = 'request' THEN 0
            WHEN stand_in THEN 2
            ELSE 1
        END,
        wallet, wallet_minor, wallet_minor,
        CASE WHEN step = 'request' THEN objection END, objection,
        NULL, NULL, NULL, NULL,
        CASE WHEN step <> 'request' THEN flags END
    )::booking_state ORDER BY ordinality
)
FROM ruled
); END $$;

-- Whether nobody has heard of any order of a batch, and it cancels nothing. The joins
-- keep to index probes; a bare EXISTS would, planned while the tables are small, read
-- them whole for ever after.
CREATE OR REPLACE FUNCTION is_fresh_batch_v1(p_event integer, p_items booking_item[])
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RETURN NOT EXISTS (
    SELECT FROM unnest(p_items) AS i
    LEFT JOIN LATERAL (
        SELECT a.attempt FROM attempt AS a
        WHERE a.event = p_event AND a.order_id = i.order_id LIMIT 1
    ) AS asked ON true
    LEFT JOIN LATERAL (
        SELECT o.attempt FROM outcome AS o
        WHERE o.event = p_event AND o.order_id = i.order_id LIMIT 1
    ) AS ended ON true
    WHERE i.cancels IS NOT NULL
       OR asked.attempt IS NOT NULL OR ended.attempt IS NOT NULL
); END $$;
