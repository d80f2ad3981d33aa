"""Ten thousand orders that a till took while the hub was silent, delivered afterwards.

Journal, courier, core and link are the till's own, in this process; the hub is the real
process behind the real broker, with TLS.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from contract.fiscal import Outage, process_data
from contract.ids import OrderId, TillId, WalletSerial
from contract.messages import LampState, OrderAdvice, encode_advice
from contract.order import Outcome, Path, decode_order, encode_order
from edge.core.errors import (
    CatalogueUnavailable,
    FiscalModuleDown,
    WalletsUnavailable,
)
from edge.core.records import (
    AdviceSealed,
    AttemptMade,
    Decided,
    OrderOpened,
    OrderShown,
)
from edge.core.state import Identity
from edge.journal.journal import SqliteJournal
from edge.journal.reading import read_orders
from edge.link.mqtt import Broker, MqttLink
from edge.link.tls import TillCertificate
from edge.till import Ports, Post, SystemClock, Till
from provisioning.bench.crowd import found_event
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.hub_process import HubProcess
from provisioning.bench.watch import family_cpu_s
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa
from provisioning.demo_event import EVENT
from provisioning.processes import ProvisioningError, remove_directory
from provisioning.witnesses import ask_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path as FilePath

    from contract.fiscal import Signature
    from contract.messages import CatalogueLink, OrderRequest
    from contract.wallets import WalletSnapshot
    from edge.core.records import FiscalStart, Record
    from edge.core.view import TillView
    from edge.ports import FiscalInfo
    from provisioning.bench.baseline import Pace, Servers
    from provisioning.bench.crowd import Crowd

TILL = TillId("bench-1")
ORDERS = 10_000
RATE_MIN = 500.0
COMMITTED_AT_ONCE = 500
DELIVERY_TIMEOUT_S = 300.0
LOOPBACK = "127.0.0.1"
NO_TSE = "The till of this run has no TSE."
NAME = "stand-in orders delivered after an outage"


def measure_outage(
    figures: Figures,
    servers: Servers,
    pace: Pace,
    say: Callable[[str], object],
    *,
    orders: int | None = None,
) -> list[Target]:
    """Fill a till's journal, bring the hub back, and watch the till deliver."""
    count, wrong = orders or ORDERS, 0
    for repetition in range(1, pace.repetitions + 1):
        say(f"outage: repetition {repetition} of {pace.repetitions}\n")
        place = servers.directory / f"outage-{repetition}"
        place.mkdir()
        dsn = servers.cluster.create_database(f"outage_{repetition}")
        crowd = asyncio.run(found_event(dsn, servers.key, [TILL]))
        with _open(servers, place, dsn) as scene:
            told = asyncio.run(scene.take_orders(crowd, count))
            figures.add(NAME, asyncio.run(scene.deliver(count)), unit="orders/s")
            wrong += scene.count_wrong(told, dsn)
        remove_directory(place / "journal")
    return [
        Target(name=NAME, bound="at least", limit=RATE_MIN, value=figures.median(NAME)),
        Target(
            name="stand-in orders lost or doubled",
            bound="at most",
            limit=0.0,
            value=float(wrong),
        ),
    ]


@dataclass(frozen=True, slots=True)
class Scene:
    """One till's files, the way to its hub, and whose CPU to watch."""

    journal: FilePath
    broker: Broker
    certificate: TillCertificate
    processes: dict[str, int]

    async def take_orders(self, crowd: Crowd, count: int) -> frozenset[OrderId]:
        """Write stand-in orders into a fresh journal, as the till would have."""
        maker = crowd.maker()
        journal = await self._open_journal()
        told: list[OrderId] = []
        try:
            for first in range(0, count, COMMITTED_AT_ONCE):
                some = min(COMMITTED_AT_ONCE, count - first)
                records: list[Record] = []
                for _ in range(some):
                    order, written = stand_in(maker.request(TILL))
                    told.append(order)
                    records.extend(written)
                await journal.commit(records)
        finally:
            await journal.close()
        return frozenset(told)

    async def deliver(self, orders: int) -> Sample:
        """Start the till on its journal; the clock runs while it is connected."""
        journal = await self._open_journal()
        post = Post()
        link = MqttLink(
            broker=self.broker,
            certificate=self.certificate,
            till=TILL,
            event=EVENT,
            post=post,
        )
        ports = Ports(journal, link, NoTse(), NoCatalogues(), SystemClock())
        till = Till(Identity(TILL, EVENT), ports, software="bench")
        post.to = till.post
        watch = _Delivery(till, self.processes)
        running = [asyncio.create_task(till.run()), asyncio.create_task(link.run())]
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_S):
                await asyncio.wait(
                    [*running, asyncio.create_task(watch.over.wait())],
                    return_when=asyncio.FIRST_COMPLETED,
                )
        except TimeoutError:
            raise ProvisioningError(
                f"{till.view.undelivered} of {orders} orders are still in the till"
                f" after {DELIVERY_TIMEOUT_S:.0f} s. See hub.log."
            ) from None
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await journal.close()
        return watch.sample(orders)

    def count_wrong(self, told: frozenset[OrderId], dsn: str) -> int:
        """How many orders the ledger or the journal does not hold exactly once."""
        booked, _, findings = asyncio.run(ask_ledger(dsn))
        wrong = Counter({str(order): 1 for order in told})
        wrong.subtract({key: each.live_entries for key, each in booked.items()})
        kept = [each for each in read_orders(self.journal) if not each.recorded]
        return sum(map(abs, wrong.values())) + len(kept) + len(findings)

    async def _open_journal(self) -> SqliteJournal:
        return await SqliteJournal.open(
            self.journal, till=TILL, event=EVENT, require_disk=False
        )


