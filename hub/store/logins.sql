-- Statements that no parameter can stand in, written by the database itself.

-- login_statement --
SELECT format('CREATE ROLE %I LOGIN IN ROLE %I PASSWORD %L', $1::text, $2::text, $3::text)
