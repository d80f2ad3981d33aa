from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.receipt_sheet import receipt_sheet
from edge.core.settings import PrinterSection
from edge.devices.receipt_printer import Composer
from edge.simulator.paper import PaperReader, PaperText
from tests.contract.closed_receipts import BERLIN, CLOSED


def test_bytes_in_any_pieces_are_the_same_slip() -> None:
    sheet = receipt_sheet(CLOSED["sale"], BERLIN)
    for settings_ in (PrinterSection(), PrinterSection(qr="image")):
        data = Composer(settings_).compose(sheet)
        (whole,) = PaperReader().feed(data)
        reader = PaperReader()
        pieces = [data[start : start + 7] for start in range(0, len(data), 7)]
        (pieced,) = [slip for piece in pieces for slip in reader.feed(piece)]
        assert pieced == whole


def test_styles_and_code_pages_are_followed() -> None:
    data = b"\x1b@\x1bt\x13\x1bE\x01K\x84se\n\x1b!\x30BIG\n\x1b!\x00\x1bt\x10\x80\n"
    (slip,) = PaperReader().feed(data + b"\x1dV\x00")
    assert slip.rows == (
        PaperText("Käse", bold=True),
        PaperText("BIG", big=True),
        PaperText("€"),
    )


def test_two_code_pages_meet_in_one_line() -> None:
    (slip,) = PaperReader().feed(b"\x1bt\x13\x84\x1bt\x10\xe4\n\x1dV\x00")
    assert slip.text() == "ää\n"


@pytest.mark.parametrize("data", [b"\x1b?\x00", b"\x1d?\x00", b"\x1d(A\x02\x00xx"])
def test_what_is_not_understood_is_counted(data: bytes) -> None:
    reader = PaperReader()
    assert list(reader.feed(data)) == []
    assert reader.unknown == 1


def test_a_printer_without_a_cutter_tears_off_what_is_done() -> None:
    reader = PaperReader()
    (slip,) = reader.feed(b"x\n\x1dr1")
    assert slip.text() == "x\n"
    assert reader.asked == 1
    assert list(reader.feed(b"\x1dr1")) == []


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_no_bytes_can_break_it(data: bytes) -> None:
    for slip in PaperReader().feed(data):
        slip.text()
