"""The export for the tax office: recorded closings of tills, as DSFinV-K 2.4."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contract.closing import ClosingReport, decode_closing
from contract.fiscal import Outage, Signature
from contract.messages import decode_advice
from contract.order import decode_order
from hub.export.archive import archive
from hub.export.cash_point import CashPoint, Ended, Event, Group, Original, Register
from hub.export.cash_point import TseFacts as Tse
from hub.export.closing_rows import ClosingRows
from hub.export.tse_register import TseRegister

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from hub.export.archive import Tables
    from hub.service.context import EventContext
    from hub.store.store import Row, Snapshot, Store

LOCATION = "DSFinV-K 2.4"


class NothingToExport(Exception):
    """No recorded closing lies in the period; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Period:
    """Closings from a moment on, and before another one; None has no bound."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether something happened within it."""
        return (self.since is None or moment >= self.since) and (
            self.until is None or moment < self.until
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in a file, and what a person should know of what is not."""

    closings: int
    orders: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Extent:
    first: int
    last: int
    orders: int


_ZKey = tuple[str, int]


async def export(
    store: Store,
    event: EventContext,
    period: Period,
    out: Path,
    progress: Callable[[int, int], object] = lambda _done, _all: None,
) -> Exported:
    """Write the closings of a period into a new file, all as of one moment.

    `progress` hears how many of how many orders are written. Raises NothingToExport,
    StoreError and NotWritable; then there is no file.
    """
    async with store.snapshot() as snapshot:
        plan = await _Plan.of(snapshot, event, period)
        if not plan.points:
            raise NothingToExport(plan.why_nothing())
        tses = TseRegister(await _tses(snapshot, event.number))
        seller = event.seller
        with archive(
            out,
            tses.tables,
            supplier=seller.name,
            location=", ".join(
                part
                for part in (seller.street, seller.postal_code, seller.city)
                if part
            ),
            comment=f"{LOCATION}: {event.name}",
        ) as tables:
            run = _Run(snapshot, event, plan, tses, tables, progress)
            for point in plan.points:
                await run.write(point)
    return Exported(len(plan.points), run.orders, (*plan.remarks(), *run.remarks()))


class _Plan:
    """Which closings are exported, and what is left out."""

    def __init__(
        self,
        points: Sequence[CashPoint],
        all_reports: Sequence[ClosingReport],
        extents: Mapping[_ZKey, _Extent],
        held: Mapping[_ZKey, int],
    ) -> None:
        self.points = points
        self.extents = extents
        self.orders = sum(extents[key].orders for key in self._keys() if key in extents)
        """How many orders will be written."""
        self.closed_at: dict[_ZKey, datetime] = {
            (each.till, each.z_number): each.closed_at for each in all_reports
        }
        self._held = held

    @classmethod
    async def of(cls, snapshot: Snapshot, event: EventContext, period: Period) -> _Plan:
        rows = await snapshot.fetch("dsfinvk_closings", event.number)
        reports = [decode_closing(bytes(row["report"])) for row in rows]
        registers = await _registers(snapshot, event.number)
        points = [
            _point(row, report, registers)
            for row, report in zip(rows, reports, strict=True)
            if period.holds(report.closed_at)
        ]
        extents = {
            (row["till"], row["z_number"]): _Extent(
                row["first"], row["last"], row["orders"]
            )
            for row in await snapshot.fetch("dsfinvk_extents", event.number)
        }
        held = {
            (row["till"], row["z_number"]): row["orders"]
            for row in await snapshot.fetch("dsfinvk_held", event.number)
        }
        return cls(points, reports, extents, held)

    def why_nothing(self) -> str:
        """Say why there is nothing to export, and what to do."""
        if not self.closed_at:
            return (
                "No till has a recorded closing yet. Close the tills (Z report), "
                "and export then."
            )
        first, last = min(self.closed_at.values()), max(self.closed_at.values())
        return (
            f"No closing lies in this period. There are {len(self.closed_at)}, from "
            f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} (UTC). Choose another "
            "--from or --to."
        )

    def remarks(self) -> Iterable[str]:
        """Tell what is not in the file."""
        for till, z_number in sorted(self.extents.keys() - self.closed_at.keys()):
            orders = self.extents[till, z_number].orders
            yield (
                f"Z {z_number} of till {till} is open (orders: {orders}): it is not "
                "exported. Close it there."
            )
        for key in self._keys():
            if key in self._held:
                yield (
                    f"Z {key[1]} of till {key[0]}: {self._held[key]} orders are in "
                    "quarantine and not exported. See 'kassenband-hub quarantine list'."
                )
        yield from self._gaps()

    def _gaps(self) -> Iterable[str]:
        by_till: defaultdict[str, list[int]] = defaultdict(list)
        for till, z_number in sorted(self.closed_at):
            by_till[till].append(z_number)
        for till, numbers in by_till.items():
            for earlier, later in zip([0, *numbers], numbers, strict=False):
                if later != earlier + 1 and earlier:
                    yield (
                        f"Till {till} has no closing between Z {earlier} and Z {later}."
                    )

    def _keys(self) -> list[_ZKey]:
        return [(each.report.till, each.report.z_number) for each in self.points]


class _Run:
    """Writes one closing after the other."""

    def __init__(
        self,
        snapshot: Snapshot,
        event: EventContext,
        plan: _Plan,
        tses: TseRegister,
        tables: Tables,
        progress: Callable[[int, int], object],
    ) -> None:
        self.orders = 0
        self._snapshot = snapshot
        self._number = event.number
        self._plan = plan
        self._tses = tses
        self._tables = tables
        self._progress = progress
        self._event = _event(event)
        self._outages: Mapping[tuple[str, datetime], datetime] | None = None
        self._unknown: set[str] = set()

    async def write(self, point: CashPoint) -> None:
        """Write a closing with its orders."""
        if self._outages is None:
            self._outages = {
                (row["till"], row["since"]): row["until"]
                for row in await self._snapshot.fetch("dsfinvk_outages", self._number)
            }
        report = point.report
        rows = ClosingRows(self._event, point, self._tses, self._tables.write)
        extent = self._plan.extents.get((report.till, report.z_number))
        if extent is not None:
            async for page in self._snapshot.pages(
                "dsfinvk_orders",
                self._number,
                report.till,
                extent.first,
                extent.last,
                report.z_number,
            ):
                for row in page:
                    rows.add(self._ended(row))
                self.orders += len(page)
                self._progress(self.orders, self._plan.orders)
        rows.finish()
        if point.register == Register():
            self._unknown.add(report.till)

    def remarks(self) -> Iterable[str]:
        """Tell which master data are missing."""
        for till in sorted(self._unknown):
            yield (
                f"Till {till} has not said what it is made of: brand, model and "
                "software are empty."
            )
        for serial in self._tses.without_certificate:
            yield (
                f"The certificate of TSE {serial[:16]}... is not known: it is empty. "
                "Connect its till, and export again."
            )

    def _ended(self, row: Row) -> Ended:
        advice = decode_advice(row["advice"])
        order = decode_order(advice.order)
        outage, original = advice.outage, None
        if order.cancels is not None:
            till, z_number = row["undone_till"] or "", row["undone_z"]
            closed_at = self._plan.closed_at.get((till, z_number))
            original = Original(order.cancels, till, z_number, closed_at)
        assert self._outages is not None, "they are read with the first closing"
        return Ended(
            order,
            advice.outcome,
            advice.decided_at,
            advice.signature,
            outage,
            None if outage is None else self._outages.get((order.till, outage.since)),
            original,
        )


class _Registers:
    """What tills said they are made of, as of any moment."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._said: defaultdict[str, list[tuple[datetime, Register]]] = defaultdict(
            list
        )
        for row in rows:
            said = Register(
                row["brand"],
                row["model"],
                row["software_brand"],
                row["software_version"],
            )
            self._said[row["till"]].append((row["said_at"], said))

    def of(self, report: ClosingReport) -> Register:
        """Return what held at a closing; what was said first holds before it, too."""
        said = self._said.get(report.till)
        if said is None:
            return Register()
        index = bisect_right([moment for moment, _ in said], report.closed_at)
        return said[max(index - 1, 0)][1]


