"""Z reports: heard by the site as `hub.service.closings` does, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contract.closing import decode_closing
from contract.messages import (
    AdviceFlag,
    Closing,
    ClosingFlag,
    ClosingIncomplete,
    ClosingRecorded,
    decode_advice,
)
from contract.order import Outcome, decode_order, order_digest
from hub.core import closings
from hub.core.booking import ResultCode, closing_item
from hub.core.changes import ClosingWords
from tests.world.hub import Job

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from contract.closing import ClosingReport
    from contract.ids import TillId
    from contract.messages import FromHub
    from hub.core.booking import Item, Result
    from tests.world.simulation import World
    from tests.world.site import Site
    from tests.world.tills import SimulatedTill

MISSED = "the hub lacks orders of a closing"
CLOSED = "a till is closed"
HELD = "a till is closed while orders of it are set aside"
# Signatures of what was given up, or that nobody heard of, are in no order.
ODD_AT_ANY_TIME = frozenset({ClosingFlag.UNSIGNED, ClosingFlag.COUNTERS_HAVE_GAPS})


@dataclass
class Desk:
    """Where a site hears Z reports."""

    site: Site

    def hear(
        self,
        till: TillId,
        message: Closing,
        fresh: Callable[[], UUID],
        reply: Callable[[FromHub], None],
    ) -> None:
        """Record a closing, or name what is missing."""
        site, data = self.site, bytes(message.report)
        assert site.process is not None
        report = decode_closing(data)
        assert report.till == till
        known = self._ended(report)
        missing = closings.missing(report.span, [number for number, _ in known])
        if missing:
            site.incidents.add(MISSED)
            reply(
                ClosingIncomplete(
                    id=fresh(),
                    regarding=message.id,
                    till=till,
                    z_number=report.z_number,
                    missing=missing,
                    anchor=site.anchor(),
                )
            )
            return
        words = self._words(message, report, data, [each for _, each in known])

        def done(_: Item, result: Result | None) -> None:
            assert result is not None, "a closing is no poison"
            assert result.code is ResultCode.RECORDED, "a Z number has two reports"
            site.incidents.add(CLOSED)
            row = site.database.closings[till, report.z_number]
            flags = row[7].split("+") if row[7] else []
            reply(
                ClosingRecorded(
                    id=fresh(),
                    regarding=message.id,
                    till=till,
                    z_number=report.z_number,
                    anchor=site.anchor(result),
                    flags=tuple(ClosingFlag(each) for each in flags),
                )
            )

        site.process.hand_in([Job(closing_item(till, fresh(), data, words), done)])

    def _words(
        self,
        message: Closing,
        report: ClosingReport,
        data: bytes,
        orders: list[closings.Ended],
    ) -> ClosingWords:
        signature = message.signature
        fits = signature is not None and closings.fits(signature, report, data)
        flags = closings.flags(
            report,
            orders,
            signed=signature is not None,
            signature_fits=fits,
            chain_fits=self._is_our_chain(report),
        )
        if ClosingFlag.ORDERS_HELD_BACK in flags:
            self.site.incidents.add(HELD)
        return ClosingWords(
            z_number=report.z_number,
            first=report.span.first,
            last=report.span.last,
            signature=None if signature is None else msgspec.json.encode(signature),
            flags=flags,
        )

    def _is_our_chain(self, report: ClosingReport) -> bool:
        anchor, log = report.anchor, self.site.database.log
        if anchor is None:
            return True
        heads = {each.number: each.head.hex() for each in log}
        return heads.get(anchor.batch) == anchor.chain_head

    def _ended(self, report: ClosingReport) -> list[tuple[int, closings.Ended]]:
        """Find the orders of a closing: in the ledger, or set aside."""
        found: dict[int, closings.Ended] = {}
        held = [body for body, _ in self.site.quarantine]
        booked = [
            rows.outcome[8]
            for rows in self.site.database.orders.values()
            if rows.outcome is not None
        ]
        for bodies, is_held in ((held, True), (booked, False)):
            for body in bodies:
                advice = decode_advice(body)
                order = decode_order(advice.order)
                span = range(report.span.first, report.span.last + 1)
                if order.till == report.till and order.sequence in span:
                    signed = advice.signature
                    found[order.sequence] = closings.Ended(
                        order,
                        order_digest(advice.order),
                        advice.outcome is Outcome.COMPLETED,
                        (signed.start_counter, signed.counter) if signed else None,
                        is_held,
                    )
        return sorted(found.items())


def judge_closings(world: World) -> None:
    """Hold that each order is in one Z report, each report in the ledger as made."""
    database = world.site.database
    for till in world.tills:
        ends = _each_order_in_one(till)
        name = till.identity.till
        is_plain = not world.site.restored and "a till is revoked" not in (
            world.site.incidents
        )
        for z_number, (report, is_signed) in ends.items():
            row = database.closings.get((name, z_number))
            assert row is not None, f"the ledger has no Z {z_number} of till {name}"
            assert row[4] == order_digest(report), "another report was recorded"
            flags = (
                {ClosingFlag(each) for each in row[7].split("+")} if row[7] else set()
            )
            assert (ClosingFlag.UNSIGNED in flags) == (not is_signed)
            if is_plain:
                assert flags <= ODD_AT_ANY_TIME, f"Z {z_number} of till {name}: {flags}"
        late = [
            rows.outcome[0]
            for rows in database.orders.values()
            if rows.outcome is not None
            and rows.outcome[4] == name
            and AdviceFlag.AFTER_CLOSING.value in (rows.outcome[9] or "").split("+")
        ]
        assert not (is_plain and late), f"{late} came after their closing"


def _each_order_in_one(till: SimulatedTill) -> dict[int, tuple[bytes, bool]]:
    """Check that a till's Z reports follow each other and leave no order out."""
    journal = till.journal
    expected, ends = 1, {}
    for number, each in enumerate(journal.closings, start=1):
        assert each.id in journal.ended, f"Z {each.z_number} is still on its way"
        assert each.z_number == number
        span = decode_closing(each.report).span
        assert span.first == expected, "an order is in no Z report, or in two"
        expected = span.last + 1
        ends[number] = each.report, each.signature is not None
    assert expected == len(journal.rows) + 1, "the last orders are in no Z report"
    return ends
