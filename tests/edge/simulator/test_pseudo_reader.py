from __future__ import annotations

import functools
import operator

import pytest

from contract.ids import WristbandUid
from edge.simulator.pseudo_reader import ATR, PseudoReader
from edge.simulator.tag import Type2Tag

UID = WristbandUid.parse("04A2B3C4D5E6F7")


@pytest.fixture
def reader() -> PseudoReader:
    return PseudoReader(Type2Tag(UID))


def ask(reader: PseudoReader, command: str) -> str:
    return reader.transmit(bytes.fromhex(command)).hex(" ").upper()


def test_the_atr_says_type_2_and_its_check_byte_is_right() -> None:
    assert ATR[13:15] == bytes([0, 3])
    assert functools.reduce(operator.xor, ATR[1:]) == 0


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("FF CA 00 00 00", "04 A2 B3 C4 D5 E6 F7 90 00"),
        ("FF CA 00 01 00", "6A 81"),
        ("FF CA 01 00 00", "6A 81"),
        ("FF CA", "67 00"),
        ("00 A4 04 00 00", "6E 00"),
        ("FF B0 00 03 04", "E1 10 12 00 90 00"),
        ("FF B0 00 2D 10", "63 00"),
        ("FF B0 00 03", "6D 00"),
        ("FF D6 00 05 04 01 02 03 04", "90 00"),
        ("FF D6 00 05 03 01 02 03", "67 00"),
        ("FF D6 00 05 04 01 02 03", "6D 00"),
        ("FF D6 00 00 04 01 02 03 04", "63 00"),
        ("FF 82 00 00 06 FF FF FF FF FF FF", "63 00"),
        ("FF 86 00 00 05 01 00 04 60 00", "63 00"),
        ("FF 88 00 04 60 00", "63 00"),
        ("FF 77 00 00", "6D 00"),
        ("FF 00 40 D2 04 01 01 01 01", "90 02"),
        ("FF 00 48 00 00", "41 43 52 31 32 32 55 32 31 36"),
        ("FF 00 50 00 00", "90 FF"),
        ("FF 00 51 DF 00", "90 DF"),
        ("FF 00 52 00 00", "90 00"),
        ("FF 00 53 00 00", "6D 00"),
        ("FF 00 00 00 03 D4 42 60", "D5 43 00 00 04 04 02 01 00 0F 03 90 00"),
        ("FF 00 00 00 04 D4 40 01 60", "D5 41 00 00 04 04 02 01 00 0F 03 90 00"),
        ("FF 00 00 00 04 D4 42 30 FF", "D5 43 01 90 00"),
        ("FF 00 00 00 08 D4 42 A2 05 01 02 03 04", "D5 43 00 90 00"),
        ("FF 00 00 00 02 D4 04", "63 00"),
        ("FF 00 00 00 09 D4 42", "6D 00"),
    ],
)
def test_it_answers_like_the_manual(
    reader: PseudoReader, command: str, answer: str
) -> None:
    assert ask(reader, command) == answer


def test_longer_reads_are_made_of_several(reader: PseudoReader) -> None:
    reader.tag.put_message(bytes(range(60)))
    got = reader.transmit(bytes.fromhex("FFB0000400"))
    assert len(got) == 16 + 2
    got = reader.transmit(bytes.fromhex("FFB0000440"))
    assert got[:62] == b"\x03\x3c" + bytes(range(60))
