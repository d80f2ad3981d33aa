-- The till's journal. SQLite, WAL, synchronous=FULL: what is committed survives a power
-- cut. Times are UTC in ISO 8601 with microseconds, so that they sort as text.
-- Rows are filled in as an order goes its way; nothing once written is ever changed,
-- but for `recorded` and `batch`, which follow a ledger that was restored, and for
-- `papers`, where a printer had not begun.

CREATE TABLE IF NOT EXISTS kept (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS orders (
    id                  TEXT PRIMARY KEY,
    sequence            INTEGER NOT NULL UNIQUE,
    z_number            INTEGER NOT NULL,
    kind                TEXT NOT NULL,
    opened_at           TEXT NOT NULL,
    cancels             TEXT,
    document            BLOB NOT NULL,
    -- the decision
    attempt             INTEGER,
    decided_document    BLOB,
    outcome             TEXT,
    path                TEXT,
    decided_at          TEXT,
    process_data        TEXT,
    total_minor         INTEGER,
    wallet              INTEGER,
    charges             TEXT,     -- JSON: [[wallet, minor units it gave], ...]
    register            TEXT,
    cash_minor          INTEGER,  -- what the register gained
    basis_batch         INTEGER,
    card_to_decision_us INTEGER,
    shown               INTEGER NOT NULL DEFAULT 0,
    card_to_shown_us    INTEGER,
    -- the TSE
    fiscal_number       INTEGER,
    fiscal_counter      INTEGER,
    fiscal_started_at   TEXT,
    fiscal_serial       TEXT,     -- the TSE's
    signature           TEXT,
    outage              TEXT,
    -- the hub
    advice              BLOB,
    recorded            INTEGER NOT NULL DEFAULT 0,
    recorded_as         INTEGER,
    flags               TEXT,
    batch               INTEGER,
    incarnation         TEXT
) STRICT;

CREATE INDEX IF NOT EXISTS orders_unsealed ON orders (sequence)
    WHERE advice IS NULL;
CREATE INDEX IF NOT EXISTS orders_unseen ON orders (sequence)
    WHERE shown = 0 AND outcome = 'completed' AND kind = 'sale';
CREATE INDEX IF NOT EXISTS orders_undelivered ON orders (sequence)
    WHERE advice IS NOT NULL AND recorded = 0;
CREATE INDEX IF NOT EXISTS orders_recorded ON orders (recorded_as);
CREATE INDEX IF NOT EXISTS orders_canceling ON orders (cancels)
    WHERE cancels IS NOT NULL;
CREATE INDEX IF NOT EXISTS orders_by_z_number ON orders (z_number);

CREATE TABLE IF NOT EXISTS attempts (
    order_id    TEXT NOT NULL REFERENCES orders (id),
    number      INTEGER NOT NULL,
    document    BLOB NOT NULL,
    credential  TEXT,
    made_at     TEXT NOT NULL,
    verdict     TEXT,
    batch       INTEGER,
    PRIMARY KEY (order_id, number)
) STRICT, WITHOUT ROWID;

-- The ledger as last heard of: one row.
CREATE TABLE IF NOT EXISTS ledger (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    incarnation TEXT NOT NULL,
    batch       INTEGER NOT NULL
) STRICT;

-- The head of the ledger's hash chain as each answer named it.
CREATE TABLE IF NOT EXISTS anchors (
    incarnation TEXT NOT NULL,
    batch       INTEGER NOT NULL,
    chain_head  TEXT NOT NULL,
    PRIMARY KEY (incarnation, batch)
) STRICT, WITHOUT ROWID;

-- Closed Z numbers, on their way to the hub and after.
CREATE TABLE IF NOT EXISTS closings (
    id        TEXT PRIMARY KEY,
    z_number  INTEGER NOT NULL UNIQUE,
    report    BLOB NOT NULL,
    made_at   TEXT NOT NULL,
    signature TEXT,
    outage    TEXT,
    recorded  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What the TSE began for a closing, so that it is finished after a restart.
CREATE TABLE IF NOT EXISTS closing_starts (
    id                TEXT PRIMARY KEY REFERENCES closings (id),
    fiscal_number     INTEGER NOT NULL,
    fiscal_counter    INTEGER NOT NULL,
    fiscal_started_at TEXT NOT NULL,
    fiscal_serial     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which TSE was used since when, as the hub is told (TillDescribed).
CREATE TABLE IF NOT EXISTS tse_uses (
    since     TEXT PRIMARY KEY,
    said      TEXT NOT NULL,
    message   TEXT NOT NULL,  -- its id: another one where something of it changed
    recorded  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- When no TSE signed.
CREATE TABLE IF NOT EXISTS tse_outages (
    id        TEXT PRIMARY KEY,
    since     TEXT NOT NULL,
    until     TEXT,
    reason    TEXT NOT NULL,
    recorded  INTEGER NOT NULL DEFAULT 0  -- by the hub, in these words
) STRICT, WITHOUT ROWID;

-- Who vouched for the clock.
CREATE TABLE IF NOT EXISTS tse_clocks (
    id        TEXT PRIMARY KEY,
    at        TEXT NOT NULL,
    by        TEXT NOT NULL,
    recorded  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Orders and closings whose receipt or Z report may be on paper.
CREATE TABLE IF NOT EXISTS papers (
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
