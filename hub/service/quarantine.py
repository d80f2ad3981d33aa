"""Advices that nobody may book unseen: set aside, looked at, released by a person."""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contract.advice import without_credential
from contract.messages import AdviceFlag, DeclineReason, Malformed, decode_advice
from contract.order import Outcome, decode_order, order_digest
from hub.core.content import is_beyond
from hub.service.advices import Arrival
from hub.service.booker import Booker
from hub.service.booking import NoLedger, NotBooked
from hub.store.errors import Refused, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from contract.order import Order
    from hub.core.booking import Result
    from hub.core.orders import Till
    from hub.service.advices import Advices
    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper
    from hub.store.store import Row, Store

log = logging.getLogger(__name__)

CHANNEL = "kassenband_quarantine"


class Decision(enum.Enum):
    """What somebody may decide about an advice that is set aside."""

    RELEASE = "release"
    DISMISS = "dismiss"
    """It stays where it is and is never booked, unless somebody releases it later."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An advice that was set aside: its till takes it for recorded."""

    digest: bytes
    order: Order
    outcome: Outcome
    flag: AdviceFlag
    received_at: datetime
    decision: Decision | None = None
    decided_by: str = ""
    reason: str = ""
    released: bool = False

    @property
    def waits(self) -> bool:
        """Whether nobody has decided yet."""
        return self.decision is None and not self.released


class NotReleased(Refused):
    """An advice can't be let go; the text says why."""


class SetAside:
    """Shows what is set aside, and keeps what people decide about it."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event

    async def listed(self) -> Sequence[Quarantined]:
        """List all that was ever set aside, oldest first."""
        rows = await self._store.fetch("set_aside", self._event)
        return [_quarantined(row) for row in rows]

    async def find(self, order: UUID) -> Quarantined:
        """Find an order's advice that is not released yet; raises NotReleased.

        Of several, one that nobody has decided about comes first.
        """
        all_of_it = [each for each in await self.listed() if each.order.id == order]
        left = [each for each in all_of_it if not each.released]
        if not left:
            raise NotReleased(
                f"No advice of order {order} is set aside. It may be booked already."
            )
        return min(left, key=lambda each: not each.waits)

    async def decide(
        self, order: UUID, decision: Decision, *, by: str, reason: str = ""
    ) -> Quarantined:
        """Keep a decision; the ledger's writer books what is to be released.

        Raises NotReleased for what can't be booked at all.
        """
        found = await self.find(order)
        if decision is Decision.RELEASE:
            _refuse_beyond(found.order, found.outcome)
        said = (found.digest, decision.value, by, reason)
        await self._store.fetch("decide_quarantined", self._event, *said)
        return found

    async def is_released(self, digest: bytes) -> bool:
        """Whether an advice was booked after all."""
        return any(
            each.released for each in await self.listed() if each.digest == digest
        )


class Quarantine(Booker):
    """Keeps advices as they came until somebody lets them go into the ledger."""

    waiting = "Advices that were released"

    def __init__(
        self,
        store: Store,
        context: ContextKeeper,
        booking: Booking,
        advices: Advices,
    ) -> None:
        super().__init__(store, booking, context.current.number)
        self._advices = advices

    async def set_aside(
        self,
        body: bytes,
        order: Order,
        flag: AdviceFlag,
        refusal: DeclineReason | None = None,
        odd: Sequence[AdviceFlag] = (),
    ) -> None:
        """Keep an advice's own bytes; again: nothing. Raises NoLedger.

        Its token is not kept, only why no wallet can be charged by it. `odd` is what
        else is to be flagged: it is judged by what holds when an advice comes.
        """
        kept = without_credential(body)
        values = (
            order_digest(kept),
            order.id,
            order.till,
            order.z_number,
            order.sequence,
            kept,
            flag.value,
            None if refusal is None else refusal.value,
            [each.value for each in odd],
        )
        try:
            await self._store.fetch("quarantine", self._event, *values)
        except StoreError as error:
            raise NoLedger(str(error)) from error
        log.warning("Order %s is set aside (%s): look at it.", order.id, flag.value)

    async def listed(self) -> Sequence[Quarantined]:
        """List what waits for somebody to look at it, oldest first."""
        kept = SetAside(self._store, self._event)
        return [each for each in await kept.listed() if each.waits]

    async def release(self, order: UUID, by: str) -> Result:
        """Book an order that was set aside, in somebody's name; once, however often.

        What is beyond all reason stays where it is: it has to be booked in the office
        with the amount that was meant. Raises NotReleased, NoLedger, HubFault.
        """
        for row in await self._store.fetch("set_aside", self._event):
            if row["order_id"] == order and row["released_at"] is None:
                return await self._let_go(row, by)
        raise NotReleased(
            f"No advice of order {order} is set aside. It may be booked already."
        )

    async def book(self) -> int:
        """Book all that is to be released and was not yet; says how much was booked.

        What can't be booked now holds up nothing else. Raises DatabaseGone.
        """
        booked = 0
        for row in await self._store.fetch("set_aside", self._event):
            wanted = row["decision"] == Decision.RELEASE.value
            if not wanted or row["released_at"] is not None:
                continue
            try:
                await self._let_go(row, row["decided_by"])
            except (NotBooked, NotReleased) as error:
                log.warning("Order %s is not released: %s", row["order_id"], error)
            else:
                booked += 1
        return booked

    async def _let_go(self, row: Row, by: str) -> Result:
        order, body = row["order_id"], row["advice"]
        try:
            advice = decode_advice(body)
            about = decode_order(bytes(advice.order))
        except (Malformed, ValueError) as error:
            raise NotReleased(f"Order {order} can't be read: {error}.") from None
        _refuse_beyond(about, advice.outcome)
        said = row["refusal"]
        refusal = None if said is None else DeclineReason(said)
        odd = tuple(AdviceFlag(each) for each in row["odd"])
        arrival = Arrival(row["received_at"], odd=odd)
        item = await self._advices.item(advice, about, body, arrival, refusal)
        flags = dict.fromkeys((AdviceFlag(row["flag"]), *item.flags))
        item = msgspec.structs.replace(item, flags=tuple(flags))
        try:
            result = await self._booking.submit(item)
        except NotBooked:
            self._advices.failed(about)
            raise
        await self._advices.recorded(about, item, result)
        await self._store.fetch(
            "release_quarantined", self._event, row["advice_digest"], by
        )
        log.info("%s let order %s go into the ledger.", by, order)
        return result


def _quarantined(row: Row) -> Quarantined:
    advice = decode_advice(row["advice"])
    return Quarantined(
        digest=row["advice_digest"],
        order=decode_order(bytes(advice.order)),
        outcome=advice.outcome,
        flag=AdviceFlag(row["flag"]),
        received_at=row["received_at"],
        decision=Decision(row["decision"]) if row["decision"] else None,
        decided_by=row["decided_by"] or "",
        reason=row["reason"] or "",
        released=row["released_at"] is not None,
    )


def _refuse_beyond(order: Order, outcome: Outcome) -> None:
    # What was aborted moves nothing, whatever it names.
    if outcome is Outcome.COMPLETED and is_beyond(order):
        raise NotReleased(
            f"Order {order.id} names an amount beyond all reason. Book what was meant "
            "in the office."
        )


def must_wait(order: Order, till: Till, outcome: Outcome) -> AdviceFlag | None:
    """Say why an advice has to be looked at before it is booked, if so."""
    if till.revoked:
        return AdviceFlag.REVOKED_TILL
    if outcome is Outcome.COMPLETED and is_beyond(order):
        return AdviceFlag.INCONSISTENT_ORDER
    return None
