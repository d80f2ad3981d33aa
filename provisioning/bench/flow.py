"""Request to verdict, end to end: tills, Mosquitto, hub and PostgreSQL beside pgbench.

The hub is the real process; the tills are one process of the cheapest clients that
speak MQTT 5, so that the hub's side is measured and not they.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import uvloop

from contract.messages import HubStatus
from contract.topics import Topics
from provisioning.bench.baseline import Pace, Servers, run_pgbench
from provisioning.bench.crowd import Crowd, found_event, till_names
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.hub_process import HubProcess
from provisioning.bench.load import LoadTill, Tally
from provisioning.bench.mqtt_load import TillConnection, connect_till
from provisioning.bench.watch import CpuSpent
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa, Leaf
from provisioning.demo_event import EVENT
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from contract.ids import TillId
    from provisioning.postgres import PrivatePostgres

DATABASE = "flow"
TILLS = (8, 32, 128)
TARGET_TILLS = 32
RATIO_MIN = 1.2
# A guest's first order costs the hub 0.2 ms for the token's signature. At an event that
# is one order in many; so few guests make it one in some twenty here.
GUESTS = 400
P99_MS_MAX = 30.0
BASELINE_CLIENTS = 8
BASELINE = f"pgbench beside the flow, {BASELINE_CLIENTS} clients"
WARM_UP_S = 1.0
FIRST_VISITS_S = 4
ORDERS_PER_S_MAX = 5000  # made beforehand
ANSWER_TIMEOUT_S = 10.0
HUB_TIMEOUT_S = 30.0
LOOK_INTERVAL_S = 0.02
UNIT = "orders/s"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Line:
    """How a till reaches the broker: plain on loopback, or with its certificate."""

    port: int
    certificates: Mapping[TillId, Leaf] | None = None
    ca: Path | None = None

    def context(self, till: TillId) -> ssl.SSLContext | None:
        """The till's TLS identity; None on the plain line."""
        if self.certificates is None:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        leaf = self.certificates[till]
        context.load_cert_chain(leaf.certificate, leaf.key)
        return context


def measure_flow(
    figures: Figures, servers: Servers, pace: Pace, say: Callable[[str], object]
) -> list[Target]:
    """Measure plain and TLS with each number of tills; pgbench in between."""
    cluster, counts = servers.cluster, pace.tills or TILLS
    dsn = cluster.create_database(DATABASE)
    say("flow: issuing wristbands\n")
    tills = till_names(max(counts))
    crowd = uvloop.run(found_event(dsn, servers.key, tills, guests=GUESTS))
    with _running(servers, dsn, crowd) as shop:
        uvloop.run(_await_hub(shop.plain.port))
        # A hub checks a guest's token once and then remembers it; measured are
        # guests who come back, after each of them came once.
        shop.drive(shop.plain, crowd.tills, FIRST_VISITS_S)
        for repetition in range(1, pace.repetitions + 1):
            say(f"flow: repetition {repetition} of {pace.repetitions}\n")
            _add_baseline(figures, cluster, pace.seconds)
            for count in counts:
                tills = crowd.tills[:count]
                name = f"request to verdict, {count} tills"
                sample = shop.drive(shop.plain, tills, pace.seconds)
                figures.add(name, sample, unit=UNIT, baseline=BASELINE)
            tills = crowd.tills[: min(TARGET_TILLS, max(counts))]
            sample = shop.drive(shop.tls, tills, pace.seconds)
            name = f"the same over TLS, {len(tills)} tills"
            figures.add(name, sample, unit=UNIT, baseline=BASELINE)
            _add_baseline(figures, cluster, pace.seconds)
    return _targets(figures, counts)


@dataclass(frozen=True, slots=True)
class FlowShop:
    """The running parts, and the two lines to the broker."""

    crowd: Crowd
    plain: Line
    tls: Line
    processes: Mapping[str, int]

    def drive(self, line: Line, tills: Sequence[TillId], seconds: int) -> Sample:
        """Let these tills sell for some seconds, each as fast as it is answered."""
        return uvloop.run(self._drive(line, tills, seconds))

    async def _drive(self, line: Line, tills: Sequence[TillId], seconds: int) -> Sample:
        maker = self.crowd.maker(seed=time.time_ns())
        tally = Tally.of(seconds, warm_up_s=WARM_UP_S)
        stock = int((seconds + WARM_UP_S) * ORDERS_PER_S_MAX / len(tills))
        talkers = [LoadTill(till, maker.request, tally, stock=stock) for till in tills]
        connections = await _connect(line, tills, talkers)
        tally.restart(seconds, warm_up_s=WARM_UP_S)
        spent = CpuSpent(self.processes)
        for connection, talker in zip(connections, talkers, strict=True):
            connection.publish(talker.next_request())
        await asyncio.sleep(seconds + WARM_UP_S)
        used = spent.per_order(tally.answers)
        await _await_last_answers(talkers)
        for connection in connections:
            connection.close()
        return tally.sample(
            batch=tally.answers / max(len(tally.batches), 1),
            **used,
            unanswered=sum(talker.waits for talker in talkers),
        )


