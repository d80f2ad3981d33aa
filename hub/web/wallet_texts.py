"""Every sentence of the guests' pages, in German and English."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from contract.order import OrderKind
from hub.service.guest_wallets import TopUpProblem
from hub.web.texts import LOCALE_FOLDER

if TYPE_CHECKING:
    from hub.web.texts import Language


class ClosedTexts(msgspec.Struct, frozen=True, kw_only=True):
    """A page without a wristband: what happened, and what to do about it."""

    title: str
    text: str
    remedy: str


class WalletTexts(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The wristband, its orders, topping up, and money back."""

    title: str
    balance: str
    vouchers: dict[str, str]
    blocked: str
    replaced: str
    replaced_text: str
    below: str
    top_up: str
    pay_out: str
    bills_title: str
    bill_open: str
    bill_goes_on: str
    orders_title: str
    no_orders: str
    kinds: dict[OrderKind, str]
    other_kind: str
    online: str
    taken_back: str
    canceled: str
    receipt: str
    close: str
    close_hint: str
    back: str
    top_up_title: str
    top_up_lead: str
    holds_now: str
    choose: str
    other_amount: str
    amount: str
    amount_hint: str
    submit: str
    room: str
    ways_title: str
    free_of_charge: str
    costs: str
    not_a_number: str
    problems: dict[TopUpProblem, str]
    stopped: str
    full: str
    no_ways: str
    bill_title: str
    bill_lead: str
    bill_done: str
    bill_over: str
    back_to_wallet: str
    cancel_hint: str
    payout_title: str
    payout_lead: str
    payout_none: str
    payout_steps: tuple[str, ...]
    payout_where: str
    payout_anywhere: str
    payout_why: str
    payout_vouchers: str
    unknown: ClosedTexts
    ended: ClosedTexts
    closed: ClosedTexts
    too_often: ClosedTexts
    refused: ClosedTexts


@cache
def wallet_texts(language: Language) -> WalletTexts:
    """Load a language's texts; raises msgspec.ValidationError naming what is wrong."""
    data = (LOCALE_FOLDER / f"wallet.{language.value}.json").read_bytes()
    return msgspec.json.decode(data, type=WalletTexts)
