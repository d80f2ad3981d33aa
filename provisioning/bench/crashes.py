"""Kill the writing hub under load, again and again: nothing lost, nothing doubled.

Tills sell over Mosquitto and repeat every message until it is answered, while the
writer, its database session or PostgreSQL falls at random points. Then the answers are
compared with the database, and messages are said again to hubs that have just been
started: they must answer what was answered before.
"""

from __future__ import annotations

import random
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never
from uuid import uuid4

import msgspec
import uvloop

from contract.ids import WristbandUid
from contract.token import Credential
from hub.core.tokens import TokenSigner
from hub.service.verification import Report as VerifyReport
from hub.service.wristbands import Wristbands, credit_wallet
from provisioning.bench.aftermath import Holdings, compare
from provisioning.bench.crash_load import Load, Notes, StubbornTill, repeat
from provisioning.bench.crowd import FUNDS_MINOR, found_event, running_hub, till_names
from provisioning.bench.faults import Database, Fault, Hub, HubPair
from provisioning.bench.figures import Figures, Sample, Target, latency_sample
from provisioning.bench.hub_process import HubProcess
from provisioning.bench.orders import OrderMaker
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa
from provisioning.demo_event import CATALOGUE, EVENT, EVENT_NUMBER
from provisioning.postgres import PrivatePostgres, which_from_environment
from provisioning.processes import ProvisioningError, claimed_directory
from provisioning.token_key import TokenKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contract.ids import WalletSerial

DATABASE = "crashes"
KILLS = 50
TILLS = 16
GUESTS = 100
POOR_MINOR = 60_00
HUBS = ("hub-a", "hub-b")
UNDISTURBED_S = (0.05, 1.0)  # between the recovery from one fault and the next
RECOVERY_TIMEOUT_S = 120.0
LOOK_INTERVAL_S = 0.002
LOOPBACK = "127.0.0.1"
OTHER_FAULTS = (Fault.SESSION, Fault.BACKEND, Fault.POSTGRES)


