-- Named queries of the payment log.

-- note_in_payment_log --
-- Append an entry; its number.
INSERT INTO payment_log
    (severity, controller_name, action, payment, ip_address, message_string, regarding)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id;

-- payment_log --
-- List entries, newest first: those that are as asked for, before one of them.
SELECT l.id, l.logged_at, l.severity, l.controller_name, l.action, l.payment,
       p.bill, l.ip_address, l.message_string, l.regarding
FROM payment_log AS l LEFT JOIN payment AS p ON p.id = l.payment
WHERE l.severity >= $1
  AND ($2 = '' OR l.controller_name = $2)
  AND ($3 = '' OR p.bill = $3 OR l.payment::text = $3)
  AND ($4 = '' OR strpos(lower(l.message_string), lower($4)) > 0 OR l.action = $4
       OR host(l.ip_address) = $4)
  AND ($5::timestamptz IS NULL OR l.logged_at >= $5)
  AND ($6::timestamptz IS NULL OR l.logged_at < $6)
  AND ($7::bigint IS NULL OR l.id < $7)
ORDER BY l.id DESC LIMIT $8;
