"""The TSE's log goes to the hub in pieces, and no basket waits for more than one."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from contract.ids import new_order_id
from contract.order import OrderKind
from edge import archivist as module
from edge.archivist import PIECE_FIRST, PIECE_MAX, PIECE_S, Archivist, next_length
from edge.core.errors import ArchiveRefused, ArchiveTrouble
from edge.core.records import FiscalBegun, FiscalStart, OrderOpened
from edge.journal.memory import MemoryJournal
from tests.contract.samples import AT
from tests.edge.parts import FakeTse
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest

    from edge.core.records import Record

TSE = "ab" * 32
OTHER = "cd" * 32
THIRD = "ef" * 32


@dataclass
class Shelf:
    """Archives in memory; `trouble` makes delivering fail once."""

    reached: int = 0
    pieces: list[str] = field(default_factory=list)
    sealed: list[tuple[list[str], int]] = field(default_factory=list)
    delivered: int = 0
    tries: int = 0
    trouble: bool = False
    refusal: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def reach(self, serial: str) -> int:
        return self.reached if serial == TSE else 0

    async def begin(self, serial: str, first: int) -> None:
        del serial, first
        self.pieces = []

    async def add(self, piece: bytes) -> None:
        self.pieces.append(piece.decode().strip())

    async def seal(self, serial: str, last: int) -> None:
        del serial
        self.sealed.append((self.pieces, last))
        self.reached = last

    async def deliver(self) -> None:
        self.tries += 1
        self.changed.set()
        if self.trouble:
            self.trouble = False
            raise ArchiveTrouble("The hub is away.")
        if self.refusal:
            raise ArchiveRefused(self.refusal)
        self.delivered = len(self.sealed)


class SlowShelf(Shelf):
    """One that is asked, and answers when it is let."""

    def __init__(self, reached: int) -> None:
        super().__init__(reached=reached)
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def reach(self, serial: str) -> int:
        self.asked.set()
        await self.go_on.wait()
        return await super().reach(serial)


def reached(shelf: Shelf, last: int) -> bool:
    return shelf.reached == last


def tried(shelf: Shelf, turn: int) -> bool:
    return shelf.tries == turn


def journal(first: int) -> MemoryJournal:
    made = MemoryJournal()
    made.write(order_at(TSE, first))
    return made


def order_at(serial: str, number: int, sequence: int = 1) -> tuple[Record, ...]:
    order = new_order_id()
    opened = OrderOpened(order, sequence, 1, OrderKind.SALE, AT, b"{}")
    return opened, FiscalBegun(order, FiscalStart(number, 1, AT, serial))


@contextlib.asynccontextmanager
async def working(shelf: Shelf, first: int = 5) -> AsyncIterator[Archivist]:
    archivist = Archivist(FakeTse(), shelf, journal(first))
    task = asyncio.create_task(archivist.run())
    try:
        yield archivist
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(shelf: Shelf, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            shelf.changed.clear()
            await shelf.changed.wait()


async def test_it_begins_with_the_tills_own_first_number_and_goes_on_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PIECE_S", 2 * PATIENCE_S)  # no piece takes long
    shelf = Shelf()
    async with working(shelf) as archivist:
        archivist.between_baskets(quiet=True)
        archivist.hand_over(TSE, 40)
        await until(shelf, lambda: shelf.delivered == 1)
        archivist.hand_over(TSE, 41)
        await until(shelf, lambda: shelf.delivered == 2)
        archivist.hand_over(TSE, 41)  # nothing is new
    (pieces, last), (more, newest) = shelf.sealed
    assert pieces == ["5-14", "15-34", "35-40"]
    assert (last, more, newest) == (40, ["41-41"], 41)


async def test_it_waits_while_a_basket_is_open() -> None:
    shelf = Shelf()
    async with working(shelf) as archivist:
        archivist.hand_over(TSE, 40)
        for _ in range(20):
            await asyncio.sleep(0)
        assert shelf.pieces == []
        archivist.between_baskets(quiet=True)
        await until(shelf, lambda: shelf.delivered == 1)


async def test_what_can_not_be_delivered_is_kept() -> None:
    shelf = Shelf(trouble=True)
    async with working(shelf) as archivist:
        archivist.between_baskets(quiet=True)
        await until(shelf, lambda: not shelf.trouble)
        archivist.hand_over(TSE, 40)
        await until(shelf, lambda: shelf.delivered == 1)


async def test_what_the_hub_refuses_for_good_is_told_once_until_it_takes_it() -> None:
    shelf, told = Shelf(), list[str]()
    shelf.refusal = "It is forged."
    archivist = Archivist(FakeTse(), shelf, journal(5), told.append)
    task = asyncio.create_task(archivist.run())
    archivist.between_baskets(quiet=True)
    for last in (40, 41):
        archivist.hand_over(TSE, last)
        await until(shelf, partial(reached, shelf, last))
    shelf.refusal = ""
    archivist.hand_over(TSE, 42)
    await until(shelf, lambda: told[-1:] == [""])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told == ["It is forged.", ""]


async def test_a_tse_that_was_taken_out_too_early_is_named_with_the_remedy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf(reached=4)
    async with working(shelf, first=5) as archivist:
        archivist.between_baskets(quiet=True)
        await until(shelf, lambda: shelf.tries == 1)
        for turn, serial in enumerate((OTHER, TSE, OTHER), 2):
            archivist.catch_up(serial)
            await until(shelf, partial(tried, shelf, turn))
    named = [each.message for each in caplog.records if "was taken out" in each.message]
    assert len(named) == 1
    assert TSE[:16] in named[0]
    assert "plug that TSE in, and run 'kassenband-till tse-archive'" in named[0]


async def test_what_a_tse_still_lacks_waits_until_it_is_plugged_in_again() -> None:
    shelf = Shelf(reached=4)
    async with working(shelf, first=5) as archivist:
        await until(shelf, lambda: shelf.tries == 1)
        archivist.hand_over(TSE, 6)  # a closing's number: the journal has order 5
        archivist.catch_up(OTHER)
        archivist.catch_up(TSE)
        archivist.between_baskets(quiet=True)
        await until(shelf, lambda: shelf.delivered > 0)
    assert (shelf.sealed, shelf.reached) == ([(["5-6"], 6)], 6)


async def test_what_a_closing_left_behind_is_named_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf(reached=5)
    async with working(shelf, first=5) as archivist:
        await until(shelf, lambda: shelf.tries == 1)
        archivist.hand_over(TSE, 6)
        archivist.catch_up(OTHER)
        await until(shelf, lambda: shelf.tries == 2)
    assert [TSE[:16] in each.message for each in caplog.records] == [True]


async def test_a_tse_that_is_changed_while_another_is_looked_back_from_is_noticed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf, held = SlowShelf(reached=4), journal(5)
    held.write(order_at(THIRD, 3, sequence=2))
    archivist = Archivist(FakeTse(), shelf, held)
    archivist.between_baskets(quiet=True)
    archivist.catch_up(TSE)
    task = asyncio.create_task(archivist.run())
    await asyncio.wait_for(shelf.asked.wait(), PATIENCE_S)
    archivist.catch_up(OTHER)
    shelf.go_on.set()
    await until(shelf, lambda: shelf.tries == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    named = [each.message for each in caplog.records if "was taken out" in each.message]
    assert any(TSE[:16] in each for each in named)


def test_a_piece_is_as_long_as_a_basket_may_wait() -> None:
    assert next_length(PIECE_FIRST, PIECE_S / 10) == 2 * PIECE_FIRST
    assert next_length(PIECE_FIRST, PIECE_S * 0.7) == PIECE_FIRST
    assert next_length(PIECE_FIRST, PIECE_S * 2) == PIECE_FIRST // 2
    assert next_length(1, PIECE_S * 2) == 1
    assert next_length(PIECE_MAX, 0.0) == PIECE_MAX


async def test_what_was_left_when_the_till_stopped_is_archived_at_its_next_start() -> (
    None
):
    shelf = Shelf(reached=3)
    async with working(shelf, first=5) as archivist:
        archivist.between_baskets(quiet=True)
        archivist.catch_up(TSE)
        await until(shelf, lambda: shelf.delivered == 1)
        archivist.catch_up(TSE)  # nothing is left
        archivist.hand_over(TSE, 6)
        await until(shelf, lambda: shelf.delivered == 2)
    assert [pieces for pieces, _ in shelf.sealed] == [["5-5"], ["6-6"]]
