-- What the hub last said of wallets. A file of its own with synchronous=OFF: it may be
-- lost, and then the till only stands in for less.

CREATE TABLE IF NOT EXISTS wallets (
    serial          INTEGER PRIMARY KEY,
    available_minor INTEGER NOT NULL,
    blocked         INTEGER NOT NULL,
    batch           INTEGER NOT NULL,
    vouchers        INTEGER NOT NULL,
    variant         INTEGER NOT NULL
) STRICT;
