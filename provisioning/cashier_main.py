"""A whole till without a screen: a scripted cashier sells at it until told to stop.

`python -m provisioning.cashier_main --config till.toml --port N --wristbands DIR`
sells until SIGTERM, then waits until the hub has recorded everything and has the TSE's
log up to the last closing, and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from contract.ids import TillId
from edge.assembly import Assembly, assemble, read_settings
from edge.core.errors import KassenbandError
from edge.journal.reading import closings_ended, last_closing, read_orders
from edge.simulator.card_terminal import SimulatedTerminal
from edge.simulator.cashier import Habits, ScriptedCashier
from edge.simulator.people import Badge, People, Team
from edge.simulator.wristband import VirtualWristband
from provisioning import demo_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.core.settings import Settings

DELIVERY_TIMEOUT_S = 120.0
ARCHIVE_TIMEOUT_S = 120.0
LOOK_AGAIN_S = 0.2

GOOD, BAD, CANNOT = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Sell until SIGTERM; 0 when all was delivered, 1 when not, 2 when it can't run."""
    options = _parser().parse_args(argv)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        settings = read_settings(options.config).settings
        return asyncio.run(_sell(settings, options))
    except KassenbandError as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT


async def _sell(settings: Settings, options: argparse.Namespace) -> int:
    parent = os.getppid()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    wristbands = _wristbands(options.wristbands)
    spare = wristbands.pop(demo_event.SPARE, None)
    bills = options.bills.read_text().split() if options.bills else ()
    team = _team(TillId(settings.till.id), wristbands)
    choices = random.Random(options.seed)
    terminal = SimulatedTerminal(random.Random(options.seed))
    async with await assemble(settings, terminal) as assembly:
        cashier = ScriptedCashier(
            assembly.till,
            random=choices,
            port=options.port,
            people=People(list(wristbands.values()), spare, team, bills),
            habits=Habits(card_at_once=8, errand=50, pause_s=options.pause_ms / 1000),
        )
        selling = asyncio.create_task(cashier.sell_until(stop))
        failing = asyncio.create_task(assembly.failed())
        await asyncio.wait({selling, failing}, return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            await failing
        await selling
        journal = settings.journal.directory
        delivered = await _all_delivered(assembly, journal, parent)
        delivered = delivered and await _archived(assembly, journal, parent)
        failing.cancel()
    return GOOD if delivered else BAD


def _wristbands(folder: Path) -> dict[str, VirtualWristband]:
    paths = sorted(folder.iterdir())
    return {path.name: VirtualWristband.load(path) for path in paths}


def _team(till: TillId, wristbands: dict[str, VirtualWristband]) -> Team | None:
    """Take the staff's wristbands out of the guests', where anybody works here."""
    badges = [
        Badge(name, wristbands.pop(name), demo_event.PIN)
        for role in (demo_event.SUPERVISOR, demo_event.CASHIER)
        if (name := demo_event.worker_id(role, till)) in wristbands
    ]
    return Team(*badges) if badges else None


async def _all_delivered(assembly: Assembly, journal: Path, parent: int) -> bool:
    """Wait until every order is signed and recorded; False when that takes too long."""
    changed = asyncio.Event()
    unsubscribe = assembly.till.watch(lambda _: changed.set())
    try:
        async with asyncio.timeout(DELIVERY_TIMEOUT_S):
            while not _is_idle(journal):
                if os.getppid() != parent:
                    return False  # whoever waited for the delivery is gone
                changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await changed.wait()
    except TimeoutError:
        return False
    finally:
        unsubscribe()
    return True


async def _archived(assembly: Assembly, journal: Path, parent: int) -> bool:
    """Wait until the TSE's log is at the hub; False when that takes too long."""
    closing = last_closing(journal)
    if closing is None:
        return True
    wanted = closing.tse_serial, closing.number
    try:
        async with asyncio.timeout(ARCHIVE_TIMEOUT_S):
            while not await assembly.archives.has_delivered(*wanted):
                if os.getppid() != parent:
                    return False
                await asyncio.sleep(LOOK_AGAIN_S)
    except TimeoutError:
        return False
    return True


def _is_idle(journal: Path) -> bool:
    return all(order.recorded for order in read_orders(journal)) and closings_ended(
        journal
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("provisioning.cashier_main", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="of the virtual reader")
    parser.add_argument("--wristbands", type=Path, required=True, metavar="DIR")
    parser.add_argument("--bills", type=Path, help="a file of references, to be paid")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause-ms", type=int, default=0, help="between two orders")
    return parser


if __name__ == "__main__":
    sys.exit(main())
