"""Has the TSE's log at the hub: exported after each closing, between two baskets.

A basket never waits for more than one piece, and pieces are as long as the TSE is
fast. What is gathered is delivered until the hub has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from edge.core.errors import (
    ArchiveRefused,
    ArchiveTrouble,
    FiscalModuleDown,
    JournalBroken,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.ports import Archives, FiscalModule, Journal

LOOK_AGAIN_S: Final = 60.0
PIECE_S: Final = 0.3  # what a basket may wait for at the most
PIECE_FIRST: Final = 10
PIECE_MAX: Final = 5_000
LEFT_BEHIND: Final = (
    "TSE %s... was taken out before all of its log was archived. Stop the till, plug"
    " that TSE in, and run 'kassenband-till tse-archive' before it is reset or given"
    " away. If it is dead, the ledger has what it signed."
)

logger = logging.getLogger(__name__)


def _nobody(fault: str) -> None:
    del fault


class Archivist:
    """Gathers and delivers one archive at a time; loop only."""

    def __init__(
        self,
        fiscal: FiscalModule,
        archives: Archives | None,
        journal: Journal,
        stuck: Callable[[str], None] = _nobody,
    ) -> None:
        """Gather from a TSE; `stuck` hears why the hub takes no more, or ""."""
        self._fiscal = fiscal
        self._archives = archives
        self._journal = journal
        self._stuck = stuck
        self._fault = ""
        self._wanted: dict[str, int] = {}  # by TSE: others may come back
        self._in_use = ""
        self._plugged_in = ""  # and not looked back from yet
        self._changed = asyncio.Event()
        self._quiet = asyncio.Event()

    def hand_over(self, serial: str, last: int) -> None:
        """Have a TSE's log archived up to this number, from where it was before."""
        self._wanted[serial] = max(last, self._wanted.get(serial, 0))
        self._in_use = self._in_use or serial
        self._changed.set()

    def catch_up(self, serial: str) -> None:
        """Have archived what was left when the till last used this TSE.

        What another one's log still lacks has to wait until that is back.
        """
        self._in_use = self._plugged_in = serial
        self.hand_over(serial, 0)

    def between_baskets(self, *, quiet: bool) -> None:
        """Say whether no order is open nor waits for its signature."""
        if quiet:
            self._quiet.set()
        else:
            self._quiet.clear()

    async def run(self) -> None:
        """Gather and deliver until canceled; what fails is tried again."""
        archives = self._archives
        while True:
            try:
                if archives is not None:
                    await self._look_back(archives)
                    await self._gather(archives)
                    await archives.deliver()
                self._tell("")
            except ArchiveRefused as error:
                self._tell(str(error))
            except (ArchiveTrouble, FiscalModuleDown, JournalBroken) as error:
                logger.warning("The TSE's log is not at the hub yet: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._changed.wait()
            self._changed.clear()

    def _tell(self, fault: str) -> None:
        if fault == self._fault:
            return
        self._fault = fault
        if fault:
            logger.error("%s", fault)
        self._stuck(fault)

    async def _look_back(self, archives: Archives) -> None:
        """Say what is missing of TSEs that were taken out, once each time."""
        serial = self._plugged_in
        if not serial:
            return
        for other, (_, newest) in (await self._journal.fiscal_spans()).items():
            last = max(newest, self._wanted.get(other, 0))
            if other != serial and await archives.reach(other) < last:
                logger.error(LEFT_BEHIND, other[:16])
        if self._plugged_in == serial:  # else one was taken out meanwhile
            self._plugged_in = ""

    async def _gather(self, archives: Archives) -> None:
        serial = self._in_use
        wanted = self._wanted.get(serial)
        if wanted is None:
            return
        spans = await self._journal.fiscal_spans()
        begun, newest = spans.get(serial, (wanted, wanted))
        last = max(wanted, newest)
        # What it logged before this till used it is of others.
        first = max(await archives.reach(serial) + 1, begun)
        if first <= last:
            await archives.begin(serial, first)
            await self._pieces(archives, serial, range(first, last + 1))
            self._done_with(serial, last)  # what is wrong in it is so the next time
            await archives.seal(serial, last)
        else:
            self._done_with(serial, last)

    def _done_with(self, serial: str, last: int) -> None:
        if self._wanted.get(serial, 0) <= last:
            self._wanted.pop(serial, None)

    async def _pieces(self, archives: Archives, serial: str, left: range) -> None:
        loop, length = asyncio.get_running_loop(), PIECE_FIRST
        while left:
            await self._quiet.wait()
            piece, left = left[:length], left[length:]
            begun = loop.time()
            tar = await self._fiscal.export(serial, piece[0], piece[-1])
            length = next_length(length, loop.time() - begun)
            if tar:
                await archives.add(tar)


def next_length(length: int, took_s: float) -> int:
    """Make the next piece as long as a basket may wait for."""
    if took_s > PIECE_S:
        return max(1, length // 2)
    return min(PIECE_MAX, length * 2) if took_s < PIECE_S / 2 else length
