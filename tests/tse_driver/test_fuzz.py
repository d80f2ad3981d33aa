"""Whatever the line does to answers: no wrong signature, and at once in step again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.tse_driver.bench import BEER, TYPE, Bench, receipts
from tse_driver import tlv
from tse_driver.errors import TseError, Unreadable
from tse_driver.log_message import Operation, Receipt, parse, verify_receipt
from tse_driver.session import Session, Signature
from tse_driver.simulator.faults import FaultyTse
from tse_driver.simulator.module import SimulatedTse
from tse_driver.simulator.wires import Direct, VirtualClock

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

ASB = b"\x1b\x6b\x10\x00\x00\x0f"
SALES = 4


@dataclass
class Mangling(Direct):
    """Damages a third of the answers in every way a line can."""

    earlier: list[bytes] = field(default_factory=list)
    is_on: bool = False

    def damage(self, piece: bytes) -> bytes:
        self.earlier.append(piece)
        if not self.is_on or self.random.random() > 1 / 3:
            return piece
        at = self.random.randrange(len(piece))
        count = self.random.randint(1, 5)
        ways: list[Callable[[], bytes]] = [
            lambda: piece[:at] + piece[at + count :],  # bytes lost
            lambda: piece[:at],  # broken off
            lambda: piece[at:],
            lambda: piece[:at] + ASB + piece[at:],  # noise within
            lambda: ASB * count + piece,
            lambda: piece[:at] + self.random.randbytes(count) + piece[at:],
            lambda: piece[:at] + bytes((piece[at] ^ 1 << count,)) + piece[at + 1 :],
            lambda: self.random.choice(self.earlier) + piece,  # a late one before it
            lambda: self.random.choice(self.earlier),  # and instead of it
            lambda: piece + piece,
            lambda: piece[:at] + piece,
        ]
        return self.random.choice(ways)()

    def cut(self, data: bytes) -> tuple[bytes, ...]:
        return (data,) if data else ()


def sold(session: Session) -> list[Signature]:
    done = []
    for n in range(SALES):
        with suppress(TseError):
            number = session.start().transaction_number
            done.append(session.finish(number, TYPE, f"{BEER}{n}"))
    return done


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
@example(1)
def test_no_wrong_signature_and_the_next_command_is_heard(seed: int) -> None:
    clock = VirtualClock()
    wire = Mangling(FaultyTse(SimulatedTse(clock=clock)), clock, seed)
    session = Session(wire, "bar-3", clock=clock)
    session.setup()
    wire.is_on = True
    signatures = sold(session)
    wire.is_on = False
    wire.read(0)
    assert session.open_transactions() is not None  # the very next command
    logged = {}
    for stored in wire.tse.module.device.element.log:
        message = parse(stored.message)
        if message.operation == Operation.FINISH:
            logged[message.signature_counter] = message
    for signature in signatures:
        message = logged[signature.signature_counter]
        assert message.certified is not None
        assert message.certified.transaction_number == signature.transaction_number
        assert (message.signature, message.log_time) == (
            signature.value,
            signature.log_time,
        )
    assert session.start().transaction_number


def messages() -> list[bytes]:
    bench = Bench()
    bench.session.setup()
    bench.sale()
    return [stored.message for stored in bench.module.device.element.log]


MESSAGES = messages()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MESSAGES), st.randoms(use_true_random=False))
def test_a_changed_log_message_is_refused_or_says_the_same(
    raw: bytes, chance: random.Random
) -> None:
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    try:
        message = parse(bytes(changed))
    except TseError:
        return
    # What is signed are the raw bytes: nothing of the change may get lost.
    inner = tlv.read_one(bytes(changed)).content
    assert inner.startswith(message.signed)
    assert message.raw == bytes(changed)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 20))
def test_elements_nested_and_cut_at_will_are_read_or_refused(
    data: bytes, depth: int
) -> None:
    nested = b"\x24\x80" * depth + data + b"\x00\x00" * depth
    try:
        elements = tlv.read_all(nested)
        values = [element.value for element in elements]
    except Unreadable:
        return
    assert b"".join(element.raw for element in elements) == nested
    assert all(len(value) <= len(nested) for value in values)


GENUINE = [vector["qr"] for vector in receipts() if vector["valid"]]
FIELD_CHANGES = st.text("0123456789;^_.:-TZabcABC+/= ", max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GENUINE), st.data())
def test_a_changed_receipt_is_refused(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(FIELD_CHANGES) + text[at + 1 :]
    try:
        check = verify_receipt(changed)
    except Unreadable:
        return
    if check.valid:
        assert said(changed) == said(text)


def said(text: str) -> tuple[object, ...]:
    """What a receipt says that is signed, times as moments and keys as points."""
    receipt = Receipt.from_text(text)
    return (
        receipt.client_id,
        receipt.process_type,
        receipt.process_data,
        receipt.transaction_number,
        receipt.signature_counter,
        receipt.finish.replace(microsecond=0),
        receipt.algorithm,
    )