class _Delivery:
    """Watches a till get rid of its orders; `over` is set when none is left."""

    def __init__(self, till: Till, processes: dict[str, int]) -> None:
        self.over = asyncio.Event()
        self._processes = processes
        self._begun_s: float | None = None
        self._used_s: dict[str, float] = {}
        self._elapsed_s = 0.0
        till.watch(self._look)

    def sample(self, orders: int) -> Sample:
        """Orders per second, and CPU microseconds per order by process."""
        return Sample(
            orders / self._elapsed_s,
            details={
                f"{name}_us": used_s / orders * 1_000_000
                for name, used_s in self._used_s.items()
            },
        )

    def _look(self, view: TillView) -> None:
        if self._begun_s is None and view.lamps.hub.state is LampState.GOOD:
            self._begun_s = time.perf_counter()
            self._used_s = self._cpu_s()
        if self._begun_s is not None and view.undelivered == 0:
            self._elapsed_s = time.perf_counter() - self._begun_s
            now = self._cpu_s()
            self._used_s = {name: now[name] - self._used_s[name] for name in now}
            self.over.set()

    def _cpu_s(self) -> dict[str, float]:
        used = {name: family_cpu_s(pid) for name, pid in self._processes.items()}
        return {"till": time.process_time(), **used}


def stand_in(request: OrderRequest) -> tuple[OrderId, Sequence[Record]]:
    """What a till journals of a sale that it decided alone, up to the sealed advice."""
    order = decode_order(request.order)
    assert order.payment is not None
    assert order.payment.wallet is not None
    body, now = bytes(request.order), datetime.now(UTC)
    key = OrderId(order.id)
    opened = msgspec.structs.replace(order, attempt=0, payment=None)
    outage = Outage(since=now, reason=NO_TSE)
    advice = OrderAdvice(
        order=request.order,
        outcome=Outcome.COMPLETED,
        path=Path.STAND_IN,
        decided_at=now,
        credential=request.credential,
        basis_batch=1,
        outage=outage,
    )
    return key, (
        OrderOpened(
            key, order.sequence, order.z_number, order.kind, now, encode_order(opened)
        ),
        AttemptMade(key, order.attempt, body, request.credential, now),
        Decided(
            order=key,
            attempt=order.attempt,
            document=body,
            outcome=Outcome.COMPLETED,
            path=Path.STAND_IN,
            decided_at=now,
            process_data=process_data(order, Outcome.COMPLETED),
            total_minor=order.total_minor,
            wallet=WalletSerial(order.payment.wallet),
            basis_batch=1,
        ),
        OrderShown(key),
        AdviceSealed(key, encode_advice(advice), outage=outage),
    )


class NoTse:
    """A FiscalModule that is not there."""

    async def open(self, *, clock_confirmed: bool = False) -> FiscalInfo:
        """Fail, as an empty socket does."""
        del clock_confirmed
        raise FiscalModuleDown(NO_TSE)

    async def start(self) -> FiscalStart:
        """Fail."""
        raise FiscalModuleDown(NO_TSE)

    async def finish(self, start: FiscalStart, process_data: str) -> Signature:
        """Fail."""
        raise FiscalModuleDown(NO_TSE)

    async def find(self, start: FiscalStart) -> Signature | None:
        """Fail."""
        raise FiscalModuleDown(NO_TSE)

    async def export(self, serial: str, first: int, last: int) -> bytes:
        """Fail."""
        raise FiscalModuleDown(NO_TSE)

    async def close(self) -> None:
        """Let go of nothing."""


class NoCatalogues:
    """A CatalogueSource that can't be reached: this till sells nothing new."""

    async def fetch(self, link: CatalogueLink) -> bytes:
        """Fail, as an edge listener that is down does."""
        raise CatalogueUnavailable(f"Nobody serves {link.path} in this run.")

    async def wallets(self, path: str) -> WalletSnapshot:
        """Fail likewise."""
        raise WalletsUnavailable(f"Nobody serves {path} in this run.")


@contextmanager
def _open(servers: Servers, place: FilePath, dsn: str) -> Iterator[Scene]:
    ca = EventCa.create(place / "ca", EVENT)
    server = ca.issue_server("broker", [LOOPBACK])
    files = BrokerFiles(ca.certificate, server.certificate, server.key, ca.revocations)
    broker = PrivateBroker(place / "broker", files, event=EVENT, tills=[TILL])
    with broker, HubProcess(place / "hub", dsn, servers.key, ca, broker) as hub:
        leaf = ca.issue_client(TILL)
        yield Scene(
            journal=place / "journal",
            broker=Broker(broker.host, broker.port),
            certificate=TillCertificate(ca.certificate, leaf.certificate, leaf.key),
            processes={
                "hub": hub.pid,
                "broker": broker.pid,
                "server": servers.cluster.pid,
            },
        )
