"""The closed loop: each till sends its next order as soon as it has a verdict."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.messages import OrderBooked, OrderRequest, encode
from provisioning.bench.figures import Sample, latency_sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.ids import TillId

BOOKED = OrderBooked.__name__


@dataclass(slots=True)
class Tally:
    """What came back between two moments of the monotonic clock."""

    since_s: float
    until_s: float
    latencies_s: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    batches: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, seconds: float, *, warm_up_s: float = 0.0) -> Tally:
        """Count for some seconds, after a warm-up."""
        now = time.perf_counter()
        return cls(now + warm_up_s, now + warm_up_s + seconds)

    def restart(self, seconds: float, *, warm_up_s: float) -> None:
        """Begin now, after connecting took its time."""
        self.since_s = time.perf_counter() + warm_up_s
        self.until_s = self.since_s + seconds

    def take(self, verdict: str, sent_s: float) -> bool:
        """Count a verdict; whether the till shall go on."""
        now = time.perf_counter()
        self.answers += 1
        if verdict != BOOKED:
            self.refused[verdict] += 1
        elif self.since_s <= now <= self.until_s:
            self.latencies_s.append(now - sent_s)
        return now < self.until_s

    def sample(self, **details: float) -> Sample:
        """Sum up; anything but a booking is counted as refused."""
        return latency_sample(
            self.latencies_s,
            self.until_s - self.since_s,
            {**details, "refused": float(self.refused.total())},
        )


class Position(msgspec.Struct):
    """How far the ledger had come."""

    batch: int


class Verdict(msgspec.Struct):
    """As much of an answer as the load looks at."""

    type: str
    regarding: UUID | None = None
    anchor: Position | None = None


_VERDICT = msgspec.json.Decoder(Verdict)


class LoadTill:
    """One till on the wire: never more than one order under way."""

    def __init__(
        self,
        till: TillId,
        make: Callable[[TillId], OrderRequest],
        tally: Tally,
        *,
        stock: int = 0,
    ) -> None:
        self._till = till
        self._make = make
        self._tally = tally
        # Made beforehand as far as they last: a till's work is not the hub's.
        self._stock = deque(self._prepare() for _ in range(stock))
        self._waiting_for: UUID | None = None
        self._sent_s = 0.0

    @property
    def waits(self) -> bool:
        """Whether an answer is still due."""
        return self._waiting_for is not None

    def next_request(self) -> bytes:
        """Take the next order's request; the clock starts when it is ready."""
        prepared = self._stock.popleft() if self._stock else self._prepare()
        self._waiting_for, payload = prepared
        self._sent_s = time.perf_counter()
        return payload

    def answered(self, payload: bytes) -> bytes | None:
        """Take a verdict and go on at once; other messages are passed over."""
        verdict = _VERDICT.decode(payload)
        if verdict.regarding is None or verdict.regarding != self._waiting_for:
            return None
        self._waiting_for = None
        if verdict.anchor is not None:
            self._tally.batches.add(verdict.anchor.batch)
        goes_on = self._tally.take(verdict.type, self._sent_s)
        return self.next_request() if goes_on else None

    def _prepare(self) -> tuple[UUID, bytes]:
        request = self._make(self._till)
        return request.id, encode(request)
