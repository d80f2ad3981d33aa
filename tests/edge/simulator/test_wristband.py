from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from contract.ids import WristbandUid
from contract.token import BODY_BYTES, SIGNATURE_BYTES
from edge.core import type2
from edge.core.wristband import write_message
from edge.simulator.tag import MODELS
from edge.simulator.wristband import VirtualWristband, main
from tests.edge.simulator.vpcd_reader import FakeReader

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

UID = WristbandUid.parse("04A2B3C4D5E6F7")
WRITE = bytes.fromhex("FFD6000504") + b"beer"


def test_blank_ones_differ() -> None:
    uids = {str(VirtualWristband.blank().uid) for _ in range(20)}
    assert len(uids) == 20
    assert all(uid.startswith("04") for uid in uids)


def test_an_issued_one_carries_its_message() -> None:
    wristband = VirtualWristband.issued(UID, b"hello", MODELS["NTAG215"])
    read = wristband.transmit(bytes.fromhex("FFB0000310"))[:-2]
    assert type2.find_message(read) == b"hello"
    assert wristband.apdus == [(bytes.fromhex("FFB0000310"), read + b"\x90\x00")]


def test_a_phone_held_to_it_opens_its_page() -> None:
    link = "https://kb.example.org/w/AAAAAAAAAAAAAAAA"
    message = write_message(link, bytes(BODY_BYTES), bytes(SIGNATURE_BYTES))
    assert VirtualWristband.issued(UID, message).link == link
    assert not VirtualWristband.blank(UID).link


def test_its_file_follows_what_is_written_to_it(tmp_path: Path) -> None:
    path = tmp_path / "tag.bin"
    wristband = VirtualWristband.issued(UID, b"hello")
    wristband.save(path)
    wristband.transmit(WRITE)
    assert VirtualWristband.load(path).tag.page(5) == b"beer"


def test_a_delay_changes_no_answer() -> None:
    slow = VirtualWristband(VirtualWristband.issued(UID, b"").tag, rf_delay_s=0.001)
    assert slow.transmit(WRITE) == b"\x90\x00"


def test_the_command_holds_it_to_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "tag.bin"
    with FakeReader() as reader:
        arguments = ["--port", str(reader.port), "--file", str(path), "--new"]
        results: list[int] = []
        holder = threading.Thread(
            target=lambda: results.append(main([*arguments, "--seconds", "60"]))
        )
        holder.start()
        reader.accept()
        uid = reader.ask(bytes.fromhex("FFCA000000"))
        reader.drop()  # the command need not wait for its time then
        holder.join()
    assert results == [0]
    assert uid == VirtualWristband.load(path).uid.octets + b"\x90\x00"


def test_the_command_explains_what_it_cannot_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tag.bin"
    assert main(["--port", "1", "--file", str(path)]) == 2
    assert "No such file" in capsys.readouterr().err
    path.write_bytes(b"no tag")
    assert main(["--port", "1", "--file", str(path)]) == 2
    assert "No known chip has 6 bytes" in capsys.readouterr().err
    assert main(["--port", "1", "--file", str(path), "--new"]) == 2
    assert "No virtual reader" in capsys.readouterr().err
