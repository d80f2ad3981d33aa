"""Tills that say everything again until the hub has answered, and remember the answers.

What a till was told is compared with the database after the hub was killed under it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, Self
from uuid import UUID

import msgspec
import uvloop

from contract.fiscal import Outage
from contract.ids import new_uuid7
from contract.messages import AdviceBatch, OrderAdvice, encode, encode_advice
from contract.money import Money
from contract.order import (
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    decode_order,
    encode_order,
)
from contract.topics import Topics
from provisioning.bench.mqtt_load import TillConnection, connect_till
from provisioning.demo_event import EVENT
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contract.ids import TillId
    from contract.messages import OrderRequest

REPEAT_AFTER_S = 0.4  # as a till repeats its request
ANSWER_TIMEOUT_S = 120.0  # a database that recovers takes seconds
REPEATED_MAX = 20_000  # by all tills; some hundred are answered per second
REPEATED_AT_ONCE = 8  # by each till, so that answers come before the next repeat
LOOPBACK = "127.0.0.1"
NO_TSE = "The tills of this run have no TSE."

# Of a hundred orders: paid from a guest's wallet, from a nearly empty one, in cash,
# and decided by the till while the hub was silent.
PATHS = {"rich": 50, "poor": 25, "cash": 15, "stand_in": 10}
# Of a hundred asked for: how many tills say afterwards how they ended.
COMPLETED, ABORTED = 45, 25


class Recorded(msgspec.Struct, frozen=True):
    """An order whose advice the ledger holds, and what was odd about it."""

    order: UUID
    flags: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """What must not change about an answer, however often it is given."""

    type: str
    order: UUID | None = None
    attempt: int = 0
    reason: str | None = None
    balance: Money | None = None
    recorded: tuple[Recorded, ...] = ()


class _Envelope(msgspec.Struct, frozen=True):
    regarding: UUID | None = None


@dataclass(slots=True)
class _Said:
    """A message, its first answer, and whether it was heard since it was said."""

    payload: bytes
    answer: Verdict | None = None
    heard: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Told:
    """An order as its till knows it: what it asked and said, and what it was told."""

    order: UUID
    wallet: int | None
    total_minor: int
    asked: bool = False
    verdict: Verdict | None = None
    outcome: Outcome | None = None
    recorded: Verdict | None = None

    @property
    def answered(self) -> bool:
        """Whether the hub has answered everything the till said."""
        return (self.verdict is not None or not self.asked) and (
            self.recorded is not None or self.outcome is None
        )

    @property
    def booked(self) -> bool:
        """Whether the order must be in the ledger."""
        if self.outcome is not None:
            return self.outcome is Outcome.COMPLETED
        return self.verdict is not None and self.verdict.type == "OrderBooked"


@dataclass(slots=True)
class Notes:
    """What all tills together have said and heard."""

    orders: list[Told] = field(default_factory=list)
    answers: int = 0
    repeats: int = 0
    changed: list[str] = field(default_factory=list)


class Maker(Protocol):
    """Where a till gets a basket of a guest."""

    def request(self, till: TillId) -> OrderRequest:
        """Make the till's next order, paid from that guest's wallet."""


class StubbornTill:
    """One till: an order at a time, each message repeated until it is answered."""

    def __init__(
        self, till: TillId, makers: Sequence[Maker], notes: Notes, seed: int
    ) -> None:
        self.name = till
        self._rich, self._poor = makers
        self._notes = notes
        self._random = random.Random(seed)
        self._said: dict[UUID, _Said] = {}
        self._connection: TillConnection | None = None

    async def sell(self, port: int, goes_on: Callable[[], bool]) -> None:
        """Sell until told to stop; every message has been answered then."""
        await self._connect(port)
        paths, weights = list(PATHS), list(PATHS.values())
        while goes_on():
            await self._order(self._random.choices(paths, weights)[0])
        self._disconnect()

    async def repeat(self, port: int, messages_max: int) -> None:
        """Say what was ever said once more; another answer is noted as changed."""
        await self._connect(port)
        messages = list(self._said)
        if len(messages) > messages_max:
            messages = self._random.sample(messages, messages_max)
        for first in range(0, len(messages), REPEATED_AT_ONCE):
            some = messages[first : first + REPEATED_AT_ONCE]
            for message in some:
                self._said[message].heard = asyncio.Event()
            await asyncio.gather(*map(self._say_until_heard, some))
        self._disconnect()

    def answered(self, payload: bytes) -> bytes | None:
        """Take an answer; a second one to the same message must say the same."""
        regarding = _ENVELOPE.decode(payload).regarding
        said = self._said.get(regarding) if regarding else None
        if said is None:
            return None
        verdict = _VERDICT.decode(payload)
        if said.answer is None:
            self._notes.answers += 1
            said.answer = verdict
        elif said.answer != verdict:
            self._notes.changed.append(
                f"{self.name} was told {said.answer}, and then {verdict}."
            )
        said.heard.set()
        return None

    async def _connect(self, port: int) -> None:
        topics, name = Topics(EVENT), self.name
        connection = TillConnection(name, topics.up(name), topics.down(name), self)
        self._connection = await connect_till(connection, LOOPBACK, port)

    def _disconnect(self) -> None:
        assert self._connection is not None
        self._connection.close()

    async def _order(self, path: str) -> None:
        maker = self._poor if path == "poor" else self._rich
        request = maker.request(self.name)
        order = decode_order(request.order)
        wallet = order.payment.wallet if order.payment else None
        told = Told(order.id, wallet, order.total_minor)
        self._notes.orders.append(told)
        if path == "cash":
            told.wallet = None
            cash = Payment(method=PaymentMethod.CASH)
            paid = msgspec.structs.replace(order, payment=cash)
            body = msgspec.Raw(encode_order(paid))
            await self._advise(told, _advice(body, Outcome.COMPLETED, Path.ONLINE))
        elif path == "stand_in":
            advice = _advice(request.order, Outcome.COMPLETED, Path.STAND_IN)
            seen = msgspec.structs.replace(advice, credential=request.credential)
            await self._advise(told, seen)
        else:
            await self._ask(told, request)

    async def _ask(self, told: Told, request: OrderRequest) -> None:
        told.asked = True
        told.verdict = await self._say(request.id, encode(request))
        dice = self._random.randrange(100)
        booked = told.verdict.type == "OrderBooked"
        if booked and dice < COMPLETED:
            advice = _advice(request.order, Outcome.COMPLETED, Path.ONLINE)
            seen = msgspec.structs.replace(advice, credential=request.credential)
            await self._advise(told, seen)
        elif dice < COMPLETED + ABORTED:
            await self._advise(told, _advice(request.order, Outcome.ABORTED, None))

    async def _advise(self, told: Told, advice: OrderAdvice) -> None:
        told.outcome = advice.outcome
        batch = AdviceBatch(
            id=new_uuid7(), advices=(msgspec.Raw(encode_advice(advice)),)
        )
        told.recorded = await self._say(batch.id, encode(batch))

    async def _say(self, message: UUID, payload: bytes) -> Verdict:
        said = self._said[message] = _Said(payload)
        await self._say_until_heard(message)
        assert said.answer is not None
        return said.answer

    async def _say_until_heard(self, message: UUID) -> None:
        assert self._connection is not None
        said = self._said[message]
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while not said.heard.is_set():
                self._connection.publish(said.payload)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REPEAT_AFTER_S):
                        await said.heard.wait()
                        return
                self._notes.repeats += 1


class Load:
    """Runs tills in a thread of their own, so that processes can fall meanwhile."""

    def __init__(self, tills: Sequence[StubbornTill], port: int, notes: Notes) -> None:
        self._tills = tills
        self._port = port
        self._notes = notes
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def answers(self) -> int:
        """How many messages were answered so far; raises what ended the load."""
        if self._error is not None:
            raise ProvisioningError(
                f"The load broke off ({self._error!r}). See hub.log of both hubs and"
                " mosquitto.log."
            ) from self._error
        return self._notes.answers

    def _run(self) -> None:
        try:
            uvloop.run(self._sell())
        except Exception as error:
            self._error = error

    async def _sell(self) -> None:
        tills = (till.sell(self._port, self._goes_on) for till in self._tills)
        await asyncio.gather(*tills)

    def _goes_on(self) -> bool:
        return not self._stop.is_set()


async def repeat(
    tills: Sequence[StubbornTill], port: int, messages_max: int = REPEATED_MAX
) -> None:
    """Let every till say once more what it said: all, or that many at random."""
    share = messages_max // len(tills)
    await asyncio.gather(*(till.repeat(port, share) for till in tills))


def _advice(body: msgspec.Raw, outcome: Outcome, path: Path | None) -> OrderAdvice:
    now = datetime.now(UTC)
    return OrderAdvice(
        order=body,
        outcome=outcome,
        path=path,
        decided_at=now,
        outage=Outage(since=now, reason=NO_TSE),
    )


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_VERDICT = msgspec.json.Decoder(Verdict)
