from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

import msgspec
import pytest

from contract.ids import TillId
from contract.money import Money
from provisioning.bench.crash_load import Load, Notes, StubbornTill, Told, Verdict
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from provisioning.bench.crash_load import Maker
    from provisioning.bench.mqtt_load import TillConnection

MESSAGE, ORDER = UUID(int=1), UUID(int=2)
NOBODY = cast("Maker", None)
BOOKED = Verdict("OrderBooked", ORDER, 1, balance=Money(450))


def answer(verdict: Verdict, **more: object) -> bytes:
    fields = {
        **msgspec.to_builtins(verdict),
        "regarding": str(MESSAGE),
        "id": str(UUID(int=9)),
        **more,
    }
    return msgspec.json.encode(fields)


class LossyConnection:
    """Loses what is published until the given time, then has it answered twice."""

    def __init__(self, till: StubbornTill, answers: list[bytes]) -> None:
        self.published: list[bytes] = []
        self._till = till
        self._answers = answers

    def publish(self, payload: bytes) -> None:
        self.published.append(payload)
        if len(self.published) > 2:
            for each in self._answers:
                self._till.answered(each)


async def say(notes: Notes, *answers: bytes) -> tuple[Verdict, LossyConnection]:
    till = StubbornTill(TillId("bar-1"), (NOBODY, NOBODY), notes, seed=1)
    connection = LossyConnection(till, list(answers))
    till._connection = cast("TillConnection", connection)
    return await till._say(MESSAGE, b"the same bytes"), connection


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.bench.crash_load.REPEAT_AFTER_S", 0.01)


async def test_a_message_is_said_again_verbatim_until_it_is_answered() -> None:
    notes = Notes()
    verdict, connection = await say(notes, answer(BOOKED))
    assert verdict == BOOKED
    assert connection.published == [b"the same bytes"] * 3
    assert (notes.answers, notes.repeats) == (1, 2)


async def test_a_second_answer_may_name_a_later_batch_only() -> None:
    notes = Notes()
    later = answer(BOOKED, anchor={"batch": 7}, id=str(UUID(int=10)))
    await say(notes, answer(BOOKED), later)
    assert notes.changed == []
    assert notes.answers == 1


async def test_a_second_answer_that_says_otherwise_is_noted() -> None:
    notes = Notes()
    poorer = msgspec.structs.replace(BOOKED, balance=Money(1))
    await say(notes, answer(BOOKED), answer(poorer))
    assert len(notes.changed) == 1


async def test_what_concerns_nobody_is_passed_over() -> None:
    till = StubbornTill(TillId("bar-1"), (NOBODY, NOBODY), Notes(), seed=1)
    assert till.answered(answer(BOOKED)) is None
    assert till.answered(b'{"type":"TillConfig"}') is None


@pytest.mark.parametrize("said_more", [True, False])
def test_an_order_is_answered_when_all_that_was_said_is(said_more: bool) -> None:
    told = Told(ORDER, 7, 450, asked=True, verdict=BOOKED)
    assert told.answered
    assert told.booked
    told.asked, told.verdict = said_more, None
    assert told.answered is not said_more


def test_a_load_without_a_broker_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.bench.mqtt_load.CONNECT_TIMEOUT_S", 1.0)
    notes = Notes()
    till = StubbornTill(TillId("bar-1"), (NOBODY, NOBODY), notes, seed=1)
    with Load([till], 1, notes) as load:
        pass
    with pytest.raises(ProvisioningError, match="broke off"):
        _ = load.answers
