-- Every statement of the journal by name: `-- name --`, then what it promises.

-- open_order --
-- An order exists from now on; its document is attempt 0.
INSERT INTO orders (id, sequence, z_number, kind, opened_at, cancels, document)
VALUES (:id, :sequence, :z_number, :kind, :opened_at, :cancels, :document);

-- make_attempt --
-- A numbered try to pay, with the bytes that are sent verbatim.
INSERT INTO attempts (order_id, number, document, credential, made_at)
VALUES (:id, :number, :document, :credential, :made_at);

-- answer_attempt --
-- The hub's verdict on an attempt; a repeat says the same.
UPDATE attempts SET verdict = :verdict, batch = :batch
WHERE order_id = :id AND number = :number;

-- book_late --
-- A verdict that came after the decision still names the batch of the booking.
UPDATE orders SET batch = :batch, incarnation = :incarnation
WHERE id = :id AND attempt = :number AND batch IS NULL;

-- anchor --
-- Remember the chain head of an answer.
INSERT INTO anchors (incarnation, batch, chain_head)
VALUES (:incarnation, :batch, :chain_head)
ON CONFLICT DO NOTHING;

-- advance_ledger --
-- How far the ledger has come; answers may overtake one another.
INSERT INTO ledger (one, incarnation, batch) VALUES (1, :incarnation, :batch)
ON CONFLICT (one) DO UPDATE SET batch = max(batch, excluded.batch)
WHERE incarnation = excluded.incarnation;

-- reset_ledger --
-- The ledger went back, or is another one.
INSERT INTO ledger (one, incarnation, batch) VALUES (1, :incarnation, :batch)
ON CONFLICT (one) DO UPDATE
SET incarnation = excluded.incarnation, batch = excluded.batch;

-- ledger --
-- The ledger as last heard of.
SELECT incarnation, batch FROM ledger;

-- decide --
-- How the order ended; a second decision changes nothing and is noticed.
UPDATE orders
SET attempt = :attempt, decided_document = :document, outcome = :outcome,
    path = :path, decided_at = :decided_at, process_data = :process_data,
    total_minor = :total_minor, wallet = :wallet, batch = :batch,
    charges = :charges, register = :register, cash_minor = :cash_minor,
    basis_batch = :basis_batch, card_to_decision_us = :card_to_decision_us,
    incarnation = (SELECT incarnation FROM ledger)
WHERE id = :id AND outcome IS NULL;

-- show --
-- The cashier has seen the decision.
UPDATE orders SET shown = 1, card_to_shown_us = :card_to_shown_us
WHERE id = :id AND shown = 0;

-- begin_fiscal --
-- The TSE opened a fiscal transaction for the order.
UPDATE orders
SET fiscal_number = :number, fiscal_counter = :counter,
    fiscal_started_at = :started_at, fiscal_serial = :serial
WHERE id = :id;

-- seal_advice --
-- The advice's one and only bytes.
UPDATE orders SET advice = :advice, signature = :signature, outage = :outage
WHERE id = :id AND advice IS NULL;

-- record_advice --
-- The ledger holds this order's advice.
UPDATE orders
SET recorded = 1, flags = :flags, batch = coalesce(batch, :batch),
    incarnation = :incarnation,
    recorded_as = (SELECT coalesce(max(recorded_as), 0) + 1 FROM orders)
WHERE id = :id;

-- restore --
-- What the restored ledger can't know is undelivered again.
UPDATE orders SET recorded = 0, batch = NULL
WHERE incarnation IS NOT :incarnation OR batch > :batch;

-- restore_closings --
-- Which of these the restored ledger has is not known here; it takes each only once.
UPDATE closings SET recorded = 0;

