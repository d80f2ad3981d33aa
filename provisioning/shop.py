"""A whole shop on one machine: real servers, a hub, and what tills need to sell.

Everything is a child process that ends with this one, in a directory of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from provisioning import demo_event
from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa, Leaf
from provisioning.opening import HUB_LOGIN, Opening, open_event
from provisioning.pcscd import PrivatePcscd, Slot
from provisioning.postgres import PrivatePostgres, Which, which_from_environment
from provisioning.processes import (
    Child,
    ProvisioningError,
    free_port,
    spawn,
    write_private,
)
from provisioning.token_key import TokenKey, new_uid_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from contract.ids import TillId
    from provisioning.demo_event import Guest

DATABASE = "kassenband"
TSE_LATENCY_MS = 250  # what a real stick needs for a signature
LOOPBACK = "127.0.0.1"
DEMO_BSI_ID = "0000-2026"  # no real device has it


@dataclass(frozen=True, slots=True)
class ShopPlan:
    """What to build: the tills' names, and how the machine's parts behave."""

    tills: tuple[TillId, ...]
    tse_latency_ms: int = TSE_LATENCY_MS
    fast_poll: bool = False
    plain_broker: bool = False
    which: Which | None = None
    guests: Callable[[int], Sequence[Guest]] = demo_event.crowd
    staffed: bool = False
    """Whether somebody has to log in at a till before it sells."""
    printers: bool = False
    """Whether tills print receipts, into a folder of theirs."""
    people: bool = False
    """Whether the portal has accounts, mail that goes with them, and an office."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One till's place: its name, its reader, its TSE and its files."""

    till: TillId
    slot: Slot
    tse: Path
    directory: Path
    certificate: Leaf

    @property
    def config(self) -> Path:
        """The till's configuration file."""
        return self.directory / "till.toml"

    @property
    def journal(self) -> Path:
        """Where the till keeps its orders."""
        return self.directory / "journal"

    @property
    def printer(self) -> Path:
        """Where the till finds its receipt printer."""
        return self.directory / "printer"

    @property
    def paper(self) -> Path:
        """Where the slips fall that it prints."""
        return self.directory / "paper"

    @property
    def wristbands(self) -> Path:
        """The memories of the wristbands that come to this till."""
        return self.directory / "wristbands"

    @property
    def bills(self) -> Path:
        """The references of the bills that guests bring to this till, line by line."""
        return self.directory / "bills"


