-- What the hub's role may do: read all, add to the ledger, change the few things that
-- do change. It owns nothing, and the ledger's rows are beyond its reach once written.

DO $$
BEGIN
    CREATE ROLE kassenband_hub NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the cluster: another event's database made it
END $$;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO kassenband_hub;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO kassenband_hub;
GRANT INSERT ON
    event, token_key, till, catalogue, account, wallet, wristband,
    batch, attempt, outcome, contradiction, signature, entry, posting,
    wristband_change
    TO kassenband_hub;
GRANT UPDATE (name, seller, stand_in, portal_url, incarnation) ON event
    TO kassenband_hub;
GRANT UPDATE (label, issues_wristbands, revoked_at) ON till TO kassenband_hub;
GRANT UPDATE (balance_minor, overdraft_minor, vouchers, cap_minor, excess_minor)
    ON wallet TO kassenband_hub;
GRANT UPDATE (wallet, blocked, code_hash, variant) ON wristband TO kassenband_hub;
