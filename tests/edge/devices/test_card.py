from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core import type2
from edge.devices.card import (
    CardDamaged,
    CardGone,
    CardLocked,
    CardSession,
    ForeignCard,
)
from edge.simulator.pseudo_reader import ATR
from edge.simulator.tag import MODELS
from edge.simulator.vpcd import PulledAway
from edge.simulator.wristband import VirtualWristband
from tests.edge.core.issuing import OTHER_UID, UID, issue

# PC/SC part 3, storage cards; the last one is a processor card.
CLASSIC_ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
ULTRALIGHT_C_ATR = bytes.fromhex("3B8F8001804F0CA00000030603003A0000000051")
DESFIRE_ATR = bytes.fromhex("3B8180018080")
CC_AT = 12


def session(
    wristband: VirtualWristband, *, atr: bytes = ATR, budget_s: float = 60
) -> CardSession:
    def transmit(apdu: bytes) -> bytes:
        try:
            return wristband.transmit(apdu)
        except PulledAway:
            return b""

    return CardSession(transmit, atr, budget_s=budget_s)


@pytest.fixture
def wristband() -> VirtualWristband:
    return VirtualWristband.issued(UID, issue())


@pytest.mark.parametrize("atr", [ATR, ULTRALIGHT_C_ATR])
def test_a_wristband_is_read_with_its_uid(
    wristband: VirtualWristband, atr: bytes
) -> None:
    assert session(wristband, atr=atr).read() == (UID, issue())


