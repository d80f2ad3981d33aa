from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tse_driver import answers, codecs
from tse_driver.command_table import COMMANDS
from tse_driver.commands import FinishInit, GetFirmwareInfo
from tse_driver.errors import ProtocolError

if TYPE_CHECKING:
    from tse_driver.codecs import Record

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    codecs.Decimal: st.integers(0, 10**10 - 1),
    codecs.MaybeDecimal: st.none() | st.integers(0, 10**12),
    codecs.Hex: st.integers(0, 255),
    codecs.Text: printable,
    codecs.Base64: st.binary(max_size=50),
    codecs.Time: st.datetimes(
        datetime(2000, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        datetime(2099, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ).map(lambda moment: moment.replace(microsecond=0)),
    codecs.Raw: st.binary(max_size=50),
}
RECORDS: list[type[Record]] = [
    record
    for record in {*COMMANDS.values(), *(c.ANSWER for c in COMMANDS.values())}
    if record.CODECS
]


@st.composite
def records(draw: st.DrawFn) -> Record:
    record = draw(st.sampled_from(sorted(RECORDS, key=lambda r: r.__name__)))
    values = [draw(VALUES[type(codec)]) for codec in record.CODECS]
    if record.MANY:
        values[-1] = tuple(draw(st.lists(VALUES[type(record.CODECS[-1])], max_size=4)))
    return record(*values)


@given(records())
def test_every_record_survives_the_line(record: Record) -> None:
    assert type(record).from_parameters(record.to_parameters()) == record


@given(
    st.sampled_from(sorted(RECORDS, key=lambda r: r.__name__)),
    st.lists(st.binary(max_size=12), max_size=12).map(tuple),
)
def test_garbage_is_read_or_refused(
    record: type[Record], garbage: tuple[bytes, ...]
) -> None:
    try:
        record.from_parameters(garbage)
    except ProtocolError:
        return


def test_each_number_names_one_command() -> None:
    assert len(COMMANDS) == 49
    assert all(number == c.NUMBER for number, c in COMMANDS.items())
    for record in RECORDS:
        assert len(fields(record)) == len(record.CODECS)  # type: ignore[arg-type]


def test_the_last_two_values_of_a_status_count() -> None:
    status = answers.MfcStatus.from_parameters((b"2", b"0101", b"03"))
    assert (status.error, status.state) == (0x0101, 3)


def test_old_firmware_may_leave_memory_empty() -> None:
    line = b"03 01 DN x _ _ 31.12.2027_00:00:00 20 ecdsa-plain-SHA384"
    parts = line.replace(b" _", b" ").split(b" ")
    parts[6] = parts[6].replace(b"_", b" ")
    slot = answers.SlotInfo.from_parameters(tuple(parts))
    assert (slot.capacity, slot.free, slot.description) == (None, None, "")


def test_parameters_are_what_the_device_expects() -> None:
    command = FinishInit(17, 1030, "Kassenbeleg-V1")
    assert command.to_parameters() == (b"17", b"1030", b"Kassenbeleg-V1", b"0")
    assert GetFirmwareInfo().to_parameters() == ()


@pytest.mark.parametrize("text", ["bär", "a\x1bb", "a\nb"])
def test_text_the_line_can_not_carry_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        FinishInit(1, 0, text).to_parameters()
