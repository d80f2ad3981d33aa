"""The demo with a screen: one till in this terminal, wristbands on keys."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from edge.assembly import assemble, read_settings
from edge.simulator.drawer import Drawer
from edge.simulator.wristband import VirtualWristband
from edge.ui.app import TillApp
from edge.ui.wristband_panel import WristbandKey, WristbandPanel
from provisioning.demo_event import FINANCE_STAFF, PIN

if TYPE_CHECKING:
    from provisioning.shop import Shop

GOOD = 0


def sell_on_screen(shop: Shop) -> int:
    """Open the till's screen until Ctrl+Q; print the addresses before and after."""
    os.environ.update(shop.pcscd.environment)
    logging.basicConfig(
        filename=shop.directory / "till.log",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    lines = "".join(f"{line}\n" for line in _addresses(shop))
    # The screen soon covers what is printed here.
    (shop.directory / "addresses.txt").write_text(lines)
    sys.stdout.write(lines)
    sys.stdout.flush()
    asyncio.run(_sell(shop))
    sys.stdout.write(f"The demo has ended. Its logs are in {shop.directory}.\n")
    return GOOD


async def _sell(shop: Shop) -> None:
    counter = shop.counters[0]
    settings = read_settings(counter.config).settings
    async with await assemble(settings) as assembly:
        app = TillApp(assembly.till, wristband_panel=_panel(shop))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, app.exit)
        screen = asyncio.create_task(app.run_async())
        failing = asyncio.create_task(assembly.failed())
        await asyncio.wait({screen, failing}, return_when=asyncio.FIRST_COMPLETED)
        if not screen.done():
            app.exit()
        await screen
        if failing.done():
            await failing
        failing.cancel()


def _panel(shop: Shop) -> WristbandPanel:
    """Put the demo's wristbands on the number keys."""
    drawer = Drawer(shop.counters[0].slot.port, _wristbands(shop))
    return WristbandPanel(
        tuple(
            WristbandKey(str(number), name)
            for number, name in enumerate(drawer.names, start=1)
        ),
        lambda wristband: drawer.tap(wristband.label),
        # Two spaces, so that both fit into 80 cells.
        addresses=f"Portal {shop.portal_url}  1 {drawer.names[0]} {_first_page(shop)}",
    )


def _wristbands(shop: Shop) -> dict[str, VirtualWristband]:
    place = shop.counters[0].wristbands
    return {
        guest.name: VirtualWristband.load(place / guest.name)
        for guest in shop.plan.guests(0)
    }


def _first_page(shop: Shop) -> str:
    """Say where a phone finds itself that is held to the first wristband."""
    return next(iter(_wristbands(shop).values())).link


def _addresses(shop: Shop) -> list[str]:
    who = " or ".join(FINANCE_STAFF)
    return [
        f"Portal:      {shop.portal_url}    (receipts, accounts, bills)",
        f"Wristband 1: {_first_page(shop)}    (its balance, topping up)",
        f"Office:      {shop.office_url}    (log in as {who}, PIN {PIN})",
        f"Mail:        {shop.mail}    (log-in links arrive there)",
        f"Hub health:  {shop.portal_url}/healthz",
        f"Broker:      mqtts://{shop.broker.host}:{shop.broker.port}",
        f"Edge:        {shop.edge_url}",
        f"Paper:       {shop.counters[0].paper}    (what the till prints)",
        f"Files:       {shop.directory}",
    ]
