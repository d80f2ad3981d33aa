-- What tills may know of wallets; as in queries.sql.

-- wallet_states --
-- Read wallets as the tills may cache them, one row per wristband.
SELECT b.serial, least(greatest(w.balance_minor, 0), $3)::bigint AS available_minor,
       w.vouchers, coalesce(b.restriction, b.variant) AS variant,
       b.blocked OR b.successor IS NOT NULL AS blocked,
       b.successor IS NOT NULL AS swapped
FROM wallet AS w JOIN wristband AS b ON b.event = w.event AND b.wallet = w.id
WHERE w.event = $1 AND w.id = ANY ($2::bigint[])
ORDER BY b.serial;

-- next_wallet_news --
-- Draw the number of the next message about wallets: they count on across hubs.
INSERT INTO wallet_news AS n (event, number) VALUES ($1, 1)
ON CONFLICT (event) DO UPDATE SET number = n.number + 1
RETURNING number;

-- wallet_news_number --
-- Say which message about wallets was the latest, and in which ledger.
SELECT e.incarnation, coalesce(n.number, 0) AS number
FROM event AS e LEFT JOIN wallet_news AS n ON n.event = e.number
WHERE e.number = $1;

-- wallet_snapshot --
-- Write all wallets as one text of JSON, with where the ledger and the news stand.
SELECT e.incarnation, coalesce(n.number, 0) AS number, b.number AS batch, b.chain_head,
       '[' || coalesce(w.told, '') || ']' AS wallets
FROM event AS e
LEFT JOIN wallet_news AS n ON n.event = e.number
CROSS JOIN LATERAL (
    SELECT number, chain_head FROM batch
    WHERE event = e.number ORDER BY number DESC LIMIT 1
) AS b
CROSS JOIN LATERAL (
    SELECT string_agg(
        format('[%s,%s,%s,%s,%s]', b.serial, least(greatest(w.balance_minor, 0), $2),
               w.vouchers, coalesce(b.restriction, b.variant),
               CASE WHEN b.successor IS NOT NULL THEN 2 WHEN b.blocked THEN 1 ELSE 0
               END),
        ',' ORDER BY b.serial
    ) AS told
    FROM wristband AS b
    -- A probe per wristband: while tables have no statistics, a join may be planned
    -- to look at every wallet for each of them.
    CROSS JOIN LATERAL (
        SELECT balance_minor, vouchers FROM wallet
        WHERE event = b.event AND id = b.wallet LIMIT 1
    ) AS w
    WHERE b.event = e.number
) AS w
WHERE e.number = $1;
