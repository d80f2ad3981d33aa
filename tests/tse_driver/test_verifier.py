from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tse_driver.answers import StepSigned
from tse_driver.errors import AlgorithmUnknown, NotInitialized
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    TimeFormat,
    signed_bytes,
    write_time,
)
from tse_driver.results import Started
from tse_driver.signature import PublicKey, algorithm_named
from tse_driver.simulator.keys import CURVES, create
from tse_driver.verifier import START_TIME_SPAN, Verifier

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2026, 7, 4, 18, 0, 0, 250_000, tzinfo=UTC)  # no two formats write it so
IDENTITIES = {name: create(AT, curve_name=name) for name in CURVES}
OWN = IDENTITIES["brainpoolP384r1"]
ALGORITHM = "ecdsa-plain-SHA384"
WHERE = "The TSE at /dev/kb-tse"
SAID = Certified(Operation.FINISH, "bar-1", b"Beleg^4.00", "Kassenbeleg-V1", 7)
START_SAID = Certified(Operation.START, "bar-1", b"", "", 7)
NOW = AT + timedelta(seconds=1)
WRONG = b"\x01" * 96


def verifier(algorithm: str = ALGORITHM, curve: str = "brainpoolP384r1") -> Verifier:
    knows = Verifier(WHERE)
    knows.learn(IDENTITIES[curve].public_key, algorithm)
    return knows


def signed(
    said: Certified = SAID,
    time_format: TimeFormat = TimeFormat.UNIX,
    curve: str = "brainpoolP384r1",
) -> StepSigned:
    """What a TSE answers that writes its times so."""
    one = IDENTITIES[curve]
    protocolled = Protocolled(one.public_key.serial, one.algorithm, 20, AT, time_format)
    message = signed_bytes(Kind.TRANSACTION, said.to_bytes(), protocolled)
    return StepSigned(AT, 20, one.sign(message))


def started(signature: bytes = WRONG) -> Started:
    return Started(7, AT, 20, OWN.public_key.serial.hex(), signature)


