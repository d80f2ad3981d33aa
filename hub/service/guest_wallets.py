"""What guests see of their own wristband on the portal, and their online top-ups.

A wristband's code lets a browser look, and pay in. It lets nobody take out: whoever
finds a wristband holds its code, too.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from contract.ids import TillId
from contract.messages import decode_advice
from contract.money import Money
from contract.order import OrderKind, decode_order
from hub.core.bills.bill import BillState
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.fees import PAYER_MAY_BEAR, MethodFee
from hub.core.bills.steps import StepKind, decode_step
from hub.core.tokens import hash_code
from hub.service.bill_viewers import OfWallet, visible
from hub.service.bills import hub_time
from hub.service.receipts import GUESTS_KINDS
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from contract.money import Currency
    from contract.order import Order
    from hub.payments.method import PaymentMethod
    from hub.service.bill_list import ListedBill
    from hub.service.bills import Billing, HubClock
    from hub.service.context import ContextKeeper
    from hub.store.store import Row, Store

SESSION_LASTS = timedelta(hours=1)
TOKEN_BYTES = 32
ORDERS_SHOWN_MAX = 25
TOP_UP_MINOR_MIN = 100
"""Of less, providers would keep more than arrives."""

TOP_UP_MINOR_MAX = 100_000
"""The most that one online top-up brings in, whatever the wallet may hold."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever has a wristband's code open in a browser."""

    event: int
    serial: int

    @property
    def viewer(self) -> OfWallet:
        """As bills know them."""
        return OfWallet(self.event, self.serial)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestOrder:
    """Something that moved the wallet."""

    order: UUID
    kind: OrderKind
    at: datetime
    place: str
    """The till's label; '' for what was done online."""
    minor: int
    """What the wallet gained; negative for what was paid."""
    vouchers: int
    is_canceled: bool
    has_receipt: bool
    bill: str | None = None
    """The top-up bill it came from, if it was paid online."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestWallet:
    """What a wristband holds, and what was done with it."""

    event_name: str
    is_demo: bool
    balance: Money
    vouchers: int
    is_blocked: bool
    is_replaced: bool
    """By another wristband, which alone shows what there is."""
    orders: tuple[GuestOrder, ...]
    """Newest first; of a blocked wristband none: perhaps somebody found it."""
    bills: tuple[ListedBill, ...]
    """Its top-up bills, newest first; of a blocked one none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpWay:
    """A way to pay a top-up, and what of its cost the guest bears."""

    method: str
    fee: MethodFee | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpTerms:
    """How little and how much a wristband can be topped up by now."""

    currency: Currency
    least_minor: int
    most_minor: int
    """Less than the least where nothing more fits onto it."""
    ways: tuple[TopUpWay, ...]
    is_stopped: bool
    """Whether it is blocked or was replaced: then nothing can be paid in."""

    @property
    def is_possible(self) -> bool:
        """Whether it can be topped up at all."""
        has_room = self.least_minor <= self.most_minor
        return has_room and bool(self.ways) and not self.is_stopped


class TopUpProblem(enum.Enum):
    """Why a top-up is not billed."""

    TOO_LITTLE = "too_little"
    TOO_MUCH = "too_much"
    NOT_NOW = "not_now"
    """It is blocked or was replaced, is full, or nothing can be paid by."""


class TopUpRefused(Refused):
    """A top-up can't be billed; `terms` say what could be."""

    def __init__(self, problem: TopUpProblem, terms: TopUpTerms) -> None:
        super().__init__(f"This top-up is not possible ({problem.value}).")
        self.problem = problem
        self.terms = terms


