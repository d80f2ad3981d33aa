"""A till's surroundings for tests: a TSE in memory, a hub in the same loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from contract.catalogue import digest, encode_catalogue
from contract.fiscal import PROCESS_TYPE, Signature
from contract.ids import TillId, WristbandUid
from contract.messages import (
    CatalogueLink,
    FromHub,
    FromTill,
    StandInLimits,
    TillConfig,
    TillStatus,
    decode_from_hub,
    decode_from_till,
    encode,
)
from contract.money import Currency
from edge.core.errors import FiscalModuleDown, NotConnected, WalletsUnavailable
from edge.core.events import HubSaid, LinkDown, LinkUp, NobodyListens, WristbandRead
from edge.core.records import FiscalStart
from edge.core.state import Identity
from edge.journal.memory import MemoryJournal
from edge.ports import FiscalInfo
from edge.till import Ports, SystemClock, Till
from tests.contract.samples import AT, CATALOGUE, EVENT, SELLER
from tests.edge.core.issuing import EVENT as EVENT_NUMBER
from tests.edge.core.issuing import KEYS, issue
from tests.edge.reference_hub import ReferenceHub
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.messages import CatalogueLink as Link
    from contract.wallets import WalletSnapshot
    from edge.core.events import Event
    from edge.core.view import TillView
    from edge.ports import Archives, FiscalModule, Journal

BAR = TillId("bar-1")
IDENTITY = Identity(BAR, EVENT)
CATALOGUE_BYTES = encode_catalogue(CATALOGUE)
BALANCES = {1: 10_000, 2: 100}
LIMITS = StandInLimits(allowance_minor=2_000, till_total_minor=5_000)
CONFIG = TillConfig(
    id=UUID(int=1),
    event=EVENT,
    event_name="Summer",
    event_number=EVENT_NUMBER,
    till=BAR,
    label="Bar 1",
    currency=Currency.EUR,
    seller=SELLER,
    portal_url="https://kb.example.org/",
    catalogue=CatalogueLink(version=3, digest=digest(CATALOGUE_BYTES), path="/c/3"),
    token_keys=KEYS,
    stand_in=LIMITS,
)


def wristband(serial: int) -> tuple[WristbandUid, bytes]:
    """Issue the wristband of a wallet."""
    uid = WristbandUid(bytes([4, 0, 0, 0, 0, 0, serial]))
    return uid, issue(uid=uid, serial=serial)


@dataclass
class FakeTse:
    """A FiscalModule in memory; `down` makes every command fail."""

    down: bool = False
    signed: list[str] = field(default_factory=list)
    counter: int = 0

    async def open(self, *, clock_confirmed: bool = False) -> FiscalInfo:
        del clock_confirmed
        self._check()
        return FiscalInfo("ab" * 32, AT, ())

    async def start(self) -> FiscalStart:
        self._check()
        self.counter += 1
        return FiscalStart(self.counter, self.counter, AT)

    async def finish(self, start: FiscalStart, process_data: str) -> Signature:
        self._check()
        self.signed.append(process_data)
        return Signature(
            client=BAR,
            number=start.number,
            start_counter=start.counter,
            counter=start.counter + 1,
            started_at=start.started_at,
            finished_at=AT,
            process_type=PROCESS_TYPE,
            process_data=process_data,
            algorithm="none",
            time_format="unixTime",
            value=b"\0" * 96,
            public_key=b"\0" * 97,
            tse_serial="ab" * 32,
        )

    async def find(self, start: FiscalStart) -> Signature | None:
        self._check()
        return None

    async def export(self, serial: str, first: int, last: int) -> bytes:
        del serial
        self._check()
        return f"{first}-{last}\n".encode()

    async def close(self) -> None:
        pass

    def _check(self) -> None:
        if self.down:
            raise FiscalModuleDown("The TSE at /dev/kb-tse does not answer.")


class FakeHub:
    """A Hub in the same loop: the reference hub, reached through encoded messages."""

    def __init__(self) -> None:
        self.books = ReferenceHub(BALANCES, Random(1))
        self.post: Callable[[Event], None] | None = None
        self.connected = False
        self.listens = True
        self.answers = True
        self.statuses: asyncio.Queue[TillStatus] = asyncio.Queue()
        self.received: list[FromTill] = []

    def send(self, message: FromTill, *, expires_s: int | None = None) -> None:
        if not self.connected:
            raise NotConnected("The till is not connected to the hub.")
        if isinstance(message, TillStatus):
            self.statuses.put_nowait(message)
            return
        self.received.append(message)
        if not self.listens:
            self._say(NobodyListens())
        elif self.answers:
            self.say(self.books.answer(decode_from_till(encode(message))))

    def say(self, message: FromHub) -> None:
        """Let the hub say something."""
        self._say(HubSaid(decode_from_hub(encode(message))))

    def connect(self) -> None:
        self.connected = True
        self._say(LinkUp())
        self.say(CONFIG)
        self.say(self.books.status())
        self.say(self.books.changes(2_000))

    def lose(self) -> None:
        self.connected = False
        self._say(LinkDown())

    def _say(self, event: Event) -> None:
        assert self.post is not None
        self.post(event)


class FakeCatalogues:
    """A CatalogueSource that has the sample catalogue."""

    async def fetch(self, link: Link) -> bytes:
        assert link.path == "/c/3"
        return CATALOGUE_BYTES

    async def wallets(self, path: str) -> WalletSnapshot:
        raise WalletsUnavailable(f"Nobody serves {path} here.")


class Bench:
    """A till on a bench, with handles to everything around it."""

    def __init__(
        self,
        journal: Journal | None = None,
        fiscal: FiscalModule | None = None,
        archives: Archives | None = None,
        identity: Identity = IDENTITY,
    ) -> None:
        self.journal = journal or MemoryJournal()
        self.tse = FakeTse()
        self.hub = FakeHub()
        self.clock = SystemClock()
        ports = Ports(
            self.journal,
            self.hub,
            fiscal or self.tse,
            FakeCatalogues(),
            self.clock,
            archives=archives,
        )
        self.till = Till(identity, ports, software="test")
        self.hub.post = self.till.post
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Bench:
        self._running = asyncio.create_task(self.till.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def ended(self) -> None:
        """Wait until the till has ended by itself; raises what ended it."""
        assert self._running is not None
        async with asyncio.timeout(PATIENCE_S):
            await self._running

    def tap(self, serial: int) -> None:
        """Hold a wallet's wristband to the reader."""
        uid, message = wristband(serial)
        self.till.post(WristbandRead(uid, message, self.clock.monotonic_ns()))

    async def until(self, wanted: Callable[[TillView], bool]) -> TillView:
        """Wait for a view; fails with what is shown instead."""
        changed = asyncio.Event()
        unwatch = self.till.watch(lambda _: changed.set())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not wanted(self.till.view):
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            raise AssertionError(f"the till shows {self.till.view}") from None
        finally:
            unwatch()
        return self.till.view
