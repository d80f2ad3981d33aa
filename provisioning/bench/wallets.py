"""All wallets of a festival, from the hub to a till that starts: how long it takes.

The till's core, journal, link and download are its own, in this process, and nothing is
cached yet; the hub is the real process with its edge listener, both ways over TLS.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.ids import TillId
from edge.core.state import Identity
from edge.journal.journal import SqliteJournal
from edge.link.catalogue import HttpsCatalogues
from edge.link.mqtt import Broker, MqttLink
from edge.link.tls import TillCertificate
from edge.till import Ports, Post, SystemClock, Till
from provisioning.bench.crowd import found_event
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.hub_process import HubProcess
from provisioning.bench.outage import NoTse
from provisioning.bench.watch import family_cpu_s
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa
from provisioning.demo_event import EVENT
from provisioning.processes import ProvisioningError, free_port, remove_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from contract.ids import WalletSerial
    from edge.core.records import CachedWallet
    from provisioning.bench.baseline import Pace, Servers

TILL = TillId("bench-1")
WALLETS = 20_000
SECONDS_MAX = 10.0
LOADING_TIMEOUT_S = 60.0
LOOPBACK = "127.0.0.1"


def measure_wallets(
    figures: Figures,
    servers: Servers,
    pace: Pace,
    say: Callable[[str], object],
    *,
    wallets: int | None = None,
) -> list[Target]:
    """Start a new till on a new hub, each time, until it has cached every wallet."""
    count = wallets or WALLETS
    say(f"wallets: {count} wristbands are issued\n")
    dsn = servers.cluster.create_database("wallets")
    asyncio.run(found_event(dsn, servers.key, [TILL], count))
    name = f"{count} wallets into a till that starts"
    for repetition in range(1, pace.repetitions + 1):
        say(f"wallets: repetition {repetition} of {pace.repetitions}\n")
        place = servers.directory / f"wallets-{repetition}"
        place.mkdir()
        with _open(servers, place, dsn) as scene:
            figures.add(name, asyncio.run(scene.load(count)), unit="s")
        remove_directory(place / "journal")
    value = figures.median(name)
    return [Target(name=name, bound="at most", limit=SECONDS_MAX, value=value)]


@dataclass(frozen=True, slots=True)
class Scene:
    """One till's files, the ways to its hub, and the hub's process."""

    journal: Path
    broker: Broker
    edge_url: str
    certificate: TillCertificate
    hub: int

    async def load(self, count: int) -> Sample:
        """Seconds from the till's start until the last wallet is on its disk."""
        journal = await CountingJournal.open(
            self.journal, till=TILL, event=EVENT, require_disk=False
        )
        assert isinstance(journal, CountingJournal), "it opens what it is"
        post = Post()
        link = MqttLink(
            broker=self.broker,
            certificate=self.certificate,
            till=TILL,
            event=EVENT,
            post=post,
        )
        downloads = HttpsCatalogues(self.edge_url, self.certificate)
        ports = Ports(journal, link, NoTse(), downloads, SystemClock())
        till = Till(Identity(TILL, EVENT), ports, software="bench")
        post.to = till.post
        used_s, hub_s = time.process_time(), family_cpu_s(self.hub)
        begun_s = time.perf_counter()
        running = [asyncio.create_task(till.run()), asyncio.create_task(link.run())]
        loaded = asyncio.create_task(journal.holds(count))
        try:
            await asyncio.wait(
                [*running, loaded],
                timeout=LOADING_TIMEOUT_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            elapsed_s = time.perf_counter() - begun_s
        finally:
            for task in (*running, loaded):
                task.cancel()
            await asyncio.gather(*running, loaded, return_exceptions=True)
            await journal.close()
        if journal.cached < count:
            raise ProvisioningError(
                f"The till has {journal.cached} of {count} wallets after "
                f"{elapsed_s:.0f} s. See hub.log."
            )
        return Sample(
            elapsed_s,
            details={
                "till_cpu_s": time.process_time() - used_s,
                "hub_cpu_s": family_cpu_s(self.hub) - hub_s,
            },
        )


class CountingJournal(SqliteJournal):
    """The till's journal, which also says when so many wallets are cached."""

    cached = 0
    _more: asyncio.Event | None = None

    async def cache(self, wallets: Iterable[tuple[WalletSerial, CachedWallet]]) -> None:
        """Cache them, then count them."""
        some = tuple(wallets)
        await super().cache(some)
        self.cached += len(some)
        if self._more is not None:
            self._more.set()

    async def holds(self, count: int) -> None:
        """Wait until so many were cached."""
        self._more = asyncio.Event()
        while self.cached < count:
            self._more.clear()
            await self._more.wait()


@contextmanager
def _open(servers: Servers, place: Path, dsn: str) -> Iterator[Scene]:
    ca = EventCa.create(place / "ca", EVENT)
    server = ca.issue_server("broker", [LOOPBACK])
    files = BrokerFiles(ca.certificate, server.certificate, server.key, ca.revocations)
    broker = PrivateBroker(place / "broker", files, event=EVENT, tills=[TILL])
    edge_port, key = free_port(), servers.key
    with (
        broker,
        HubProcess(place / "hub", dsn, key, ca, broker, edge_port=edge_port) as hub,
    ):
        leaf = ca.issue_client(TILL)
        yield Scene(
            journal=place / "journal",
            broker=Broker(broker.host, broker.port),
            edge_url=f"https://{LOOPBACK}:{edge_port}",
            certificate=TillCertificate(ca.certificate, leaf.certificate, leaf.key),
            hub=hub.pid,
        )