class GuestWallets:
    """Opens wristbands by their codes, shows them, and bills online top-ups."""

    def __init__(
        self,
        store: Store,
        context: ContextKeeper,
        billing: Billing,
        methods: Mapping[str, PaymentMethod],
        *,
        clock: HubClock = hub_time,
    ) -> None:
        self._store = store
        self._context = context
        self._billing = billing
        self._methods = methods
        self._clock = clock

    async def open(self, code: str) -> str | None:
        """Exchange a wristband's code for a new token; None for one nobody has.

        What is no code at all is looked up, too, and so takes as long.
        """
        wanted = hash_code(code)
        event = self._context.current.number
        row = await self._store.fetch_row("wristband_by_code", event, wanted)
        known = row["code_hash"] if row is not None else bytes(len(wanted))
        if not hmac.compare_digest(known, wanted) or row is None:
            return None
        now, token = self._clock(), secrets.token_urlsafe(TOKEN_BYTES)
        await self._store.fetch("drop_guest_sessions", now)
        await self._store.fetch(
            "add_guest_session",
            _hash(token),
            event,
            row["serial"],
            _bond(token, known),
            now,
            now + SESSION_LASTS,
        )
        return token

    async def guest_of(self, token: str) -> Guest | None:
        """Tell whose wristband a token opens; None if none, or no longer."""
        event = self._context.current.number
        row = await self._store.fetch_row(
            "guest_session", _hash(token), event, self._clock()
        )
        if row is None:
            return None
        if not hmac.compare_digest(row["bond"], _bond(token, row["code_hash"])):
            return None
        return Guest(event, row["serial"])

    async def close(self, token: str) -> None:
        """Let a token open nothing any more."""
        await self._store.fetch("end_guest_session", _hash(token))

    async def wallet(self, guest: Guest) -> GuestWallet:
        """Show a wristband; of one that was replaced nothing is told."""
        event = self._context.current
        row = await self._row(guest)
        is_replaced, is_blocked = row["replaced"], row["blocked"]
        tells = not is_replaced and not is_blocked
        balance_minor = 0 if is_replaced else row["balance_minor"]
        return GuestWallet(
            event_name=event.name,
            is_demo=event.demo,
            balance=Money(balance_minor, event.agreed.currency),
            vouchers=0 if is_replaced else row["vouchers"],
            is_blocked=is_blocked,
            is_replaced=is_replaced,
            orders=await self._orders(guest, row["wallet"]) if tells else (),
            bills=await self._billing.listed(guest.viewer) if tells else (),
        )

    async def top_up_terms(self, guest: Guest) -> TopUpTerms:
        """Say how little and how much can be paid in now, and by which ways."""
        agreed = self._context.current.agreed
        row = await self._row(guest)
        most = TOP_UP_MINOR_MAX
        for cap, held in (("cap_minor", "balance_minor"), _OF_EVENT):
            if row[cap] is not None:
                most = min(most, row[cap] - (row[held] or 0))
        return TopUpTerms(
            currency=agreed.currency,
            least_minor=max(TOP_UP_MINOR_MIN, agreed.limits.top_up_min_minor),
            most_minor=max(0, most),
            ways=await self._ways(guest.event, agreed.currency),
            is_stopped=row["blocked"] or row["replaced"],
        )

    async def top_up(self, guest: Guest, amount_minor: int) -> str:
        """Bill an online top-up; returns the bill's reference. Raises TopUpRefused.

        Asked again while nothing of it is paid, it is the same bill.
        """
        terms = await self.top_up_terms(guest)
        if not terms.is_possible:
            raise TopUpRefused(TopUpProblem.NOT_NOW, terms)
        if amount_minor < terms.least_minor:
            raise TopUpRefused(TopUpProblem.TOO_LITTLE, terms)
        if amount_minor > terms.most_minor:
            raise TopUpRefused(TopUpProblem.TOO_MUCH, terms)
        for bill in await self._billing.listed(guest.viewer):
            is_open = bill.standing.state is BillState.OPEN
            if is_open and bill.total_minor == amount_minor:
                return bill.reference
        try:
            return await self._billing.top_up(guest.event, guest.serial, amount_minor)
        except NotAllowed:  # it was blocked in this very moment
            raise TopUpRefused(TopUpProblem.NOT_NOW, terms) from None

    async def owns(self, guest: Guest, reference: str) -> bool:
        """Say whether a bill is a top-up of a guest's wristband."""
        try:
            await visible(self._store, guest.viewer, reference)
        except NoSuchBill:
            return False
        return True

    def payout_places(self) -> tuple[str, ...]:
        """Name the tills that are there for paying out; maybe none is told apart."""
        tills = self._context.current.agreed.tills.values()
        return tuple(
            sorted(
                till.label
                for till in tills
                if not till.revoked
                and till.profile is not None
                and OrderKind.PAYOUT in till.profile.kinds
            )
        )

    # --- what the public promises are made of ----------------------------------------

    async def _row(self, guest: Guest) -> Row:
        row = await self._store.fetch_row("guest_wallet", guest.event, guest.serial)
        assert row is not None, "wristbands are never deleted"
        return row

    async def _ways(self, event: int, currency: Currency) -> tuple[TopUpWay, ...]:
        rows = await self._store.fetch("top_up_methods", event)
        offered = {row["method"]: row for row in rows}
        return tuple(
            _way(offered[code], currency)
            for code, method in self._methods.items()
            if code in offered and currency in method.currencies
        )

    async def _orders(self, guest: Guest, wallet: int) -> tuple[GuestOrder, ...]:
        rows = await self._store.fetch(
            "wallet_orders", guest.event, wallet, ORDERS_SHOWN_MAX
        )
        return tuple(self._order(row) for row in rows)

    def _order(self, row: Row) -> GuestOrder:
        order = _document(row)
        if order is None:
            kind, at, place = OrderKind.TOP_UP, row["booked_at"], ""
        else:
            till = self._context.current.agreed.tills.get(TillId(order.till))
            place = order.till if till is None else till.label
            kind, at = order.kind, order.opened_at
        return GuestOrder(
            order=row["order_id"],
            kind=kind,
            at=at,
            place=place,
            minor=row["minor"],
            vouchers=row["vouchers"],
            is_canceled=row["canceled"],
            has_receipt=order is not None and order.acts_as in GUESTS_KINDS,
            bill=_bill(row) if order is None else None,
        )


_OF_EVENT = ("event_cap_minor", "held_minor")


def _way(row: Row, currency: Currency) -> TopUpWay:
    lawful = PAYER_MAY_BEAR[currency]
    bears = row["payer_bears"] and (lawful is None or row["method"] in lawful)
    fee = MethodFee(row["fixed_minor"], row["rate_bp"], row["most_minor"])
    costs = fee.fixed_minor or fee.rate_bp
    return TopUpWay(method=row["method"], fee=fee if bears and costs else None)


def _document(row: Row) -> Order | None:
    """Read a till's order; None for what was booked without a till."""
    if row["advice"] is not None:
        return decode_order(bytes(decode_advice(row["advice"]).order))
    return None if row["till"] is None else decode_order(row["body"])


def _bill(row: Row) -> str | None:
    step = decode_step(row["body"]) if row["body"] is not None else None
    if step is None or step.step not in {StepKind.RELEASE, StepKind.RETAKE}:
        return None
    return step.reference


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _bond(token: str, code_hash: bytes) -> bytes:
    """Tie a session to the code it was opened with."""
    return hmac.digest(token.encode(), code_hash, hashlib.sha256)