@contextmanager
def _running(servers: Servers, dsn: str, crowd: Crowd) -> Iterator[FlowShop]:
    directory = servers.directory
    ca = EventCa.create(directory / "ca", EVENT)
    server = ca.issue_server("broker", [LOOPBACK])
    files = BrokerFiles(ca.certificate, server.certificate, server.key, ca.revocations)
    broker = PrivateBroker(
        directory / "broker", files, event=EVENT, tills=crowd.tills, plain=True
    )
    with broker, HubProcess(directory / "hub", dsn, servers.key, ca, broker) as hub:
        assert broker.plain_port is not None
        certificates = {
            till: ca.issue_client(till) for till in crowd.tills[:TARGET_TILLS]
        }
        yield FlowShop(
            crowd=crowd,
            plain=Line(broker.plain_port),
            tls=Line(broker.port, certificates, ca.certificate),
            processes={
                "hub": hub.pid,
                "broker": broker.pid,
                "postgres": servers.cluster.pid,
            },
        )


async def _connect(
    line: Line, tills: Sequence[TillId], talkers: Sequence[LoadTill]
) -> list[TillConnection]:
    topics = Topics(EVENT)
    return list(
        await asyncio.gather(
            *(
                connect_till(
                    TillConnection(till, topics.up(till), topics.down(till), talker),
                    LOOPBACK,
                    line.port,
                    line.context(till),
                )
                for till, talker in zip(tills, talkers, strict=True)
            )
        )
    )


async def _await_last_answers(talkers: Sequence[LoadTill]) -> None:
    deadline_s = time.perf_counter() + ANSWER_TIMEOUT_S
    while any(talker.waits for talker in talkers):
        if time.perf_counter() > deadline_s:
            return
        await asyncio.sleep(LOOK_INTERVAL_S)


class _StatusReader:
    """Waits for the hub to say that it is there."""

    def __init__(self) -> None:
        self.online = asyncio.Event()

    def answered(self, payload: bytes) -> bytes | None:
        """Look at the hub's retained status."""
        if msgspec.json.decode(payload, type=HubStatus).online:
            self.online.set()
        return None


async def _await_hub(port: int) -> None:
    reader = _StatusReader()
    status = Topics(EVENT).hub_status
    connection = await connect_till(
        TillConnection("bench-status", status, status, reader), LOOPBACK, port
    )
    try:
        await asyncio.wait_for(reader.online.wait(), HUB_TIMEOUT_S)
    except TimeoutError:
        raise ProvisioningError(
            f"The hub did not come online within {HUB_TIMEOUT_S:.0f} s."
            " See hub.log in the bench's directory."
        ) from None
    finally:
        connection.close()


def _add_baseline(figures: Figures, cluster: PrivatePostgres, seconds: int) -> None:
    sample = run_pgbench(cluster, BASELINE_CLIENTS, seconds)
    figures.add(BASELINE, sample, unit="tps")


def _targets(figures: Figures, counts: Sequence[int]) -> list[Target]:
    count = TARGET_TILLS if TARGET_TILLS in counts else max(counts)
    point = next(
        each
        for each in figures.points()
        if each.name == f"request to verdict, {count} tills"
    )
    assert point.ratio is not None
    return [
        Target(
            name=f"{point.name} / {BASELINE}",
            bound="at least",
            limit=RATIO_MIN,
            value=point.ratio,
        ),
        Target(
            name=f"{point.name}: p99, ms",
            bound="at most",
            limit=P99_MS_MAX,
            value=point.p99_ms or 0.0,
        ),
        Target(
            name=f"{point.name}: refused or unanswered",
            bound="at most",
            limit=0.0,
            value=point.details["refused"] + point.details["unanswered"],
        ),
    ]
