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
    for line in _addresses(shop):
        sys.stdout.write(line + "\n")
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
    counter = shop.counters[0]
    wristbands = {
        guest.name: VirtualWristband.load(counter.wristbands / guest.name)
        for guest in shop.plan.guests(0)
    }
    drawer = Drawer(counter.slot.port, wristbands)
    return WristbandPanel(
        tuple(
            WristbandKey(str(number), name)
            for number, name in enumerate(drawer.names, start=1)
        ),
        lambda wristband: drawer.tap(wristband.label),
    )


def _addresses(shop: Shop) -> list[str]:
    return [
        f"Portal:      {shop.portal_url}    (receipts, accounts, bills)",
        f"Its mail:    {shop.mail}    (log-in links arrive there)",
        f"Hub health:  {shop.portal_url}/healthz",
        f"Broker:      mqtts://{shop.broker.host}:{shop.broker.port}",
        f"Edge:        {shop.edge_url}",
        f"Files:       {shop.directory}",
    ]