def test_no_more_is_read_than_needed(wristband: VirtualWristband) -> None:
    session(wristband).read()
    first, *reads, last = [apdu for apdu, _ in wristband.apdus]
    assert first == last == bytes.fromhex("FFCA000000")
    needed = 4 + 2 + len(issue())
    assert len(reads) == -(-needed // 16)


@pytest.mark.parametrize("model", MODELS.values(), ids=str)
def test_every_chip_can_be_read_to_its_end(model: object) -> None:
    chip = next(each for each in MODELS.values() if each is model)
    message = bytes(chip.cc[2] * 8 - (3 if chip.cc[2] < 32 else 5))
    wristband = VirtualWristband.issued(UID, message, chip)
    assert session(wristband).read() == (UID, message)


def test_a_new_wristband_is_empty() -> None:
    assert session(VirtualWristband.blank(UID)).read() == (UID, b"")


def test_a_chip_nobody_formatted_is_empty() -> None:
    wristband = VirtualWristband.blank(UID)
    wristband.tag.memory[CC_AT : CC_AT + 4] = bytes(4)
    assert session(wristband).read() == (UID, b"")


@pytest.mark.parametrize("atr", [CLASSIC_ATR, DESFIRE_ATR, b""])
def test_other_chips_are_not_asked(wristband: VirtualWristband, atr: bytes) -> None:
    with pytest.raises(ForeignCard, match="not a wristband of this event"):
        session(wristband, atr=atr).read()
    assert not wristband.apdus


def test_a_tag_in_another_format_is_foreign() -> None:
    wristband = VirtualWristband.blank(UID)
    wristband.tag.memory[CC_AT] = 0xE2
    with pytest.raises(ForeignCard):
        session(wristband).read()


def test_a_tag_that_wants_a_password_is_foreign() -> None:
    wristband = VirtualWristband.blank(UID)
    wristband.tag.memory[0x29 * 4 + 3] = 3
    wristband.tag.memory[0x2A * 4] = 0x80
    with pytest.raises(ForeignCard):
        session(wristband).read()


def test_a_tag_that_contradicts_itself_is_damaged(wristband: VirtualWristband) -> None:
    wristband.tag.memory[17] = 0xFE  # more bytes than the chip has
    with pytest.raises(CardDamaged, match="service desk"):
        session(wristband).read()


def test_taken_away_at_any_moment_it_reads_as_nothing_else() -> None:
    whole = VirtualWristband.issued(UID, issue())
    session(whole).read()
    for commands in range(len(whole.apdus)):
        wristband = VirtualWristband.issued(UID, issue())
        wristband.pulled_after = commands
        with pytest.raises(CardGone, match="Hold it still"):
            session(wristband).read()


def test_a_wristband_exchanged_while_it_is_read_is_noticed() -> None:
    first = VirtualWristband.issued(UID, issue())
    second = VirtualWristband.issued(OTHER_UID, issue())

    def transmit(apdu: bytes) -> bytes:
        return (first if len(first.apdus) < 4 else second).transmit(apdu)

    with pytest.raises(CardGone):
        CardSession(transmit, ATR).read()


def test_a_card_that_is_too_slow_is_being_moved(wristband: VirtualWristband) -> None:
    with pytest.raises(CardGone):
        session(wristband, budget_s=-1).read()


@pytest.mark.parametrize("status", ["6300", "90"])
def test_a_refusal_in_the_middle_means_it_left(status: str) -> None:
    wristband = VirtualWristband.issued(UID, issue())

    def transmit(apdu: bytes) -> bytes:
        if len(wristband.apdus) == 3:
            return bytes.fromhex(status)
        return wristband.transmit(apdu)

    with pytest.raises(CardGone):
        CardSession(transmit, ATR).read()


def test_an_answer_of_wrong_length_is_not_believed() -> None:
    answers = {b"\xca": UID.octets + b"\x90\x00", b"\xb0": b"\xe1\x10\x90\x00"}
    with pytest.raises(CardGone):
        CardSession(lambda apdu: answers[apdu[1:2]], ATR).read()


def test_a_uid_of_no_known_length_is_foreign() -> None:
    with pytest.raises(ForeignCard):
        CardSession(lambda _: b"12345\x90\x00", ATR).read_uid()


@given(st.lists(st.binary(max_size=24), max_size=12))
def test_whatever_a_reader_answers_there_is_a_sentence_for_it(
    answers: list[bytes],
) -> None:
    given_ = iter(answers)
    texts = []
    try:
        uid, _ = CardSession(lambda _: next(given_, b""), ATR).read()
        texts.append(f"{uid}.")
    except (CardGone, ForeignCard, CardDamaged) as error:
        texts.append(str(error))
    assert texts[0].endswith(".")


def test_the_issuing_desk_writes_and_reads_back() -> None:
    wristband = VirtualWristband.blank(UID)
    session(wristband).write_message(UID, issue())
    assert session(wristband).read() == (UID, issue())


def test_it_writes_to_the_very_chip_the_token_was_signed_for() -> None:
    wristband = VirtualWristband.blank(OTHER_UID)
    with pytest.raises(CardGone):
        session(wristband).write_message(UID, issue())
    assert session(wristband).read_message() == b""


def test_torn_off_while_written_it_is_empty_or_damaged_but_never_half() -> None:
    old, new = issue(serial=1), issue(serial=2)
    whole = VirtualWristband.issued(UID, old)
    session(whole).write_message(UID, new)
    for commands in range(len(whole.apdus)):
        wristband = VirtualWristband.issued(UID, old)
        wristband.pulled_after = commands
        with pytest.raises(CardGone):
            session(wristband).write_message(UID, new)
        wristband.pulled_after = None
        assert session(wristband).read_message() in {old, b"", new}


def test_a_locked_wristband_says_so() -> None:
    wristband = VirtualWristband.blank(UID)
    wristband.tag.memory[10] = 0xFF
    with pytest.raises(CardLocked, match="Take another one"):
        session(wristband).write_message(UID, issue())


def test_a_chip_too_small_is_left_untouched() -> None:
    wristband = VirtualWristband.blank(UID, MODELS["Ultralight EV1"])
    before = bytes(wristband.tag.memory)
    with pytest.raises(type2.DoesNotFit):
        session(wristband).write_message(UID, issue())
    assert wristband.tag.memory == before


def test_only_formatted_tags_are_written() -> None:
    wristband = VirtualWristband.blank(UID)
    wristband.tag.memory[CC_AT] = 0xE2
    with pytest.raises(ForeignCard):
        session(wristband).write_message(UID, issue())


def test_a_chip_that_forgets_what_was_written_is_damaged() -> None:
    wristband = VirtualWristband.blank(UID)

    def transmit(apdu: bytes) -> bytes:
        return b"\x90\x00" if apdu[1] == 0xD6 else wristband.transmit(apdu)

    with pytest.raises(CardDamaged):
        CardSession(transmit, ATR).write_message(UID, issue())
