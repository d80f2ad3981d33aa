"""What every way to pay promises: one Protocol, one module each, one line to register.

A method moves no bytes itself. Where it needs its provider it hands out calls one by
one and is given the answers (a plan); who performs them decides on time limits. So
each method can be tried against recorded answers, and none can hang.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from contract.bill_reference import order_id
from contract.money import Currency
from hub.core.bills.attempts import Attempt
from hub.core.bills.bill import Bill
from hub.core.bills.reports import Report, Said

if TYPE_CHECKING:
    from hub.core.bills.postings import Channel

T = TypeVar("T")


class Call(msgspec.Struct, frozen=True):
    """An HTTP request to a provider."""

    verb: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True):
    """What the provider answered."""

    status: int
    body: bytes


Plan = Generator[Call, Answer, T]
"""Yields calls, is sent their answers, returns its result.

Whoever performs it throws ProviderSilent into it where no answer came.
"""


class Urls(msgspec.Struct, frozen=True, kw_only=True):
    """Where the provider sends the payer's browser back to; absolute, of the portal."""

    accepted: str
    declined: str
    canceled: str
    exception: str
    bill: str
    """The bill's own page."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """All that a method may tell its provider about an attempt."""

    bill: Bill
    attempt: Attempt
    urls: Urls
    language: str
    """ISO 639-1: de, en."""
    subject: str
    """What is paid for, in the payer's language."""

    @property
    def order_id(self) -> str:
        """The attempt's name at the provider."""
        return order_id(self.attempt.reference, self.attempt.number)


class FormPost(msgspec.Struct, frozen=True):
    """Leave by a form whose button posts these fields to the provider."""

    url: str
    fields: tuple[tuple[str, str], ...]


class Redirect(msgspec.Struct, frozen=True):
    """Leave to an address at the provider, who knows the attempt by this reference."""

    url: str
    provider_ref: str


class Instructions(msgspec.Struct, frozen=True):
    """Stay: a page tells how to pay. Its name, a template's."""

    page: str


Step = FormPost | Redirect | Instructions


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A call of one of the method's routes, as it came."""

    action: str
    """payment_accepted, post_sale, web_hook and so on; as in the payment log."""
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's value, '' where it is missing; names in any case."""
        for key, value in self.headers:
            if key.casefold() == name.casefold():
                return value
        return ""


class Ask(msgspec.Struct, frozen=True):
    """Which attempt to ask the provider about: by its reference, else by ours."""

    order_id: str = ""
    provider_ref: str = ""
    may_capture: bool = False
    """Whether to take what the payer approved, if it was not taken yet."""
    paid_as: str = ""
    """What it was booked as paid by; then disputes about that are asked for, too."""


class Received(msgspec.Struct, frozen=True):
    """What a call says: what it proves by itself, and what is worth asking about."""

    proven: tuple[Report, ...] = ()
    to_ask: tuple[Ask, ...] = ()


class GiveBack(msgspec.Struct, frozen=True, kw_only=True):
    """A refund, approved by two people: how much of which payment goes back."""

    money_ref: str
    """The payment, as the provider named it."""
    amount_minor: int
    currency: Currency
    key: str
    """Made before the first call and kept: asked twice with it, it is done once."""
    order_id: str


class PaymentMethod(Protocol):
    """One way to pay a bill."""

    @property
    def code(self) -> str:
        """Its name in the database and in settings: postfinance, slip and so on."""

    @property
    def controller_name(self) -> str:
        """Its name in the payment log: PostFinanceController and so on."""

    @property
    def currencies(self) -> frozenset[Currency]:
        """The currencies it can be offered for."""

    @property
    def channel(self) -> Channel:
        """The account its money lies on once it is confirmed."""

    @property
    def locks_the_bill(self) -> bool:
        """Whether choosing it excludes all others for this bill, for good."""

    @property
    def can_be_asked(self) -> bool:
        """Whether `fetch` finds out anything: then it is asked again and again."""

    def start(self, start: Start) -> Plan[Step]:
        """Say how the payer gets there.

        When: after the attempt was committed, each time before the payer leaves.
        Money: none may move. Again: the provider knows it by then (`provider_ref`), and
        it can be paid once.
        """

    def receive(self, incoming: Incoming) -> Plan[Received]:
        """Read a call of one of its routes.

        When: for each call, the browser's or the provider's, after it was logged.
        Money: none moves here; what is proven may be booked by the caller. Again: any
        number of times, in any order, with the same result.
        Raises Forged for what is not the provider's, Unusable for what is and makes no
        sense.
        """

    def fetch(self, ask: Ask) -> Plan[tuple[Report, ...]]:
        """Ask the provider what became of an attempt; its answer is the truth.

        When: after a call that proves nothing, and by the poller while an attempt is
        live. Money: may move here (an approved PayPal order is captured), once.
        """

    def refund(self, back: GiveBack) -> Plan[Report]:
        """Send money back the way it came.

        When: after two people approved. Money: moves here, once per key. Raises
        NotOffered where the method can't.
        """

    def money_ref(self, said: Said, typed: str) -> str:
        """Name a movement as reports do, from what staff read at the provider.

        When: staff record what they found there. Money: none moves. Raises NotAllowed
        for what can't be the name of such a movement.
        """

    def may_be_same(self, money_ref: str, other: str) -> bool:
        """Whether two names, of one amount that went back, may be of one movement."""
