"""What the till needs from the world, as Protocols; adapters live in their own rooms.

Devices report by posting events (`edge.core.events`) through the callback they were
made with; it may be called from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from contract.fiscal import Signature


@dataclass(frozen=True, slots=True)
class FiscalStart:
    """A fiscal transaction begun at the TSE: its number, counter and log time."""

    number: int
    counter: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class FiscalInfo:
    """What the status page says of the TSE."""

    serial: str
    expires: datetime | None
    open_numbers: tuple[int, ...]


class FiscalModule(Protocol):
    """The TSE, one command at a time; every call raises FiscalModuleDown in time.

    FiscalModuleSilent is raised where the module may have carried the command out
    although no answer came.
    """

    async def open(self) -> FiscalInfo:
        """Bring the module into service: self-test, time, client. May be repeated."""

    async def start(self) -> FiscalStart:
        """Begin a fiscal transaction, at the first item of an order."""

    async def finish(self, start: FiscalStart, process_data: str) -> Signature:
        """Sign and close it; the exact text is signed, so it is never changed."""

    async def find(self, start: FiscalStart) -> Signature | None:
        """Look up whether a transaction of unknown fate was finished after all."""

    async def close(self) -> None:
        """Let go of the port."""


class Reader(Protocol):
    """The wristband reader; runs a thread of its own and posts events."""

    def start(self) -> None:
        """Begin to watch for wristbands."""

    def stop(self) -> None:
        """End the watch; returns when the thread has ended."""


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> datetime:
        """The wall clock in UTC."""

    def monotonic_ns(self) -> int:
        """A clock that never jumps; deadlines use it."""
