"""Methods without a provider: a page tells how to pay, people or the bank tell that.

Slip and e-banking are confirmed by the bank's files, cash by the till, the organizer's
own way by the organizer's staff.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from contract.money import Currency
from hub.core.bills.postings import Channel, Via
from hub.payments.errors import Forged, NotOffered
from hub.payments.method import Instructions

if TYPE_CHECKING:
    from hub.core.bills.reports import Report, Said
    from hub.payments.method import Ask, GiveBack, Incoming, Plan, Received, Start, Step

BANK_ACCOUNT = Channel(Via.BANK, "main")
_ALL = frozenset(Currency)


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """A method of pages and people."""

    code: str
    controller_name: str
    page: str
    channel: Channel = BANK_ACCOUNT
    currencies: frozenset[Currency] = _ALL
    locks_the_bill: bool = False
    can_be_asked: bool = False

    def start(self, start: Start) -> Plan[Step]:
        """Show the page that tells how."""
        del start
        yield from ()
        return Instructions(self.page)

    def receive(self, incoming: Incoming) -> Plan[Received]:
        """Nobody has to call here."""
        yield from ()
        raise Forged(f"{self.code} has no provider that could call {incoming.action}.")

    def fetch(self, ask: Ask) -> Plan[tuple[Report, ...]]:
        """There is nobody to ask."""
        del ask
        yield from ()
        return ()

    def refund(self, back: GiveBack) -> Plan[Report]:
        """Only a transfer or cash can give it back."""
        yield from ()
        raise NotOffered(
            f"{back.order_id} was paid by {self.code}: refund it by bank transfer "
            "or in cash, and record that."
        )

    def money_ref(self, said: Said, typed: str) -> str:
        """Take the name over: nobody else has one."""
        del said
        return typed

    def may_be_same(self, money_ref: str, other: str) -> bool:
        """There is one name of each."""
        return money_ref == other


SLIP = ByHand(
    code="slip",
    controller_name="PaymentSlipController",
    page="slip",
    currencies=frozenset({Currency.CHF}),
    locks_the_bill=True,
)
"""The Swiss QR-bill by post. The seed: choosing it locks the bill."""

E_BANKING = ByHand(
    code="ebanking", controller_name="EBankingController", page="ebanking"
)
"""Account, reference and code to transfer by, in as many parts as the payer likes."""

CASH = ByHand(
    code="cash",
    controller_name="CashController",
    page="cash",
)
"""At a till, which reads the bill's code; the order books it, not the portal."""

CARD_AT_TILL: Final = "till_card"
"""What is noted of a bill that was paid by card at a till: nobody chooses it online."""

ORGANIZER = ByHand(
    code="organizer", controller_name="OrganizerController", page="organizer"
)
"""However the organizer says; shown only after it was chosen."""