async def _registers(snapshot: Snapshot, event: int) -> _Registers:
    return _Registers(await snapshot.fetch("dsfinvk_registers", event))


async def _tses(snapshot: Snapshot, event: int) -> list[Tse]:
    return [
        Tse(
            number,
            row["serial"],
            row["algorithm"],
            row["time_format"],
            row["encoding"],
            row["public_key"],
            row["certificate"] or b"",
        )
        for number, row in enumerate(await snapshot.fetch("dsfinvk_tses", event), 1)
    ]


def _point(row: Row, report: ClosingReport, registers: _Registers) -> CashPoint:
    said, signature, outage = row["signature"], None, None
    if said is not None:
        signature = msgspec.json.decode(said, type=Signature)
    elif row["since"] is not None:
        outage = Outage(since=row["since"], reason=row["reason"], number=row["number"])
    register = registers.of(report)
    return CashPoint(report, register, signature, outage, row["until"])


def _event(context: EventContext) -> Event:
    agreed = context.agreed
    groups: dict[tuple[int, int], Group] = {}
    tax_names: dict[int, str] = {}
    for version, catalogue in sorted(agreed.catalogues.items()):
        names = {each.id: Group(each.id, each.name) for each in catalogue.groups}
        for product in catalogue.products:
            groups[version, product.id] = names[product.group]
        tax_names.update({tax.code: tax.name for tax in catalogue.taxes})
    return Event(
        name=context.name,
        seller=context.seller,
        groups=groups,
        tax_names=tax_names,
        cashiers={each.entry.id: each.entry.name for each in context.staffing.members},
    )
