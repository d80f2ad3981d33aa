from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contract.ids import TillId
from contract.messages import TillDevice
from edge.core.settings import DeviceSection
from edge.devices.board import describe
from edge.devices.system_clock import look

if TYPE_CHECKING:
    from pathlib import Path

BAR = TillId("bar-1")


def test_a_raspberry_pi_says_what_it_is(tmp_path: Path) -> None:
    tree = tmp_path / "proc/device-tree"
    tree.mkdir(parents=True)
    (tree / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    (tree / "serial-number").write_bytes(b"10000000abcdef01\0")
    found = describe(DeviceSection(), BAR, "1.0", system=tmp_path)
    assert (found.brand, found.model) == ("Raspberry Pi", "5 Model B Rev 1.0")
    assert found.serial == "10000000abcdef01"
    assert (found.software_brand, found.software_version) == ("Kassenband", "1.0")


def test_a_computer_that_says_nothing_goes_by_its_tills_name(tmp_path: Path) -> None:
    found = describe(DeviceSection(), BAR, "1.0", system=tmp_path)
    assert (found.brand, found.model, found.serial) == ("", "", "bar-1")


def test_what_is_configured_counts(tmp_path: Path) -> None:
    said = DeviceSection(brand="Acme", model="T1", serial="S" * 100)
    found = describe(said, BAR, "1.0", system=tmp_path)
    assert (found.brand, found.model, found.serial) == ("Acme", "T1", "S" * 70)


def test_what_no_message_takes_is_left_out_of_its_names(tmp_path: Path) -> None:
    said = DeviceSection(brand="Ac\0me", model="T1\n", serial="4\x1b[1m2")
    found = describe(said, BAR, "1.0\x7f", system=tmp_path)
    assert msgspec.json.decode(msgspec.json.encode(found), type=TillDevice) == found
    assert (found.brand, found.model, found.serial) == ("Ac me", "T1 ", "4 [1m2")


def test_the_clock_chip_is_read_where_there_is_one(tmp_path: Path) -> None:
    chip = tmp_path / "since_epoch"
    assert look(chip).chip is None
    chip.write_text("1783199730\n")
    found = look(chip).chip
    assert found is not None
    assert found.timestamp() == 1783199730
