"""A whole shop on one machine: real servers, a hub, and what tills need to sell.

Everything is a child process that ends with this one, in a directory of its own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from provisioning.broker import BrokerFiles, PrivateBroker
from provisioning.ca import EventCa, Leaf
from provisioning.demo_event import EVENT
from provisioning.pcscd import PrivatePcscd, Slot
from provisioning.postgres import PrivatePostgres, Which, which_from_environment
from provisioning.processes import Child, ProvisioningError, spawn
from provisioning.token_key import TokenKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contract.ids import TillId

TSE_LATENCY_MS = 250  # what a real stick needs for a signature
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ShopPlan:
    """What to build: the tills' names, and how the machine's parts behave."""

    tills: tuple[TillId, ...]
    tse_latency_ms: int = TSE_LATENCY_MS
    fast_poll: bool = False
    plain_broker: bool = False
    which: Which | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """One till's place: its name, its reader, its TSE and its files."""

    till: TillId
    slot: Slot
    tse: Path
    directory: Path
    certificate: Leaf


class Shop:
    """Runs the servers and devices of the demo; a context manager."""

    def __init__(self, directory: Path, plan: ShopPlan) -> None:
        self.directory = directory
        self.plan = plan
        self.children: list[Child] = []
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

    def counter(self, till: TillId) -> Counter:
        """Return the place of one till."""
        return next(each for each in self.counters if each.till == till)

    def run(self, name: str, argv: Sequence[str | Path]) -> Child:
        """Start a program of ours that ends with the shop."""
        child = spawn(
            argv,
            log=self.directory / f"{name}.log",
            name=name,
            env={**os.environ, **self.pcscd.environment},
        )
        self.children.append(child)
        self._stack.callback(child.stop)
        return child

    def await_end(self, child: Child, *, timeout_s: float) -> int:
        """Wait for a program to end by itself; return its exit code."""
        return child.popen.wait(timeout_s)

    def _build(self) -> None:
        enter = self._stack.enter_context
        self.ca = EventCa.create(self.directory / "ca", EVENT)
        self.token_key = TokenKey.create(self.directory / "token.key")
        self.hub_certificate = self.ca.issue_client("hub")
        self.edge_certificate = self.ca.issue_server("edge", [LOOPBACK, "localhost"])
        server = self.ca.issue_server("broker", [LOOPBACK, "localhost"])
        self.postgres = enter(
            PrivatePostgres(
                self.directory / "postgres",
                self.plan.which or which_from_environment(),
            )
        )
        self.broker = enter(
            PrivateBroker(
                self.directory / "broker",
                BrokerFiles(
                    self.ca.certificate,
                    server.certificate,
                    server.key,
                    self.ca.revocations,
                ),
                event=EVENT,
                tills=self.plan.tills,
                plain=self.plan.plain_broker,
            )
        )
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

    def _make_counter(self, till: TillId, slot: Slot) -> Counter:
        directory = self.directory / till
        directory.mkdir()
        device = directory / "tse"
        self.run(
            f"{till}-tse",
            [
                *program("tse_driver"),
                *("simulate", "--link", device, "--state", directory / "tse-state"),
                *("--latency-ms", str(self.plan.tse_latency_ms)),
            ],
        ).await_line("/dev/pts/")
        return Counter(till, slot, device, directory, self.ca.issue_client(till))

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


def program(package: str) -> tuple[str, ...]:
    """Return the command that runs one of our packages with this Python."""
    return (sys.executable, "-m", package)
