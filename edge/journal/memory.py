"""The journal's twin in memory: the same answers, without a disk.

For simulations, where thousands of power cuts must cost nothing, and as the model the
journal on disk is compared with. A power cut is simulated by dropping the till and
keeping this object: it holds exactly what was committed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, assert_never

from contract.messages import TillDescribed, TseNotes
from contract.order import OrderKind, Outcome, Path
from edge.core.records import (
    AdviceSealed,
    AdvicesMissing,
    AdvicesRecorded,
    AttemptAnswered,
    AttemptMade,
    CashierChanged,
    CatalogueKept,
    ClockVouched,
    ClosingBegun,
    ClosingEnded,
    ClosingMade,
    ClosingSealed,
    ConfigKept,
    Decided,
    FiscalBegun,
    LedgerRestored,
    LogoutsUnsaid,
    OrderOpened,
    OrderShown,
    OutageNoted,
    PaperNoted,
    PastClosing,
    PastOrder,
    Recovered,
    RegistersTold,
    ShiftOrder,
    ShiftTurned,
    Spend,
    StoredAttempt,
    StoredClosing,
    StoredOrder,
    TseDescribed,
    TseNews,
    TseNewsRecorded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from contract.ids import OrderId, WalletSerial
    from contract.messages import Anchor, ClockConfirmation, TseOutage
    from edge.core.records import CachedWallet, Record
    from edge.journal.tse_rows import TseRecord


@dataclass(slots=True)
class _Row:
    order: StoredOrder
    advice: bytes | None = None
    batch: int | None = None
    incarnation: UUID | None = None
    recorded_as: int = 0
    counters: tuple[int, ...] = ()


@dataclass(slots=True)
class MemoryJournal:
    """A Journal that forgets nothing but the process it lives in."""

    rows: dict[OrderId, _Row] = field(default_factory=dict)
    wallets: dict[WalletSerial, CachedWallet] = field(default_factory=dict)
    closings: list[StoredClosing] = field(default_factory=list)
    ended: set[OrderId] = field(default_factory=set)
    papers: set[OrderId] = field(default_factory=set)
    commits: int = 0
    _incarnation: UUID | None = None
    _batch: int = 0
    _recordings: int = 0
    _kept: dict[type, bytes] = field(default_factory=dict)
    _anchor: Anchor | None = None
    _described: list[TillDescribed] = field(default_factory=list)
    _outages: dict[UUID, TseOutage] = field(default_factory=dict)
    _clocks: list[ClockConfirmation] = field(default_factory=list)
    _tse_told: set[object] = field(default_factory=set)

    async def commit(self, records: Sequence[Record]) -> None:
        """Take these records in, all or none."""
        self.write(records)

    async def recover(self) -> Recovered:
        """Read what a till must know to go on."""
        return self.read()

    async def undelivered(self) -> tuple[OrderId, ...]:
        """List the sealed orders whose advice the ledger does not hold."""
        return self.unrecorded()

    async def advices(self, orders: Sequence[OrderId]) -> dict[OrderId, bytes]:
        """Read the sealed advices of these orders."""
        return self.sealed(orders)

    async def find(
        self, order: OrderId
    ) -> tuple[StoredOrder | None, tuple[StoredOrder, ...]]:
        """Read an order, and those that cancel it."""
        return self.found(order)

    async def shift(
        self, z_number: int
    ) -> tuple[tuple[ShiftOrder, ...], Anchor | None]:
        """Read the orders of a Z number, and the newest anchor."""
        return self.summed(z_number)

    async def fiscal_spans(self) -> dict[str, tuple[int, int]]:
        """Say which number this till began first at each TSE, and which last."""
        numbers: dict[str, list[int]] = {}
        of_orders = (row.order.start for row in self.rows.values())
        for start in (*of_orders, *(each.start for each in self.closings)):
            if start is not None and start.tse_serial:
                numbers.setdefault(start.tse_serial, []).append(start.number)
        return {serial: (min(all_), max(all_)) for serial, all_ in numbers.items()}

    async def latest_recorded(self) -> OrderId | None:
        """Name the order whose advice was recorded last."""
        recorded = [row for row in self.rows.values() if row.order.recorded]
        latest = max(recorded, key=lambda row: row.recorded_as, default=None)
        return latest.order.id if latest else None

    async def cache(self, wallets: Iterable[tuple[WalletSerial, CachedWallet]]) -> None:
        """Remember what the hub said of wallets."""
        self.wallets.update(wallets)

    async def forget_wallets(self) -> None:
        """Drop every cached wallet."""
        self.wallets.clear()

    # --- the same without a loop, for simulations ------------------------------------

    def write(self, records: Sequence[Record]) -> None:
        """Take these records in at once."""
        self.commits += 1
        for record in records:
            self._apply(record)

    def sealed(self, orders: Sequence[OrderId]) -> dict[OrderId, bytes]:
        """Return the sealed advices of these orders at once."""
        rows = ((each, self.rows[each].advice) for each in orders)
        return {order: advice for order, advice in rows if advice is not None}

    def found(
        self, order: OrderId
    ) -> tuple[StoredOrder | None, tuple[StoredOrder, ...]]:
        """Return an order, and those that cancel it, at once."""
        known = self.rows.get(order)
        undoing = tuple(
            row.order for row in self.rows.values() if row.order.cancels == order
        )
        return (known.order if known else None), undoing

    def summed(self, z_number: int) -> tuple[tuple[ShiftOrder, ...], Anchor | None]:
        """Return the orders of a Z number, and the newest anchor, at once."""
        rows = sorted(self.rows.values(), key=lambda row: row.order.sequence)
        orders = tuple(
            ShiftOrder(
                row.order.sequence,
                row.order.decision.document,
                row.order.decision.outcome,
                row.counters,
            )
            for row in rows
            if row.order.z_number == z_number and row.order.decision is not None
        )
        return orders, self._anchor

    def unrecorded(self) -> tuple[OrderId, ...]:
        """Return the sealed orders whose advice the ledger does not hold, at once."""
        return tuple(
            row.order.id
            for row in sorted(self.rows.values(), key=lambda row: row.order.sequence)
            if row.order.sealed and not row.order.recorded
        )

    def read(self) -> Recovered:
        """Return what a till must know to go on, at once."""
        rows = sorted(self.rows.values(), key=lambda row: row.order.sequence)
        orders = [row.order for row in rows]
        return Recovered(
            orders=tuple(order for order in orders if _alive(order)),
            undelivered=self.unrecorded(),
            spends=tuple(spend for row in rows for spend in _spends(row)),
            next_sequence=max((each.sequence for each in orders), default=0) + 1,
            z_number=self._z_number(),
            incarnation=self._incarnation,
            batch=self._batch,
            last_at=max((_last_at(order) for order in orders), default=None),
            standing_in_since=min(
                (
                    order.decision.decided_at
                    for order in orders
                    if order.decision is not None
                    and order.decision.path is Path.STAND_IN
                    and not order.recorded
                ),
                default=None,
            ),
            config=self._kept.get(ConfigKept),
            catalogue=self._kept.get(CatalogueKept),
            cashier=self._kept.get(CashierChanged, b""),
            unsaid=self._kept.get(LogoutsUnsaid, b""),
            elsewhere=self._kept.get(RegistersTold, b""),
            shift=self._kept.get(ShiftTurned, b""),
            closings=tuple(each for each in self.closings if each.id not in self.ended),
            registers=self._registers(),
            wallets=dict(self.wallets),
            recent=self._past(),
            last_closing=self._past_closing(),
            tse_news=self._tse_news(),
            z_orders=sum(each.z_number == self._z_number() for each in orders),
        )

    def _z_number(self) -> int:
        orders = (row.order.z_number for row in self.rows.values())
        closed = (each.z_number for each in self.closings)
        return max(max(orders, default=1), max(closed, default=0) + 1)

    def _tse_news(self) -> TseNews:
        known = sorted(self._described, key=lambda each: each.since)
        told = self._tse_told
        outages = sorted(self._outages.values(), key=lambda each: each.since)
        return TseNews(
            latest=known[-1] if known else None,
            outage=next((each for each in outages if each.until is None), None),
            described=tuple(each for each in known if each.id not in told),
            outages=tuple(e for e in outages if (e.id, e.until) not in told),
            clocks=tuple(each for each in self._clocks if each.id not in told),
        )

    def _of_tse(self, record: TseRecord) -> None:
        match record:
            case TseDescribed(said=said):
                others = [each for each in self._described if each.since != said.since]
                self._described = [*others, said]
            case OutageNoted(outage=outage):
                self._outages[outage.id] = outage
            case ClockVouched(clock=clock):
                self._clocks.append(clock)
            case TseNewsRecorded(told=TillDescribed() as told):
                self._tse_told.add(told.id)
            case TseNewsRecorded(told=TseNotes() as told):
                self._tse_told |= {(each.id, each.until) for each in told.outages}
                self._tse_told |= {each.id for each in told.clocks}

    def _past(self) -> tuple[PastOrder, ...]:
        done = [
            each.decision
            for each in sorted(
                (row.order for row in self.rows.values()), key=lambda e: -e.sequence
            )
            if each.decision and each.decision.outcome is Outcome.COMPLETED
        ]
        return tuple(
            PastOrder(each.document, each.decided_at, each.order in self.papers)
            for each in done[:6]
        )

    def _past_closing(self) -> PastClosing | None:
        sealed = [each for each in self.closings if each.signature or each.outage]
        newest = max(sealed, key=lambda each: each.z_number, default=None)
        if newest is None:
            return None
        return PastClosing(newest, newest.id in self.papers)

    def _apply(self, record: Record) -> None:
        match record:
            case OrderOpened():
                assert record.order not in self.rows, "an order is opened once"
                self.rows[record.order] = _Row(_opened(record))
            case AttemptAnswered():
                self._answered(record)
            case AdvicesRecorded():
                self._recorded(record)
            case LedgerRestored():
                self._restored(record.anchor)
            case (
                ConfigKept()
                | CatalogueKept()
                | CashierChanged()
                | LogoutsUnsaid()
                | RegistersTold()
                | ShiftTurned()
            ):
                self._kept[type(record)] = record.document
            case ClosingBegun(id=closing, start=start):
                self._change_closing(closing, start=start)
            case ClosingMade() | ClosingSealed() | ClosingEnded() | AdvicesMissing():
                self._closing(record)
            case TseDescribed() | OutageNoted() | ClockVouched() | TseNewsRecorded():
                self._of_tse(record)
            case PaperNoted(sheet=sheet, may_exist=may_exist):
                (self.papers.add if may_exist else self.papers.discard)(sheet)
            case _:
                self._of_order(self.rows[record.order], record)

    def _of_order(
        self,
        row: _Row,
        record: AttemptMade | Decided | OrderShown | FiscalBegun | AdviceSealed,
    ) -> None:
        match record:
            case AttemptMade():
                attempt = StoredAttempt(
                    record.attempt, record.document, record.credential
                )
                row.order = replace(row.order, attempts=(*row.order.attempts, attempt))
            case Decided():
                assert row.order.decision is None, "a decision is never undone"
                row.order = replace(row.order, decision=record)
                row.batch, row.incarnation = record.batch, self._incarnation
            case OrderShown():
                row.order = replace(row.order, shown=True)
            case FiscalBegun():
                row.order = replace(row.order, start=record.start)
            case AdviceSealed():
                assert row.advice is None, "an advice is sealed once"
                row.order = replace(row.order, sealed=True)
                row.advice = record.advice
                if record.signature is not None:
                    signed = record.signature
                    row.counters = (signed.start_counter, signed.counter)
            case _:
                assert_never(record)

    def _closing(
        self, record: ClosingMade | ClosingSealed | ClosingEnded | AdvicesMissing
    ) -> None:
        match record:
            case ClosingMade():
                self.closings.append(
                    StoredClosing(record.id, record.z_number, record.report)
                )
            case ClosingSealed():
                ended = {"signature": record.signature, "outage": record.outage}
                self._change_closing(record.id, start=None, **ended)
            case ClosingEnded():
                self._anchored(record.anchor)
                self.ended.add(record.id)
            case AdvicesMissing():
                for row in self.rows.values():
                    if row.order.sealed and any(
                        first <= row.order.sequence <= last
                        for first, last in record.spans
                    ):
                        row.order = replace(row.order, recorded=False)
            case _:
                assert_never(record)

    def _change_closing(self, closing: OrderId, **changes: Any) -> None:
        self.closings = [
            replace(each, **changes) if each.id == closing else each
            for each in self.closings
        ]

    def _registers(self) -> dict[str, int]:
        cash: dict[str, int] = {}
        for row in self.rows.values():
            decision = row.order.decision
            if decision is not None and decision.cash_minor:
                before = cash.get(decision.register, 0)
                cash[decision.register] = before + decision.cash_minor
        return cash

    def _answered(self, record: AttemptAnswered) -> None:
        self._anchored(record.anchor)
        row = self.rows.get(record.order)
        if row is None or row.order.decision is None or record.verdict != "booked":
            return
        if row.batch is None and row.order.decision.attempt == record.attempt:
            row.batch = record.anchor.batch
            row.incarnation = record.anchor.incarnation

    def _recorded(self, record: AdvicesRecorded) -> None:
        self._anchored(record.anchor)
        for order, _ in record.orders:
            row = self.rows[order]
            self._recordings += 1
            row.recorded_as = self._recordings
            row.order = replace(row.order, recorded=True)
            if row.batch is None:
                row.batch = record.anchor.batch
            row.incarnation = record.anchor.incarnation

    def _anchored(self, anchor: Anchor) -> None:
        newest = self._anchor
        if (
            newest is None
            or anchor.batch > newest.batch
            or (anchor.incarnation != newest.incarnation)
        ):
            self._anchor = anchor
        if self._incarnation in {None, anchor.incarnation}:
            self._incarnation = anchor.incarnation
            self._batch = max(self._batch, anchor.batch)

    def _restored(self, anchor: Anchor) -> None:
        self._incarnation, self._batch = anchor.incarnation, anchor.batch
        for row in self.rows.values():
            above = row.batch is not None and row.batch > anchor.batch
            if row.incarnation != anchor.incarnation or above:
                row.order = replace(row.order, recorded=False)
                row.batch = None
        self.ended.clear()
        self._tse_told.clear()


def _opened(record: OrderOpened) -> StoredOrder:
    return StoredOrder(
        id=record.order,
        sequence=record.sequence,
        z_number=record.z_number,
        kind=record.kind,
        opened_at=record.opened_at,
        cancels=record.cancels,
        attempts=(StoredAttempt(0, record.document, None),),
    )


def _alive(order: StoredOrder) -> bool:
    unseen = (
        order.decision is not None
        and order.decision.outcome is Outcome.COMPLETED
        and order.kind is OrderKind.SALE
        and not order.shown
    )
    return unseen or not order.sealed


def _spends(row: _Row) -> Iterator[Spend]:
    decision = row.order.decision
    if decision is None:
        return
    for wallet, charged in decision.charges:
        yield Spend(
            order=decision.order,
            attempt=decision.attempt,
            wallet=wallet,
            total_minor=charged,
            batch=row.batch,
        )


def _last_at(order: StoredOrder) -> datetime:
    return order.decision.decided_at if order.decision else order.opened_at
