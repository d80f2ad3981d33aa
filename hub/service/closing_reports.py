"""Recorded closings, compared with ledger and TSE anew whenever somebody looks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from contract.closing import decode_closing
from contract.closing_sheet import ClosedShift
from contract.fiscal import Signature
from contract.messages import ClosingFlag, decode_advice
from hub.core.closing_comparison import (
    ClosingFacts,
    Finding,
    OtherClosing,
    Witness,
    compare,
)
from hub.core.tse_log import LoggedSpan, without_overlap
from hub.service.closings import ended, signature_fits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from contract.closing import ClosingReport
    from hub.service.context import ContextKeeper
    from hub.store.store import Row, Store


_LOG = msgspec.json.Decoder(tuple[tuple[int, int, str], ...])


@dataclass(frozen=True, slots=True)
class ListedClosing:
    """A recorded closing, as it was received."""

    report: ClosingReport
    signature: Signature | None
    flags: tuple[str, ...]
    """What did not agree when it was recorded."""
    follows: bool
    """Whether the Z number before it is recorded, too."""


@dataclass(frozen=True, slots=True)
class ComparedClosing:
    """A closing, and where till, ledger and TSE differ by now."""

    listed: ListedClosing
    findings: tuple[Finding, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing has to be looked into."""
        return not any(each.is_alarm for each in self.findings)


class ClosingReports:
    """Reads closings; raises DatabaseGone."""

    def __init__(self, store: Store, context: ContextKeeper) -> None:
        self._store = store
        self._context = context

    async def listed(self, till: str | None = None) -> list[ListedClosing]:
        """List closings by till and Z number."""
        return [listed for listed, _ in await self._read(till)]

    async def compared(self, till: str, z_number: int) -> ComparedClosing | None:
        """Compare one closing; None if there is none of that number."""
        found = await self._read(till)
        for listed, row in found:
            if row["z_number"] == z_number:
                return await self._compare(listed, row, [each for _, each in found])
        return None

    async def all_compared(
        self, till: str | None = None
    ) -> AsyncIterator[ComparedClosing]:
        """Compare closings one by one."""
        found = await self._read(till)
        for _, group in groupby(found, key=lambda each: each[1]["till"]):
            of_till = list(group)
            rows = [row for _, row in of_till]
            for listed, row in of_till:
                yield await self._compare(listed, row, rows)

    def shift(self, listed: ListedClosing) -> ClosedShift:
        """Have a closing ready to be printed."""
        event = self._context.current
        return ClosedShift(
            report=listed.report,
            seller=event.seller,
            event_name=event.name,
            signature=listed.signature,
            demo=event.demo,
        )

    async def _read(self, till: str | None) -> list[tuple[ListedClosing, Row]]:
        rows = await self._store.fetch(
            "closings_of", self._context.current.number, till
        )
        found: list[tuple[ListedClosing, Row]] = []
        before: dict[str, int] = {}
        for row in rows:
            follows = before.get(row["till"], 0) == row["z_number"] - 1
            before[row["till"]] = row["z_number"]
            listed = ListedClosing(
                decode_closing(row["report"]),
                _signature(row),
                tuple(row["flags"]),
                follows,
            )
            found.append((listed, row))
        return found

    async def _compare(
        self, listed: ListedClosing, row: Row, rows: Sequence[Row]
    ) -> ComparedClosing:
        report, event = listed.report, self._context.current.number
        span = (report.span.first, report.span.last)
        orders = await self._store.fetch("orders_to_close", event, report.till, *span)
        late = await self._store.fetch(
            "late_for_closing", event, report.till, report.z_number, *span
        )
        signature = listed.signature
        facts = ClosingFacts(
            report=report,
            orders=tuple(_witness(each) for each in orders),
            signature=signature,
            signature_fits=signature is not None
            and signature_fits(signature, report, bytes(row["report"])),
            chain_fits=await self._is_our_chain(report),
            clock_fits=ClosingFlag.TILL_CLOCK_OFF.value not in listed.flags,
            others=tuple(
                OtherClosing(each["z_number"], each["last_sequence"], _signature(each))
                for each in rows
                if each["z_number"] != report.z_number
            ),
            late=tuple(each["sequence"] for each in late),
            log=await self._log(report.tse_serial),
        )
        return ComparedClosing(listed, compare(facts))

    async def _log(self, serial: str) -> tuple[LoggedSpan, ...]:
        """Read what the TSE's archives tell of its signatures."""
        event = self._context.current.number
        rows = await self._store.fetch("tse_archive_logs", event, serial)
        logs = (_LOG.decode(row["log"]) for row in rows)
        return without_overlap(LoggedSpan(*each) for log in logs for each in log)

    async def _is_our_chain(self, report: ClosingReport) -> bool:
        anchor = report.anchor
        if anchor is None:
            return True  # the till had never heard of the hub
        head = await self._store.fetch_value(
            "chain_head_of", self._context.current.number, anchor.batch
        )
        return head is not None and bytes(head).hex() == anchor.chain_head


def _witness(row: Row) -> Witness:
    advice = decode_advice(row["advice"])
    return Witness(ended(row), advice.signature, advice.outage)


def _signature(row: Row) -> Signature | None:
    data = row["signature"]
    return None if data is None else msgspec.json.decode(data, type=Signature)