-- keep --
-- Keep a document under its name.
INSERT INTO kept (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- kept --
-- Everything kept by name.
SELECT name, value FROM kept;

-- counters --
-- Where the numbers stand, and when the till was last busy.
SELECT coalesce(max(sequence), 0) + 1 AS next_sequence,
       max(coalesce(max(z_number), 1),
           (SELECT coalesce(max(z_number), 0) + 1 FROM closings)) AS z_number,
       max(coalesce(decided_at, opened_at)) AS last_at
FROM orders;

-- standing_in_since --
-- When the oldest stand-in decision was taken that the ledger does not hold.
SELECT min(decided_at) AS since FROM orders
WHERE path = 'stand_in' AND recorded = 0;

-- alive --
-- Orders that must go on: not sealed, or completed and perhaps never seen.
SELECT * FROM orders
WHERE advice IS NULL
   OR (shown = 0 AND outcome = 'completed' AND kind = 'sale')
ORDER BY sequence;

-- attempts --
-- The attempts of an order, in order.
SELECT number, document, credential FROM attempts
WHERE order_id = :id ORDER BY number;

-- spends --
-- What this till took from wallets.
SELECT id, attempt, charges, batch FROM orders
WHERE outcome = 'completed' AND charges IS NOT NULL
ORDER BY sequence;

-- registers --
-- The cash that this till put into each register.
SELECT register, sum(cash_minor) AS cash_minor FROM orders
WHERE outcome = 'completed' AND cash_minor <> 0
GROUP BY register
ORDER BY register;

-- order --
-- One order.
SELECT * FROM orders WHERE id = :id;

-- undoing --
-- The orders that cancel another one.
SELECT * FROM orders WHERE cancels = :id ORDER BY sequence;

-- shift --
-- The orders of a Z number.
SELECT sequence, decided_document, outcome, signature FROM orders
WHERE z_number = :z_number AND outcome IS NOT NULL
ORDER BY sequence;

-- latest_anchor --
-- The newest anchor of the ledger as last heard of.
SELECT incarnation, batch, chain_head FROM anchors
WHERE incarnation = (SELECT incarnation FROM ledger)
ORDER BY batch DESC LIMIT 1;

-- close --
-- A Z number is closed from now on.
INSERT INTO closings (id, z_number, report, made_at)
VALUES (:id, :z_number, :report, :made_at);

-- begin_closing --
-- The TSE opened a fiscal transaction for a closing.
INSERT INTO closing_starts (id, fiscal_number, fiscal_counter, fiscal_started_at,
                            fiscal_serial)
VALUES (:id, :number, :counter, :started_at, :serial)
ON CONFLICT (id) DO UPDATE SET
    fiscal_number = excluded.fiscal_number, fiscal_counter = excluded.fiscal_counter,
    fiscal_started_at = excluded.fiscal_started_at,
    fiscal_serial = excluded.fiscal_serial;

-- closing_starts --
-- What the TSE began for closings that are not signed yet.
SELECT s.id, s.fiscal_number, s.fiscal_counter, s.fiscal_started_at, s.fiscal_serial
FROM closing_starts AS s
JOIN closings AS c ON c.id = s.id
WHERE c.signature IS NULL AND c.outage IS NULL;

-- seal_closing --
-- The closing's signature, or why it has none.
UPDATE closings SET signature = :signature, outage = :outage
WHERE id = :id AND signature IS NULL AND outage IS NULL;

-- end_closing --
-- The hub has recorded the closing.
UPDATE closings SET recorded = 1 WHERE id = :id;

-- open_closings --
-- Closings that the hub has not recorded, oldest first.
SELECT id, z_number, report, signature, outage FROM closings
WHERE recorded = 0
ORDER BY z_number;

-- last_signed_closing --
-- The newest closing that a TSE has signed.
SELECT z_number, signature FROM closings
WHERE signature IS NOT NULL
ORDER BY z_number DESC LIMIT 1;

-- miss_advices --
-- The hub lacks these: they are undelivered again.
UPDATE orders SET recorded = 0
WHERE sequence BETWEEN :first AND :last AND advice IS NOT NULL;

-- undelivered --
-- Sealed orders whose advice the ledger does not hold, oldest first.
SELECT id FROM orders
WHERE advice IS NOT NULL AND recorded = 0
ORDER BY sequence;

-- advice --
-- The sealed advice of an order.
SELECT advice FROM orders WHERE id = :id AND advice IS NOT NULL;

-- past --
-- The newest completed orders, whose receipts may still be asked for.
SELECT decided_document, decided_at, id IN (SELECT id FROM papers) AS printed
FROM orders
WHERE outcome = 'completed' ORDER BY sequence DESC LIMIT 6;

-- past_closing --
-- The newest closing whose Z report may still be asked for.
SELECT id, z_number, report, signature, outage,
       id IN (SELECT id FROM papers) AS printed
FROM closings
WHERE signature IS NOT NULL OR outage IS NOT NULL
ORDER BY z_number DESC LIMIT 1;

-- note_paper --
-- A receipt or Z report is about to be printed.
INSERT INTO papers (id) VALUES (:id) ON CONFLICT (id) DO NOTHING;

-- forget_paper --
-- The printer had not begun.
DELETE FROM papers WHERE id = :id;

-- latest_recorded --
-- The order whose advice was recorded last.
SELECT id FROM orders WHERE recorded = 1 ORDER BY recorded_as DESC LIMIT 1;

-- describe_tse --
-- A TSE is in use, or something of it changed.
INSERT INTO tse_uses (since, said, message) VALUES (:since, :said, :message)
ON CONFLICT (since) DO UPDATE
SET said = excluded.said, message = excluded.message, recorded = 0;

-- note_outage --
-- The TSE stopped to sign, or signs again.
INSERT INTO tse_outages (id, since, until, reason)
VALUES (:id, :since, :until, :reason)
ON CONFLICT (id) DO UPDATE SET until = excluded.until, recorded = 0;

-- vouch_for_clock --
-- A person said that the clock is right.
INSERT INTO tse_clocks (id, at, by) VALUES (:id, :at, :by);

-- record_tse_use --
-- The hub has the description, in these words.
UPDATE tse_uses SET recorded = 1 WHERE since = :since AND message = :message;

-- record_outage --
-- The hub has the outage, as far as it went.
UPDATE tse_outages SET recorded = 1 WHERE id = :id AND until IS :until;

-- record_clock --
-- The hub has the confirmation.
UPDATE tse_clocks SET recorded = 1 WHERE id = :id;

-- restore_tse_uses --
-- A restored ledger may lack them; it takes each only once.
UPDATE tse_uses SET recorded = 0;

-- restore_outages --
-- As before.
UPDATE tse_outages SET recorded = 0;

-- restore_clocks --
-- As before.
UPDATE tse_clocks SET recorded = 0;

-- tse_uses --
-- Every TSE this till has used, oldest first.
SELECT said, recorded FROM tse_uses ORDER BY since;

-- tse_outages --
-- What the hub does not know of outages, and what has not ended.
SELECT id, since, until, reason, recorded FROM tse_outages
WHERE recorded = 0 OR until IS NULL
ORDER BY since, id;

-- tse_clocks --
-- Confirmations that the hub does not know.
SELECT id, at, by FROM tse_clocks WHERE recorded = 0 ORDER BY at, id;

-- fiscal_spans --
-- The first and the last fiscal transaction of this till at each TSE, closings' too.
SELECT fiscal_serial AS serial, min(fiscal_number) AS first, max(fiscal_number) AS last
FROM (
    SELECT fiscal_serial, fiscal_number FROM orders
    UNION ALL SELECT fiscal_serial, fiscal_number FROM closing_starts
)
WHERE fiscal_serial <> '' AND fiscal_number IS NOT NULL
GROUP BY fiscal_serial;

-- z_orders --
-- How many orders belong to a Z number, aborted ones too.
SELECT count(*) AS z_orders FROM orders WHERE z_number = :z_number;

-- all_orders --
-- Everything, for reading commands.
SELECT * FROM orders ORDER BY sequence;

-- all_attempts --
-- Every attempt with its verdict, for reading commands.
SELECT order_id, number, made_at, verdict, batch FROM attempts
ORDER BY order_id, number;

-- owner --
-- Whose journal this is: `<till> at <event>`.
SELECT value FROM kept WHERE name = 'owner';

-- all_anchors --
-- Every chain head an answer named, for `verify` at the hub.
SELECT incarnation, batch, chain_head FROM anchors ORDER BY incarnation, batch;

-- cache_wallet --
-- What the hub last said of a wallet.
INSERT INTO wallets (serial, available_minor, blocked, batch, vouchers, variant)
VALUES (:serial, :available_minor, :blocked, :batch, :vouchers, :variant)
ON CONFLICT (serial) DO UPDATE
SET available_minor = excluded.available_minor, blocked = excluded.blocked,
    batch = excluded.batch, vouchers = excluded.vouchers, variant = excluded.variant;

-- cached_wallets --
-- Everything known of wallets.
SELECT serial, available_minor, blocked, batch, vouchers, variant FROM wallets;

-- forget_wallets --
-- Their ledger is gone.
DELETE FROM wallets;