class Shop:
    """Runs the servers and devices of the demo; a context manager."""

    def __init__(self, directory: Path, plan: ShopPlan) -> None:
        self.directory = directory.resolve()
        self.plan = plan
        self.tses: dict[TillId, Child] = {}
        self.portal_port, self.edge_port = free_port(), free_port()
        self.mail_port, self.office_port = free_port(), free_port()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def portal_url(self) -> str:
        """Where guests open their receipts."""
        return f"http://{LOOPBACK}:{self.portal_port}"

    @property
    def office_url(self) -> str:
        """Where finance staff look after bills; only of a shop with people."""
        return f"http://{LOOPBACK}:{self.office_port}"

    @property
    def edge_url(self) -> str:
        """Where tills fetch what is too large for a message."""
        return f"https://{LOOPBACK}:{self.edge_port}"

    @property
    def mail(self) -> Path:
        """Where the mail lies that the portal has sent."""
        return self.directory / "mail"

    def run(self, name: str, argv: Sequence[str | Path]) -> Child:
        """Start a program of ours that ends with the shop."""
        with uninterrupted():
            child = spawn(
                argv,
                log=self.directory / f"{name}.log",
                name=name,
                env={**os.environ, **self.pcscd.environment},
            )
            self._stack.callback(child.stop)
        return child

    def await_end(self, child: Child, *, timeout_s: float) -> int:
        """Wait for a program to end by itself; return its exit code."""
        try:
            return child.popen.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ProvisioningError(
                f"{child.name} did not end within {timeout_s:g} s. Is this machine very"
                f" busy? See {child.log}."
            ) from error

    def start_hub(self) -> None:
        """Start the hub, again after it fell; return when it serves."""
        config = self.directory / "hub.toml"
        if not config.exists():
            config.write_text(self._hub_settings())
        self.hub = self.run("hub", [*program("hub"), "serve", "--config", config])
        self.hub.await_line("The hub is ready")

    def plug_tse_in(self, counter: Counter) -> None:
        """Start a till's simulated TSE; after a fall it has lost time and self-test."""
        self.tses[counter.till] = self.run(
            f"{counter.till}-tse",
            [
                *program("tse_driver"),
                *("simulate", "--link", counter.tse),
                *("--state", counter.directory / "tse-state"),
                *("--latency-ms", str(self.plan.tse_latency_ms)),
            ],
        )
        self.tses[counter.till].await_line("/dev/pts/")

    def unplug_tse(self, counter: Counter) -> None:
        """Pull a till's TSE out, in the middle of whatever it does."""
        self.tses[counter.till].kill()

    def _build(self) -> None:
        enter = self._stack.enter_context
        self.ca = EventCa.create(self.directory / "ca", demo_event.EVENT)
        self.token_key = TokenKey.create(self.directory / "token.key")
        self.postgres = enter(
            PrivatePostgres(
                self.directory / "postgres",
                self.plan.which or which_from_environment(),
            )
        )
        self.dsn = self.postgres.create_database(DATABASE)
        self.broker = enter(self._make_broker())
        self.pcscd = enter(
            PrivatePcscd(
                self.directory / "pcscd",
                slots=len(self.plan.tills),
                fast_poll=self.plan.fast_poll,
            )
        )
        self.counters = tuple(
            self._make_counter(till, slot)
            for till, slot in zip(self.plan.tills, self.pcscd.slots, strict=False)
        )
        self._set_up_tses()
        self._open()
        if self.plan.people:
            box = (sys.executable, "-m", "provisioning.mail_box")
            self.run("mail", [*box, str(self.mail_port), self.mail])
        self.start_hub()

    def _make_broker(self) -> PrivateBroker:
        server = self.ca.issue_server("broker", [LOOPBACK, "localhost"])
        return PrivateBroker(
            self.directory / "broker",
            BrokerFiles(
                self.ca.certificate,
                server.certificate,
                server.key,
                self.ca.revocations,
            ),
            event=demo_event.EVENT,
            tills=self.plan.tills,
            plain=self.plan.plain_broker,
        )

    def _open(self) -> None:
        """Open the event, and write each wristband where it will be tapped."""
        secret = self.directory / "uid.secret"
        write_private(secret, new_uid_secret())
        teams = {
            counter.till: demo_event.team(counter.till, number)
            for number, counter in enumerate(self.counters)
            if self.plan.staffed
        }
        staff = [worker for team in teams.values() for worker in team]
        opening = Opening(
            dsn=self.dsn,
            portal_url=self.portal_url,
            tills=self.plan.tills,
            token_key=self.token_key,
            uid_secret=secret.read_bytes(),
            hub_passfile=self.directory / "hub.passfile",
            staff=staff,
            people=self.plan.people,
        )
        guests = {
            counter.till: [
                *self.plan.guests(number),
                *(worker.guest for worker in teams.get(counter.till, ())),
            ]
            for number, counter in enumerate(self.counters)
        }
        everybody = [guest for crowd in guests.values() for guest in crowd]
        equipment = asyncio.run(open_event(opening, everybody))
        for counter in self.counters:
            counter.wristbands.mkdir()
            bills = []
            for guest in guests[counter.till]:
                name = demo_event.SPARE if guest.spare else guest.name
                brought = equipment[guest.name]
                brought.wristband.save(counter.wristbands / name)
                bills += [brought.bill] if brought.bill else []
            counter.bills.write_text("".join(f"{each}\n" for each in bills))
            counter.config.write_text(self._till_settings(counter))

    def _hub_settings(self) -> str:
        client = self.ca.issue_client("hub")
        edge = self.ca.issue_server("edge", [LOOPBACK, "localhost"])
        return toml(
            event=demo_event.EVENT,
            database=self.postgres.dsn_for(
                HUB_LOGIN, self.directory / "hub.passfile", DATABASE
            ),
            broker_host=self.broker.host,
            broker_port=self.broker.port,
            ca=self.ca.certificate,
            broker_certificate=client.certificate,
            broker_key=client.key,
            token_key=self.token_key.private,
            token_key_id=self.token_key.key_id,
            uid_secret=self.directory / "uid.secret",
            portal_port=self.portal_port,
            edge_port=self.edge_port,
            edge_certificate=edge.certificate,
            edge_key=edge.key,
            **(self._people_settings() if self.plan.people else {}),
        )

    def _people_settings(self) -> dict[str, object]:
        return {
            "office_port": self.office_port,
            "mail_host": LOOPBACK,
            "mail_port": self.mail_port,
            "mail_security": "none",
            "mail_sender": f"portal@{demo_event.EVENT}.example",
        }

    def _till_settings(self, counter: Counter) -> str:
        sections = {
            "till": toml(id=counter.till, event=demo_event.EVENT),
            "hub": toml(
                broker_host=self.broker.host,
                broker_port=self.broker.port,
                edge_url=self.edge_url,
                ca=self.ca.certificate,
                certificate=counter.certificate.certificate,
                key=counter.certificate.key,
            ),
            # The demo may live in a container, whose disk is an overlay.
            "journal": toml(directory=counter.journal, require_disk=False),
            "reader": toml(name_prefix=counter.slot.reader),
            # Nor need this machine ask a server of time.
            "tse": toml(port=counter.tse, clock="trusted", bsi_id=DEMO_BSI_ID),
            "device": toml(brand="Kassenband", model="Demo", serial=counter.till),
            "log": toml(file=counter.directory / "till.log"),
        }
        if self.plan.printers:
            sections["printer"] = toml(device=str(counter.printer))
        return "\n".join(f"[{name}]\n{text}" for name, text in sections.items())

    def _make_counter(self, till: TillId, slot: Slot) -> Counter:
        directory = self.directory / till
        directory.mkdir()
        counter = Counter(
            till, slot, directory / "tse", directory, self.ca.issue_client(till)
        )
        self.plug_tse_in(counter)
        if self.plan.printers:
            self._put_up_printer(counter)
        return counter

    def _put_up_printer(self, counter: Counter) -> None:
        printer = self.run(
            f"{counter.till}-printer",
            [
                *program("edge.simulator.printer"),
                *("--link", counter.printer, "--out", counter.paper),
            ],
        )
        printer.await_line("/dev/pts/")

    def _set_up_tses(self) -> None:
        # Side by side: each takes as long as its signatures do.
        children = [
            self.run(
                f"{counter.till}-tse-setup",
                [
                    *program("tse_driver"),
                    *("setup", "--port", counter.tse, "--client", counter.till),
                ],
            )
            for counter in self.counters
        ]
        for child in children:
            if self.await_end(child, timeout_s=60) != 0:
                raise ProvisioningError(
                    f"A simulated TSE could not be set up. See {child.log}."
                )


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a request to end wait: a child that is only half started would be nobody's.

    Main thread only. What came meanwhile takes effect at the end.
    """
    asked: list[int] = []
    before = {
        number: signal.signal(number, lambda given, _: asked.append(given))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for given in asked:
        signal.raise_signal(given)


def toml(**values: object) -> str:
    """Write keys and values as TOML, a line each."""
    return "".join(f"{key} = {_toml_value(each)}\n" for key, each in values.items())


def _toml_value(value: object) -> str:
    # JSON's numbers, booleans and strings are TOML's, too.
    is_plain = isinstance(value, int | bool)
    return json.dumps(value if is_plain else str(value))


def program(package: str) -> tuple[str, ...]:
    """Return the command that runs one of our packages with this Python."""
    return (sys.executable, "-m", package)
