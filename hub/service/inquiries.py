"""What tills ask: how wristbands stand, what was bought with them, what orders were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.ids import TillId, new_uuid7
from contract.messages import (
    Malformed,
    OrderInfo,
    PastOrder,
    RejectReason,
    WristbandInfo,
    decode_advice,
)
from contract.money import Money
from contract.order import OrderKind, decode_order
from contract.topics import HUB_CLIENT
from hub.core.tokens import verify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.messages import Note, OrderQuery, WristbandQuery
    from contract.order import Order
    from hub.service.context import ContextKeeper
    from hub.service.orders import Orders
    from hub.service.staff import Staff
    from hub.store.store import Row, Store


class Inquiries:
    """Answers questions about wristbands, as far as who asks may know."""

    def __init__(
        self, store: Store, context: ContextKeeper, orders: Orders, staff: Staff
    ) -> None:
        self._store = store
        self._context = context
        self._orders = orders
        self._staff = staff

    async def wristband(self, message: WristbandQuery) -> WristbandInfo:
        """Tell how a wristband stands; raises Malformed, DatabaseGone.

        What was written of a guest, and what they bought, is told to those only whose
        role says so; without the wristband at hand, all of it.
        """
        agreed = self._context.current.agreed
        sees_all = self._staff.may_see(message.cashier)
        self._check_token(message, sees_all=sees_all)
        anchor = self._orders.anchor()
        row = await self._store.fetch_row(
            "wristband_info", agreed.number, message.wristband
        )
        if row is None:
            raise Malformed(
                RejectReason.UNKNOWN_WRISTBAND,
                "The hub does not know this wristband. "
                "Send the guest to the service desk.",
                message.id,
            )
        orders_max = message.orders_max if sees_all else 0
        return WristbandInfo(
            id=new_uuid7(),
            regarding=message.id,
            wristband=message.wristband,
            balance=Money(row["balance_minor"], agreed.currency),
            vouchers=row["vouchers"],
            variant=row["variant"],
            blocked=row["blocked"],
            anchor=anchor,
            restriction=row["restriction"],
            successor=row["successor"],
            comment=(row["comment"] or "") if sees_all else "",
            orders=await self._history(row["wallet"], orders_max),
        )

    async def order(self, message: OrderQuery) -> OrderInfo:
        """Tell what a completed order was, so that any till can cancel it.

        Raises Malformed for an order that is not known, or not known to be completed.
        """
        event = self._context.current.number
        anchor = self._orders.anchor()
        rows = await self._store.fetch("order_and_undoing", event, message.order)
        found = {row["order_id"]: decode_advice(row["advice"]).order for row in rows}
        document = found.pop(message.order, None)
        if document is None:
            raise Malformed(
                RejectReason.UNKNOWN_ORDER,
                "The hub has no completed order with this number, or not yet.",
                message.id,
            )
        taken = {
            line.cancels_line
            for undoing in found.values()
            for line in decode_order(undoing).lines
        }
        by_line = tuple(sorted(each for each in taken if each is not None))
        return OrderInfo(
            id=new_uuid7(),
            regarding=message.id,
            order=document,
            anchor=anchor,
            canceled=bool(found) and not by_line,
            undone=by_line,
        )

    async def note(self, notes: Iterable[Note], till: TillId, said: bytes) -> None:
        """Keep notes whose keys are named in what a till said of its orders.

        Before the order is booked: a key without a note would be a comment lost.
        """
        for each in notes:
            if str(each.key).encode() in said:
                event = self._context.current.number
                text = each.text.replace("\x00", " ")  # no text column takes a NUL
                await self._store.fetch("note_wristband", event, each.key, till, text)

    def _check_token(self, message: WristbandQuery, *, sees_all: bool) -> None:
        agreed = self._context.current.agreed
        if message.credential is None:
            if not sees_all:
                raise Malformed(
                    RejectReason.NOT_ALLOWED,
                    "Only a wristband at hand can be asked about. Present it.",
                    message.id,
                )
            return
        token = verify(message.credential, agreed.token_keys, agreed.number)
        if token is None or token.serial != message.wristband:
            raise Malformed(
                RejectReason.UNKNOWN_WRISTBAND,
                "The wristband's token is not genuine or not its own. Keep it.",
                message.id,
            )

    async def _history(self, wallet: int, count: int) -> tuple[PastOrder, ...]:
        if count == 0:
            return ()
        event = self._context.current.number
        rows = await self._store.fetch("wallet_orders", event, wallet, count)
        return tuple(_past(row) for row in rows)


def _past(row: Row) -> PastOrder:
    order = _order(row)
    return PastOrder(
        order=row["order_id"],
        # What came in without a till was paid on the web.
        kind=OrderKind.TOP_UP if order is None else order.kind,
        till=TillId(HUB_CLIENT) if order is None else order.till,
        at=row["booked_at"] if order is None else order.opened_at,
        amount_minor=row["minor"],
        vouchers=row["vouchers"],
        canceled=row["canceled"],
    )


def _order(row: Row) -> Order | None:
    if row["advice"] is not None:
        return decode_order(bytes(decode_advice(row["advice"]).order))
    if row["till"] is None:
        return None
    return decode_order(row["body"])
