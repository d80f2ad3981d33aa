"""Prints what the till wants on paper, one sheet after the other, beside all sales."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from contract.closing_sheet import closing_sheet
from contract.messages import decode_advice
from contract.order import decode_order
from contract.receipt import receipt_of
from contract.receipt_sheet import receipt_sheet
from edge.core import effects
from edge.core.errors import JournalBroken, PrinterDown, PrinterTorn
from edge.core.events import Printed, PrintFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.receipt import Receipt
    from contract.sheet import Sheet
    from edge.core.events import Event
    from edge.ports import Journal, Printer

NO_PRINTER = "This till has no receipt printer."
NOT_SEALED = "The journal has no signed order of this number."

logger = logging.getLogger(__name__)


class Press:
    """Takes effects at once and performs them in order; reports by events."""

    def __init__(
        self, journal: Journal, printer: Printer | None, post: Callable[[Event], None]
    ) -> None:
        self._journal = journal
        self._printer = printer
        self._post = post
        self._effects: asyncio.Queue[effects.ForPress] = asyncio.Queue()

    def put(self, effect: effects.ForPress) -> None:
        """Queue a sheet."""
        self._effects.put_nowait(effect)

    async def run(self) -> None:
        """Print until canceled."""
        while True:
            await self._one(await self._effects.get())

    async def _one(self, effect: effects.ForPress) -> None:
        order = effect.order if isinstance(effect, effects.PrintReceipt) else None
        try:
            await self._print(effect)
        except (PrinterDown, JournalBroken, msgspec.DecodeError) as error:
            logger.warning("Nothing printed: %s", error)
            begun = isinstance(error, PrinterTorn)
            self._post(PrintFailed(order, str(error), begun=begun))
        else:
            self._post(Printed(order))

    async def _print(self, effect: effects.ForPress) -> None:
        printer = self._printer
        if printer is None:
            raise PrinterDown(NO_PRINTER)
        if isinstance(effect, effects.PrintReceipt):
            sheet = await self._receipt(effect, printer)
        else:
            sheet = closing_sheet(
                effect.shift,
                printer.zone,
                language=printer.language,
                is_copy=effect.is_copy,
            )
        await printer.print(sheet)

    async def _receipt(self, effect: effects.PrintReceipt, printer: Printer) -> Sheet:
        found = await self._journal.advices([effect.order])
        if effect.order not in found:
            raise PrinterDown(NOT_SEALED)
        receipt = _receipt_of(effect, found[effect.order])
        return receipt_sheet(
            receipt, printer.zone, language=printer.language, is_copy=effect.is_copy
        )


def _receipt_of(effect: effects.PrintReceipt, sealed: bytes) -> Receipt:
    advice, config = decode_advice(sealed), effect.config
    return receipt_of(
        advice,
        decode_order(bytes(advice.order)),
        seller=config.seller,
        event_name=config.event_name,
        demo=config.demo,
    )
