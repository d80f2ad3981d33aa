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
    batch, attempt, outcome, contradiction, signature, entry,
    movement, wristband_change, shift_change, closing, holding, staff_role, staff, login,
    wristband_note, guest, erasure
    TO kassenband_hub;
GRANT INSERT ON guests_money, quarantine, quarantine_decision, quarantine_release
    TO kassenband_hub;
GRANT UPDATE (held_minor, cap_minor, excess_minor) ON guests_money TO kassenband_hub;
GRANT INSERT ON incarnation, signature_check, wallet_news TO kassenband_hub;
GRANT UPDATE (number) ON wallet_news TO kassenband_hub;
GRANT UPDATE (
    name, seller, stand_in, limits, portal_url, incarnation, booking_model
) ON event
    TO kassenband_hub;
GRANT UPDATE (label, issues_wristbands, profile, revoked_at) ON till TO kassenband_hub;
GRANT UPDATE (balance_minor, overdraft_minor, vouchers, cap_minor, excess_minor, used)
    ON wallet TO kassenband_hub;
GRANT UPDATE (balance_minor) ON holding TO kassenband_hub;
GRANT UPDATE (wallet, blocked, registered, restriction, successor, note, variant,
              uid_hash, code_hash)
    ON wristband TO kassenband_hub;
GRANT UPDATE (rights, needs_register) ON staff_role TO kassenband_hub;
GRANT UPDATE (name, uid_hash, pin_hash, roles, blocked) ON staff TO kassenband_hub;
GRANT UPDATE (contact) ON guest TO kassenband_hub;
GRANT INSERT, UPDATE (ended_at, refusal) ON erasure_request TO kassenband_hub;
-- What registers are handed out with from now on; orders hold what they were.
GRANT INSERT, UPDATE (pieces), DELETE ON stocking TO kassenband_hub;
-- Only what people wrote of people can be erased.
GRANT DELETE ON wristband_note, guest TO kassenband_hub;
-- People on the portal.
GRANT INSERT ON
    portal_user, portal_session, portal_code, club, club_officer, competition,
    competition_method, category, start_fee, additional_fee, team, team_fee,
    registration_site, mail_outbox
    TO kassenband_hub;
GRANT UPDATE (email, password_hash, verified_at, language, name, street, house_number,
              postal_code, town, country)
    ON portal_user TO kassenband_hub;
GRANT UPDATE (expires_at) ON portal_session TO kassenband_hub;
GRANT UPDATE (used_at) ON portal_code TO kassenband_hub;
GRANT UPDATE (name) ON club TO kassenband_hub;
GRANT UPDATE (club) ON club_officer TO kassenband_hub;
GRANT UPDATE (name, organizer, creditor, payee, reference_prefix, zone, opens_at,
              is_public)
    ON competition TO kassenband_hub;
GRANT UPDATE ON competition_method, category, start_fee, additional_fee
    TO kassenband_hub;
GRANT UPDATE (category, name, members, club, paid_by_club, start_fee_minor,
              withdrawn_at)
    ON team TO kassenband_hub;
GRANT UPDATE (revoked_at) ON registration_site TO kassenband_hub;
GRANT UPDATE (body, due_at, attempts, sent_at, given_up_at, problem) ON mail_outbox
    TO kassenband_hub;
GRANT DELETE ON
    portal_user, portal_session, portal_code, club_officer, competition_method,
    category, start_fee, additional_fee, team_fee, mail_outbox
    TO kassenband_hub;
-- Bills and what is paid: lines and money are beyond reach once written.
GRANT INSERT ON
    bill, bill_line, top_up_method, payment_attempt, payment, payment_report, bill_entry,
    payment_alarm_closed, payment_claim, payment_claim_decision
    TO kassenband_hub;
GRANT UPDATE (canceled_at, locked_to, locked_at) ON bill TO kassenband_hub;
GRANT UPDATE (is_active) ON bill_line TO kassenband_hub;
GRANT UPDATE (fixed_minor, rate_bp, most_minor, payer_bears) ON top_up_method
    TO kassenband_hub;
GRANT DELETE ON top_up_method TO kassenband_hub;
GRANT UPDATE (state, provider_ref, changed_at, ask_at) ON payment_attempt
    TO kassenband_hub;
GRANT UPDATE (batch) ON bill_entry TO kassenband_hub;
GRANT INSERT, UPDATE (order_id, till, until), DELETE ON bill_hold TO kassenband_hub;
-- What banks report, and what staff make of it, is beyond reach once written.
GRANT INSERT ON
    bank_file, bank_report, bank_credit, bank_mark, bank_decision, bank_assignment
    TO kassenband_hub;
-- What is paid out: who asked and who approved is beyond reach; how far it is may change.
GRANT INSERT ON
    payout_file, settlement, settlement_line, settlement_approval, refund,
    refund_approval, slip_sent
    TO kassenband_hub;
GRANT UPDATE (withdrawn_at, withdrawn_by, file, batch) ON settlement TO kassenband_hub;
GRANT UPDATE (is_active) ON settlement_line TO kassenband_hub;
GRANT UPDATE (state, file, note, changed_at, provider_ref) ON refund TO kassenband_hub;
GRANT INSERT ON payment_log TO kassenband_hub;
-- Guests on the portal.
GRANT INSERT, DELETE ON guest_session, top_up_account TO kassenband_hub;
GRANT UPDATE (creditor) ON top_up_account TO kassenband_hub;
-- Tickets bought beforehand, and who came in by them, are beyond reach once written.
GRANT INSERT ON presale, presale_use TO kassenband_hub;
-- Tills, their TSEs and the TSEs' logs are beyond reach once written; what goes on, ends.
GRANT INSERT ON
    till_description, till_asset, tse, tse_state, tse_use, tse_outage, tse_clock,
    tse_archive, closing_outage
    TO kassenband_hub;
GRANT UPDATE (until) ON tse_use, tse_outage TO kassenband_hub;
GRANT UPDATE (certificates, bsi_id) ON tse TO kassenband_hub;
-- What was seen to, by whom and why, is beyond reach once written.
GRANT INSERT ON seen_to TO kassenband_hub;
