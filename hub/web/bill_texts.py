"""The sentences of the bill pages: part of every locale file."""

from __future__ import annotations

import msgspec

from hub.core.bills.attempts import AttemptState, Refusal
from hub.core.bills.bill import BillState, ChangeKind


class MethodTexts(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A way to pay: its name, what it means for the payer, and its button."""

    name: str
    hint: str
    button: str


class BillTexts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """My Bills: overview, unpaid fees, review, a bill, and the ways to pay it."""

    title: str
    overview: str
    unpaid_bills: str
    paid_bills: str
    nothing_unpaid: str
    nothing_paid: str
    unpaid_fees: str
    unpaid_fees_lead: str
    nothing_to_bill: str
    club_fees: str
    team: str
    category: str
    fees: str
    pay: str
    review: str
    review_lead: str
    review_changed: str
    changes: dict[ChangeKind, str]
    payer: str
    change_address: str
    address_lacking: str
    accept: str
    back: str
    go_back: str
    bill: str
    of_day: str
    reference: str
    item: str
    amount: str
    total: str
    paid_so_far: str
    open: str
    over: str
    states: dict[BillState, str]
    next_steps: dict[BillState, str]
    history: str
    no_history: str
    payment: str
    refund: str
    chargeback: str
    receipt: str
    ways: str
    ways_lead: str
    surcharge: str
    parts: str
    locked: str
    cancel: str
    cancel_hint: str
    canceled: str
    give_up: str
    attempts: dict[AttemptState, str]
    """What is with a payment that is not over, or came to nothing."""
    refusals: dict[Refusal, str]
    methods: dict[str, MethodTexts]
    leaving: str
    leaving_lead: str
    go_on: str
    provider_down: str
    not_offered: str
    transfer_lead: str
    transfer_code: str
    account: str
    payee: str
    slip_lead: str
    slip_download: str
    slip_confirm: str
    cash_lead: str
    cash_code: str
    organizer_lead: str
