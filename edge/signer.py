"""Has the TSE sign what the till wants, one effect at a time, beside all sales."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from contract.fiscal import ABORTED_PROCESS_DATA
from edge.core import effects, events
from edge.core.errors import FiscalModuleDown, FiscalModuleSilent
from edge.core.records import FiscalStart

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.ports import Clock, FiscalModule

OPEN_PATIENCE_S: Final = 5.0

logger = logging.getLogger(__name__)


class Signer:
    """Takes effects at once and performs them in order; reports by events."""

    def __init__(
        self,
        fiscal: FiscalModule,
        clock: Clock,
        post: Callable[[events.Event], None],
        in_use: Callable[[str], None],
    ) -> None:
        """Serve a TSE; `in_use` hears the serial number of what was opened."""
        self._fiscal = fiscal
        self._clock = clock
        self._post = post
        self._in_use = in_use
        self._effects: asyncio.Queue[effects.ForFiscal] = asyncio.Queue()
        self._opened = asyncio.Event()

    def put(self, effect: effects.ForFiscal) -> None:
        """Have an effect performed, after those before it."""
        self._effects.put_nowait(effect)

    async def run(self) -> None:
        """Perform what is put until canceled."""
        while True:
            effect = await self._effects.get()
            # A self-test may take minutes; the adapter then says that it is not open.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(OPEN_PATIENCE_S):
                    await self._opened.wait()
            await self._perform(effect)

    async def open(self, *, clock_confirmed: bool = False) -> None:
        """Put the TSE into service; when that fails, effects find it closed."""
        try:
            info = await self._fiscal.open(clock_confirmed=clock_confirmed)
        except FiscalModuleDown as error:
            logger.error("%s", error)  # noqa: TRY400 - the sentence says it all
        else:
            opened = (info.serial, info.expires, info.open_numbers, info.facts)
            self._post(events.FiscalOpened(*opened))
            self._in_use(info.serial)
        finally:
            self._opened.set()

    async def _perform(self, effect: effects.ForFiscal) -> None:
        fiscal = self._fiscal
        try:
            match effect:
                case effects.BeginFiscal(order=order):
                    self._post(events.FiscalStarted(order, await fiscal.start()))
                case effects.FinishFiscal(order=order, start=start):
                    signature = await fiscal.finish(start, effect.process_data)
                    self._post(events.FiscalFinished(order, signature))
                case effects.FindFiscal(order=order, start=start):
                    found = await fiscal.find(start)
                    self._post(
                        events.FiscalNotFound(order)
                        if found is None
                        else events.FiscalFinished(order, found)
                    )
                case effects.CloseStray(number=number, tse_serial=serial):
                    stray = FiscalStart(number, 0, self._clock.now(), serial)
                    await fiscal.finish(stray, ABORTED_PROCESS_DATA)
                    logger.warning("Closed a stray fiscal transaction: %d", number)
        except FiscalModuleDown as error:
            if isinstance(effect, effects.CloseStray):
                logger.warning("%s", error)
                return
            silent = isinstance(error, FiscalModuleSilent)
            self._post(events.FiscalFailed(effect.order, str(error), silent=silent))
