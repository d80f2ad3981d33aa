-- Named queries about attempts that providers are asked about.

-- attempts_to_ask --
-- List the attempts of an event that a provider can be asked about, newest first: those
-- left for its page for a while, also if they are over without money, for that may come
-- late; what it has in hand until it is known; what was paid while a refund is on its way.
SELECT a.bill, a.number, a.method, a.provider_ref, a.state::text AS state, a.begun_at
FROM payment_attempt AS a JOIN bill AS b ON b.reference = a.bill
WHERE b.event = $1 AND a.method = ANY ($2::text[]) AND a.provider_ref IS NOT NULL
  AND (a.state IN ('pending', 'uncertain')
       OR a.state <> 'paid' AND a.begun_at > $3
       OR a.state = 'paid' AND EXISTS (
           SELECT FROM refund AS r JOIN payment AS p ON p.id = r.payment
           WHERE r.bill = a.bill AND p.attempt = a.number AND r.state = 'sent'))
ORDER BY a.state IN ('pending', 'uncertain', 'paid') DESC, a.begun_at DESC, a.bill,
         a.number
LIMIT $4;

-- may_be_captured --
-- Say whether to take what the payer of an attempt approved: all of it must be open still,
-- and the attempt not given up; unless its payer has come back since, and began no other.
SELECT (a.state IN ('created', 'redirected', 'pending', 'uncertain')
        OR $3::boolean AND NOT EXISTS (
            SELECT FROM payment_attempt AS o
            WHERE o.bill = a.bill
              AND o.state IN ('created', 'redirected', 'pending', 'uncertain')))
   AND b.canceled_at IS NULL
   AND b.total_minor - a.principal_minor >= (
       SELECT coalesce(sum(CASE kind WHEN 'payment' THEN principal_minor
                           ELSE -principal_minor END), 0)
       FROM payment WHERE bill = a.bill)
FROM payment_attempt AS a JOIN bill AS b ON b.reference = a.bill
WHERE a.method = $1 AND a.provider_ref = $2
ORDER BY a.begun_at DESC LIMIT 1;

-- paid_attempts_to_ask --
-- List the paid attempts whose turn it is to be asked about again.
SELECT a.bill, a.number, a.method, a.provider_ref, a.state::text AS state, a.begun_at,
       (
           SELECT money_ref FROM payment
           WHERE bill = a.bill AND attempt = a.number AND method = a.method
             AND kind = 'payment'
           ORDER BY id LIMIT 1
       ) AS paid_as
FROM payment_attempt AS a JOIN bill AS b ON b.reference = a.bill
WHERE b.event = $1 AND a.method = ANY ($2::text[]) AND a.provider_ref IS NOT NULL
  AND a.state = 'paid' AND a.ask_at <= $3
ORDER BY a.ask_at LIMIT $4;

-- ask_again_at --
-- Note when a paid attempt is asked about next; null: never again.
UPDATE payment_attempt SET ask_at = $3 WHERE bill = $1 AND number = $2;

-- doubtful_refunds --
-- List the refunds of an event that a provider was told of and has not made for too long.
SELECT r.number, r.bill, r.state, r.amount_minor, b.currency, p.method, r.changed_at
FROM refund AS r
JOIN bill AS b ON b.reference = r.bill
JOIN payment AS p ON p.id = r.payment
WHERE r.event = $1 AND r.way = 'provider' AND r.state IN ('approved', 'sent')
  AND r.changed_at < $2
ORDER BY r.number LIMIT $3;

-- attempts_of_bill_to_ask --
-- List the attempts of a bill by a method that its provider can be asked about.
SELECT bill, number, method, provider_ref, state::text AS state, begun_at
FROM payment_attempt
WHERE bill = $1 AND method = $2 AND provider_ref IS NOT NULL
  AND state IN ('created', 'redirected', 'pending', 'uncertain', 'failed', 'canceled')
ORDER BY number;

-- doubtful_attempts --
-- List the attempts of an event that nobody knows about, or has heard of for too long.
SELECT a.bill, a.number, a.method, a.provider_ref, a.state::text AS state, a.begun_at,
       a.changed_at, a.principal_minor + a.surcharge_minor AS amount_minor, b.currency,
       b.payer_name
FROM payment_attempt AS a JOIN bill AS b ON b.reference = a.bill
WHERE b.event = $1
  AND (a.state = 'uncertain' OR (a.state = 'pending' AND a.changed_at < $2))
ORDER BY a.changed_at, a.bill, a.number LIMIT $3;

-- known_payment --
-- Find a payment that was booked under its name, if its attempt is over by it.
SELECT p.id, a.number, a.method, a.principal_minor, a.surcharge_minor, a.provider_ref
FROM payment AS p
JOIN payment_attempt AS a ON a.bill = p.bill AND a.number = p.attempt
WHERE p.bill = $1 AND p.attempt = $2 AND p.method = $3 AND p.money_ref = $4
  AND p.kind = 'payment' AND a.state = 'paid' AND a.provider_ref IS NOT NULL;
