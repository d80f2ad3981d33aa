"""Closings of tills (Z reports): recorded once the hub has all their orders.

What is in quarantine is named as a gap that is known; it holds up no closing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from contract.closing import decode_closing
from contract.fiscal import FAULT_LENGTH_MAX
from contract.ids import new_uuid7
from contract.messages import (
    TEXT_MAX,
    ClosingFlag,
    ClosingIncomplete,
    ClosingRecorded,
    Malformed,
    RejectReason,
    decode_advice,
)
from contract.order import Outcome, decode_order, order_digest
from contract.receipt import qr_text
from contract.tse_news import plain
from hub.core import closings
from hub.core.booking import ResultCode, closing_item
from hub.core.changes import ClosingWords
from hub.core.closings import Ended
from hub.core.orders import is_clock_off
from hub.service.orders import hub_time
from tse_driver.errors import TseError
from tse_driver.log_message import verify_receipt

if TYPE_CHECKING:
    from contract.closing import ClosingReport
    from contract.fiscal import Outage, Signature
    from contract.ids import TillId
    from contract.messages import Closing
    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper
    from hub.service.orders import HubClock, Orders
    from hub.store.store import Row, Store

log = logging.getLogger(__name__)

SPAN_MAX = 1_000_000


class Closings:
    """Records Z reports, or names what is missing; raises NoLedger, DatabaseGone."""

    def __init__(
        self,
        store: Store,
        context: ContextKeeper,
        booking: Booking,
        orders: Orders,
        *,
        clock: HubClock = hub_time,
    ) -> None:
        self._store = store
        self._context = context
        self._booking = booking
        self._orders = orders
        self._clock = clock

    async def close(
        self, message: Closing, till: TillId
    ) -> ClosingRecorded | ClosingIncomplete:
        """Record a closing, once; raises Malformed when it is no closing of the till.

        Whatever does not agree is flagged, and recorded all the same.
        """
        data = bytes(message.report)
        report = self._own_report(message, data, till)
        rows = await self._store.fetch(
            "orders_to_close",
            self._context.current.number,
            till,
            report.span.first,
            report.span.last,
        )
        missing = closings.missing(report.span, (row["sequence"] for row in rows))
        if missing:
            return ClosingIncomplete(
                id=new_uuid7(),
                regarding=message.id,
                till=till,
                z_number=report.z_number,
                missing=missing,
                anchor=self._orders.anchor(),
            )
        words = await self._words(message, report, data, rows)
        result = await self._booking.submit(closing_item(till, uuid4(), data, words))
        known = await self._known(till, report.z_number)
        if result.code is ResultCode.CONFLICT:
            raise Malformed(
                RejectReason.INVALID,
                f"Z {report.z_number} of till {till} is closed already, with another "
                "report. Close the next one.",
                message.id,
            )
        if message.signature is None and message.outage is not None:
            await self._note_outage(report, message.outage)
        held_back = closings.spans(row["sequence"] for row in rows if row["is_held"])
        if known["flags"]:
            said = ", ".join(known["flags"])
            log.warning("Z %d of till %s: %s.", report.z_number, till, said)
        for span in held_back:
            log.warning(
                "Z %d of till %s: its orders %d to %d are in quarantine.",
                report.z_number,
                till,
                span.first,
                span.last,
            )
        return ClosingRecorded(
            id=new_uuid7(),
            regarding=message.id,
            till=till,
            z_number=report.z_number,
            anchor=self._orders.anchor(result),
            flags=tuple(ClosingFlag(flag) for flag in known["flags"]),
            held_back=held_back,
        )

    def _own_report(self, message: Closing, data: bytes, till: TillId) -> ClosingReport:
        try:
            report = decode_closing(data)
        except msgspec.DecodeError as error:
            text = str(error)[:TEXT_MAX]
            raise Malformed(RejectReason.INVALID, text, message.id) from None
        agreed = self._context.current.agreed
        if report.till != till:
            text = f"Till {till} sent a closing of till {report.till}."
            raise Malformed(RejectReason.FORGED_TILL, text, message.id)
        if report.event != agreed.event:
            text = f"The closing belongs to event {report.event}, not {agreed.event}."
            raise Malformed(RejectReason.UNKNOWN_EVENT, text, message.id)
        if report.currency is not agreed.currency or (
            report.span.last - report.span.first not in range(SPAN_MAX)
        ):
            text = "A closing is in the event's currency, and spans its orders upward."
            raise Malformed(RejectReason.INVALID, text, message.id)
        return report

    async def _words(
        self, message: Closing, report: ClosingReport, data: bytes, rows: list[Row]
    ) -> ClosingWords:
        signature = message.signature
        flags = closings.flags(
            report,
            [ended(row) for row in rows],
            signed=signature is not None,
            signature_fits=signature is not None
            and signature_fits(signature, report, data),
            chain_fits=await self._is_our_chain(report),
        )
        if is_clock_off((report.opened_at, report.closed_at), self._clock()):
            flags = (*flags, ClosingFlag.TILL_CLOCK_OFF)
        return ClosingWords(
            z_number=report.z_number,
            first=report.span.first,
            last=report.span.last,
            signature=None if signature is None else msgspec.json.encode(signature),
            flags=flags,
        )

    async def _note_outage(self, report: ClosingReport, outage: Outage) -> None:
        """Keep why a closing is not signed; the tax office's export gives it."""
        await self._store.fetch(
            "put_closing_outage",
            self._context.current.number,
            report.till,
            report.z_number,
            outage.since,
            plain(outage.reason, FAULT_LENGTH_MAX),  # no text column takes a NUL
            outage.number,
        )

    async def _is_our_chain(self, report: ClosingReport) -> bool:
        anchor, event = report.anchor, self._context.current
        if anchor is None:
            return True  # the till has never heard of the hub
        head = await self._store.fetch_value(
            "chain_head_of", event.number, anchor.batch
        )
        return head is not None and bytes(head).hex() == anchor.chain_head

    async def _known(self, till: TillId, z_number: int) -> Row:
        event = self._context.current.number
        row = await self._store.fetch_row("closing_known", event, till, z_number)
        assert row is not None, "what was recorded is there"
        return row


def ended(row: Row) -> Ended:
    """Read how an order ended, as `orders_to_close` found it."""
    advice = decode_advice(row["advice"])
    signature = advice.signature
    return Ended(
        decode_order(bytes(advice.order)),
        order_digest(advice.order),
        advice.outcome is Outcome.COMPLETED,
        None if signature is None else (signature.start_counter, signature.counter),
        row["is_held"],
    )


def signature_fits(signature: Signature, report: ClosingReport, data: bytes) -> bool:
    """Whether a closing's signature is genuine, and speaks of its bytes."""
    if not closings.fits(signature, report, data):
        return False
    try:
        return verify_receipt(qr_text(signature)).valid
    except TseError:
        return False
