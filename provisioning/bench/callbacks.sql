-- Attempts to pay the filled bills, as if their payers had just left: `-- name --`,
-- what it fills, the statement.

-- fill_attempts --
-- One attempt for each bill.
INSERT INTO payment_attempt (bill, number, method, principal_minor, state)
SELECT reference, 1, $1, total_minor, 'redirected' FROM bill;