@dataclass(frozen=True, slots=True)
class Disaster:
    """What is to fall, in which order, and what decides when."""

    faults: tuple[Fault, ...]
    seed: int = 1
    tills: int = TILLS
    guests: int = GUESTS  # of each kind

    @classmethod
    def of(cls, kills: int, seed: int = 1) -> Disaster:
        """Kill the hub that often; the database falls after every tenth time."""
        faults: list[Fault] = []
        for number in range(1, kills + 1):
            faults.append(Fault.HUB)
            if number % 10 == 0:
                faults.extend(OTHER_FAULTS)
        return cls(tuple(faults), seed)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is left after all faults: `problems` is empty if all went well."""

    orders: int
    answers: int
    repeats: int
    lost: int
    doubled: int
    changed: int
    recoveries_s: dict[Fault, list[float]]
    problems: tuple[str, ...] = ()


def measure_crashes(
    figures: Figures, directory: Path, say: Callable[[str], object], *, kills: int
) -> list[Target]:
    """Go through a long disaster; how fast the standby takes over, and what is lost."""
    with claimed_directory(directory, "bench-crashes") as place:
        after = go_through(Disaster.of(kills), place, say)
    for problem in after.problems:
        say(f"WRONG: {problem}\n")
    for fault, recoveries_s in after.recoveries_s.items():
        took = latency_sample(recoveries_s, elapsed_s=1.0)
        figures.add(f"answers again after {fault}", took, unit="times")
    counts = {
        "answers": after.answers,
        "repeats": after.repeats,
        "lost": after.lost,
        "doubled": after.doubled,
        "changed": after.changed,
    }
    orders = Sample(after.orders, details={k: float(v) for k, v in counts.items()})
    figures.add("orders under crashes", orders, unit="orders")
    return [
        Target(
            name=f"{kills} kills under load: orders lost, doubled, changed, misbooked",
            bound="at most",
            limit=0.0,
            value=float(len(after.problems)),
        )
    ]


def go_through(
    disaster: Disaster, directory: Path, say: Callable[[str], object]
) -> Aftermath:
    """Build a shop in an empty directory, let it fall, and examine what is left."""
    notes = Notes()
    with _open_shop(directory, disaster, notes) as shop:
        recoveries_s = shop.suffer(disaster, say)
        repeats = notes.repeats
        say("crashes: everything is said again to hubs just started, then verified\n")
        shop.hubs.restart_both()  # what they know from now on is in the database
        shop.hubs.writer()
        uvloop.run(repeat(shop.tills, shop.port))
        found = compare(notes.orders, _ask(shop.database), shop.funds_minor)
        found.changed += notes.changed
        found.others += _verify(directory / HUBS[0] / "hub.toml")
    return Aftermath(
        orders=len(notes.orders),
        answers=notes.answers,
        repeats=repeats,
        lost=len(found.lost),
        doubled=len(found.doubled),
        changed=len(found.changed),
        recoveries_s=recoveries_s,
        problems=found.all,
    )


@dataclass(frozen=True, slots=True)
class CrashShop:
    """The running parts: what falls, who sells, and what the guests had."""

    hubs: HubPair
    database: Database
    tills: tuple[StubbornTill, ...]
    port: int
    notes: Notes
    funds_minor: dict[int, int]

    def suffer(
        self, disaster: Disaster, say: Callable[[str], object]
    ) -> dict[Fault, list[float]]:
        """Let everything fall while the tills sell; seconds until each recovery."""
        dice = random.Random(disaster.seed)
        recoveries_s: dict[Fault, list[float]] = {}
        with Load(self.tills, self.port, self.notes) as load:
            self._await_answers(load)
            for number, fault in enumerate(disaster.faults, start=1):
                self.hubs.await_both()
                time.sleep(dice.uniform(*UNDISTURBED_S))
                recovery_s = self._let_fall(fault, load)
                say(
                    f"crashes: {number} of {len(disaster.faults)}, {fault}: answers"
                    f" again after {recovery_s * 1000:.0f} ms\n"
                )
                recoveries_s.setdefault(fault, []).append(recovery_s)
        assert load.answers >= 0  # raises what ended it
        return recoveries_s

    def _let_fall(self, fault: Fault, load: Load) -> float:
        before_s = time.perf_counter()
        fallen: Hub | None = None
        match fault:
            case Fault.HUB:
                fallen = self.hubs.kill_writer()
            case Fault.SESSION:
                self.database.end_writers_session()
            case Fault.BACKEND:
                self.database.kill_backend()
            case Fault.POSTGRES:
                self.database.restart_at_once()
            case _:
                assert_never(fault)
        self._await_answers(load)
        recovery_s = time.perf_counter() - before_s
        if fallen is not None:
            fallen.begin()  # stands by before the next fall
        return recovery_s

    def _await_answers(self, load: Load) -> None:
        """Wait until the tills hear verdicts of whoever writes now."""
        self.hubs.writer()
        # One message of each till may have been answered before the fall.
        wanted = load.answers + len(self.tills) + 1
        deadline_s = time.monotonic() + RECOVERY_TIMEOUT_S
        while load.answers < wanted:
            if time.monotonic() > deadline_s:
                raise ProvisioningError(
                    f"No hub answers {RECOVERY_TIMEOUT_S:.0f} s after a fall."
                    " See hub.log of both hubs."
                )
            time.sleep(LOOK_INTERVAL_S)


@contextmanager
def _open_shop(
    directory: Path, disaster: Disaster, notes: Notes
) -> Iterator[CrashShop]:
    # A cluster of its own, as it is to fall.
    cluster = PrivatePostgres(directory / "postgres", which_from_environment())
    key = TokenKey.create(directory / "token.key")
    ca = EventCa.create(directory / "ca", EVENT)
    server = ca.issue_server("broker", [LOOPBACK])
    files = BrokerFiles(ca.certificate, server.certificate, server.key, ca.revocations)
    names = till_names(disaster.tills)
    with (
        cluster,
        Database(cluster, DATABASE) as database,
        PrivateBroker(
            directory / "broker", files, event=EVENT, tills=names, plain=True
        ) as broker,
    ):
        dsn = cluster.create_database(DATABASE)
        crowd = uvloop.run(found_event(dsn, key, names, disaster.guests))
        poor = uvloop.run(found_poor(dsn, key, disaster.guests))
        makers = [
            OrderMaker(CATALOGUE, guests, seed=disaster.seed)
            for guests in (crowd.guests, poor)
        ]

        places = directory / HUBS[0], directory / HUBS[1]
        for place in places:  # made, but started by the pair
            HubProcess(place, dsn, key, ca, broker)
        assert broker.plain_port is not None
        with HubPair(places, broker.port) as hubs:
            yield CrashShop(
                hubs=hubs,
                database=database,
                tills=tuple(
                    StubbornTill(name, makers, notes, disaster.seed + number)
                    for number, name in enumerate(names)
                ),
                port=broker.plain_port,
                notes=notes,
                funds_minor={
                    **{serial: FUNDS_MINOR for serial, _ in crowd.guests},
                    **{serial: POOR_MINOR for serial, _ in poor},
                },
            )


async def found_poor(
    dsn: str, key: TokenKey, count: int
) -> tuple[tuple[WalletSerial, Credential], ...]:
    """Give some guests so little money that the hub soon declines."""
    async with running_hub(dsn, key) as (store, context, hub):
        signer = TokenSigner(key.private.read_bytes(), key.key_id)
        secret = secrets.token_bytes(32)
        desk = Wristbands(store, context, hub.booking, signer, secret)
        guests = []
        for number in range(count):
            uid = WristbandUid(b"\x04\xbf" + number.to_bytes(5, "big"))
            token = await desk.issue(uid)
            await credit_wallet(
                hub.booking,
                payment=uuid4(),
                wallet=token.wallet,
                amount_minor=POOR_MINOR,
                provider="bench",
            )
            credential = Credential(
                uid=token.uid, body=token.body, signature=token.signature
            )
            guests.append((token.wallet, credential))
    return tuple(guests)


def _ask(database: Database) -> Holdings:
    return Holdings(
        verdicts=database.ask("verdicts", EVENT_NUMBER),
        bookings=database.ask("bookings", EVENT_NUMBER),
        outcomes=database.ask("outcomes", EVENT_NUMBER),
        balances=database.ask("balances", EVENT_NUMBER),
    )


def _verify(settings: Path) -> list[str]:
    """Run `kassenband-hub verify` as an operator would; what it finds."""
    done = subprocess.run(
        [sys.executable, "-m", "hub", "--config", settings, "verify", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = msgspec.json.decode(done.stdout.splitlines()[-1], type=VerifyReport)
    except (IndexError, msgspec.DecodeError):
        return [f"verify ended with {done.returncode}: {done.stderr.strip()}"]
    return [f"verify: {each.check}: {each.text}" for each in report.findings]
