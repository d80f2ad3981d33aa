"""Accounts that money is sent to and from, as the database keeps them."""

from __future__ import annotations

import msgspec

from hub.core.bills.errors import NotAllowed
from hub.payments.pain001 import Party
from hub.payments.transfer import Creditor


def account_of(text: str | None, whose: str) -> Creditor:
    """Read an account; raises NotAllowed where none was given."""
    if text is None:
        raise NotAllowed(f"There is no account of {whose}. Enter it first.")
    try:
        return msgspec.json.decode(text, type=Creditor)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotAllowed(f"The account of {whose} can't be used: {error}") from None


def party(account: Creditor) -> Party:
    """Name an account as payout files do."""
    return Party(name=account.name, iban=account.compact_iban, bic=account.bic)