def waiting(*, number: int = 6, counter: int = 19, log_time: datetime = AT) -> Verifier:
    """A verifier that has seen a start, and behind it a signature, of these."""
    knows = verifier()
    knows.note_start(replace(started(), transaction_number=number))
    knows.note(counter, log_time)
    return knows


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What a signature was compared with, as often as it was."""
    seen: list[bytes] = []
    real = PublicKey.verify

    def verify(key: PublicKey, *arguments: object) -> bool:
        seen.append(arguments[-1])  # type: ignore[arg-type]
        return real(key, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(PublicKey, "verify", verify)
    return seen


def test_what_is_judged_without_a_key_is_refused_with_the_remedy() -> None:
    knows = Verifier(WHERE)
    asked: list[Callable[[], object]] = [
        lambda: knows.key,
        lambda: knows.verifies(SAID, signed()),
        lambda: knows.believes(started(), "bar-1", NOW),
    ]
    for ask in asked:
        with pytest.raises(
            NotInitialized, match="Run 'kassenband-tse setup' once"
        ) as e:
            ask()
        assert str(e.value).startswith(f"{WHERE} is new")


def test_an_algorithm_nobody_knows_is_laid_at_the_devices_door() -> None:
    with pytest.raises(
        AlgorithmUnknown, match=r"not known here \(rsa-2048\)"
    ) as caught:
        verifier("rsa-2048").verifies(SAID, signed())
    assert str(caught.value).startswith(WHERE)


@pytest.mark.parametrize("curve", CURVES)
def test_each_curve_is_verified_by_its_own_algorithm(curve: str) -> None:
    own = IDENTITIES[curve].algorithm.name
    assert verifier(own, curve).verifies(SAID, signed(curve=curve))
    other = "ecdsa-plain-SHA256" if own == ALGORITHM else ALGORITHM
    assert not verifier(other, curve).verifies(SAID, signed(curve=curve))


def test_a_device_that_is_learned_anew_is_judged_by_what_it_says_now() -> None:
    knows = verifier()
    knows.learn(IDENTITIES["secp256r1"].public_key, "ecdsa-plain-SHA256")
    assert knows.key == IDENTITIES["secp256r1"].public_key
    assert knows.verifies(SAID, signed(curve="secp256r1"))
    assert not knows.verifies(SAID, signed())


@pytest.mark.parametrize(
    "said",
    [
        replace(SAID, operation=Operation.UPDATE),
        replace(SAID, client_id="bar-2"),
        replace(SAID, process_data=b"Beleg^40.0"),
        replace(SAID, process_type=""),
        replace(SAID, transaction_number=8),
    ],
)
def test_a_signature_is_right_for_exactly_what_was_said(said: Certified) -> None:
    knows, answer = verifier(), signed()
    assert not knows.verifies(said, answer)
    assert not knows.verifies(SAID, replace(answer, signature_counter=21))
    assert not knows.verifies(SAID, replace(answer, log_time=AT + timedelta(seconds=1)))
    assert not knows.verifies(SAID, replace(answer, signature=answer.signature[:-2]))
    assert not knows.verifies(SAID, replace(answer, signature=b""))
    assert knows.verifies(SAID, answer)


@pytest.mark.parametrize("time_format", TimeFormat)
def test_the_time_format_is_found_once_and_kept(
    time_format: TimeFormat, tries: list[bytes]
) -> None:
    knows, answer = verifier(), signed(time_format=time_format)
    assert knows.time_format is TimeFormat.UNIX  # what most write
    assert knows.verifies(SAID, answer)
    assert write_time(AT, knows.time_format) == write_time(AT, time_format)
    assert len(tries) == list(TimeFormat).index(knows.time_format) + 1
    tries.clear()
    assert knows.verifies(SAID, answer)
    assert len(tries) == 1


@pytest.mark.parametrize("known", [TimeFormat.UNIX, TimeFormat.GENERALIZED])
def test_a_bad_signature_is_tried_once_by_each_format_and_changes_none(
    known: TimeFormat, tries: list[bytes]
) -> None:
    knows = verifier()
    assert knows.verifies(SAID, signed(time_format=known))
    tries.clear()
    assert not knows.verifies(SAID, replace(signed(), signature=WRONG))
    assert len(tries) == len(TimeFormat)
    assert knows.time_format is known
    assert tries[0] == signed_bytes(
        Kind.TRANSACTION,
        SAID.to_bytes(),
        Protocolled(OWN.public_key.serial, algorithm_named(ALGORITHM), 20, AT, known),
    )


def test_a_format_that_turns_out_to_be_another_is_found_again() -> None:
    knows = verifier()
    for each in (TimeFormat.GENERALIZED_MS, TimeFormat.UNIX, TimeFormat.UTC):
        assert knows.verifies(SAID, signed(time_format=each))
        assert knows.time_format is each


def test_the_start_that_is_due_is_believed_as_it_is(tries: list[bytes]) -> None:
    assert waiting().believes(started(), "bar-1", NOW)
    first = replace(started(), transaction_number=1, signature_counter=1)
    assert verifier().believes(first, "bar-1", NOW)  # of a new device
    assert tries == []  # a start's signature costs a till's sale its time


SURPRISES: dict[str, Callable[[], Verifier]] = {
    "after a till's restart": verifier,
    "not the next number": lambda: waiting(number=5),
    "not the next counter": lambda: waiting(counter=18),
    "before the newest": lambda: waiting(log_time=AT + timedelta(seconds=1)),
}


@pytest.mark.parametrize("why", SURPRISES)
def test_any_other_start_is_believed_by_its_signature_alone(
    why: str, tries: list[bytes]
) -> None:
    knows = SURPRISES[why]()
    assert not knows.believes(started(), "bar-1", NOW)
    assert tries
    right = started(signed(START_SAID).signature)
    assert knows.believes(right, "bar-1", NOW)
    assert not knows.believes(right, "bar-2", NOW)  # another till's start


@pytest.mark.parametrize("way", [1, -1])
def test_a_start_at_another_time_than_now_is_looked_at(way: int) -> None:
    knows, off = waiting(), way * START_TIME_SPAN
    assert knows.believes(started(), "bar-1", AT + 0.99 * off)
    assert not knows.believes(started(), "bar-1", AT + off)
    assert knows.believes(started(signed(START_SAID).signature), "bar-1", AT + off)


def test_a_start_of_another_device_is_never_believed() -> None:
    strange = IDENTITIES["secp384r1"].public_key.serial.hex()
    right = started(signed(START_SAID).signature)
    assert not waiting().believes(replace(right, serial=strange), "bar-1", NOW)


def test_what_was_signed_between_two_starts_moves_the_counter() -> None:
    knows = waiting(number=6, counter=17)
    assert not knows.believes(started(), "bar-1", NOW)
    knows.note(19, AT)  # two updates, or the finish
    assert knows.believes(started(), "bar-1", NOW)
    knows.note_start(started())
    assert not knows.believes(started(), "bar-1", NOW)  # said twice
