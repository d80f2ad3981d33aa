"""The command line: what it prints, how it exits, and no traceback ever."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from contract.anchors import decode_anchors
from contract.ids import EventId, TillId
from edge.__main__ import main
from edge.core.errors import ArchiveRefused, ArchiveTrouble
from edge.journal.journal import SqliteJournal
from edge.selftest import judge
from provisioning.ca import EventCa
from tests.contract.samples import EVENT
from tests.edge.parts import Bench
from tests.edge.test_till import ready, sell
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
[till]
id = "bar-1"
event = "summer-2026"
[hub]
broker_host = "hub.lan"
edge_url = "https://hub.lan:8443"
[journal]
require_disk = false
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "till.toml"
    path.write_text(GOOD)
    return path


async def sell_once(directory: Path) -> None:
    journal = await SqliteJournal.open(
        directory, till=TillId("bar-1"), event=EventId(EVENT), require_disk=False
    )
    async with Bench(journal) as bench:
        await ready(bench)
        view = await sell(bench, 1)
        assert view.approval is not None
        bench.till.shown(view.approval.order)
        await bench.until(lambda v: v.undelivered == 0)
    await journal.close()


def test_the_configuration_is_shown_with_its_origins(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "--show-config"]) == 0
    out = capsys.readouterr().out
    assert f"till.id = bar-1  # {config}" in out
    assert "hub.broker_port = 8883  # default" in out


def test_a_missing_configuration_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(tmp_path / "none.toml")]) == 2
    assert "none.toml can't be read" in capsys.readouterr().err


def test_a_configuration_that_is_no_text_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "till.toml").write_bytes(b"\xff\xfe")
    assert main(["--config", str(tmp_path / "till.toml")]) == 2
    assert "till.toml can't be read (it is no text)" in capsys.readouterr().err


def test_a_log_that_can_not_be_written_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "till.log").mkdir()
    assert main(["--config", str(config)]) == 2
    assert "till.log can't be written" in capsys.readouterr().err


def test_a_missing_certificate_is_named_before_anything_starts(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "selftest"]) == 2
    assert "(hub.ca) is missing" in capsys.readouterr().err


def test_a_missing_journal_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "journal", "show"]) == 2
    assert "There is no journal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "error", "code"),
    [
        ([], KeyboardInterrupt(), 0),  # the screen's way to end
        (["journal", "show"], KeyboardInterrupt(), 130),
        (["journal", "export"], KeyboardInterrupt(), 130),
        (["journal", "anchors"], KeyboardInterrupt(), 130),
        (["selftest"], KeyboardInterrupt(), 130),
        (["tse-archive"], KeyboardInterrupt(), 130),
        (["tse-archive"], ArchiveTrouble("The hub is silent."), 2),
        (["tse-archive"], ArchiveRefused("The hub refuses an archive."), 1),
        (["tse-archive"], ValueError("a fault of its own"), 2),
    ],
)
def test_the_exit_code_says_how_a_command_ended(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    error: BaseException,
    code: int,
) -> None:
    def end(_: object) -> None:
        raise error

    monkeypatch.setattr("edge.__main__._run", end)
    assert main(words) == code
    said = capsys.readouterr().err
    assert str(error) in said
    assert (said == "Stopped.\n") == (code == 130)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "send its log"),
        (["journal", "show"], r"\(TypeError: a slip of ours\).*send this line"),
        (["selftest"], r"\(TypeError: a slip of ours\).*send this line"),
        (["tse-archive"], r"\(TypeError: a slip of ours\).*send this line"),
    ],
)
def test_a_fault_of_ours_is_told_by_what_there_is_to_send(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    says: str,
) -> None:
    def fail(_: object) -> None:
        raise TypeError("a slip of ours")

    monkeypatch.setattr("edge.__main__._run", fail)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert re.search(says, said)
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("listener", "words"),
    [("broker", ["selftest"]), ("edge", ["tse-archive", "till.toml"])],
)
def test_a_command_that_was_stopped_is_no_good_one(
    tmp_path: Path, listener: str, words: list[str]
) -> None:
    leaf = (ca := EventCa.create(tmp_path / "ca", EVENT)).issue_client("bar-1")
    with socket.create_server(("127.0.0.1", 0)) as hub:  # it never answers
        port = hub.getsockname()[1]
        places = {"broker": 1, "edge": 1, listener: port}
        (tmp_path / "till.toml").write_text(
            GOOD.replace("hub.lan:8443", f"127.0.0.1:{places['edge']}").replace(
                '"hub.lan"',
                f'"127.0.0.1"\nbroker_port = {places["broker"]}\n'
                f'ca = "{ca.certificate}"\ncertificate = "{leaf.certificate}"\n'
                f'key = "{leaf.key}"',
            )
        )
        command = [
            sys.executable,
            "-m",
            "edge",
            "--config",
            str(tmp_path / "till.toml"),
        ]
        process = subprocess.Popen(
            [*command, words[0], *(str(tmp_path / word) for word in words[1:])],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        hub.settimeout(PATIENCE_S)
        with hub.accept()[0]:  # it is at work
            process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, *said) == (130, "", "Stopped.\n")


@pytest.mark.parametrize("words", [["fly"], ["journal", "burn"], ["--fly"]])
def test_wrong_usage_is_exit_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_a_reader_that_leaves_early_makes_no_traceback(config: Path) -> None:
    line = f"{sys.executable} -m edge --config {config} --show-config | true"
    done = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""


def test_the_journal_can_be_read_and_exported(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(sell_once(config.parent / "journal"))
    assert main(["--config", str(config), "journal", "show"]) == 0
    assert "completed, signed, recorded" in capsys.readouterr().out
    assert main(["--config", str(config), "journal", "show", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert counts["orders"] == counts["signed"] == 1
    assert main(["--config", str(config), "journal", "export"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    order = json.loads(line)
    assert order["attempts"] == [{"number": 1, "verdict": "booked", "batch": 1}]
    assert order["card_to_shown_us"] >= order["card_to_decision_us"]
    assert main(["--config", str(config), "journal", "anchors", "--json"]) == 0
    remembered = decode_anchors(capsys.readouterr().out.encode())
    assert remembered.till == "bar-1"
    assert 1 in {each.batch for each in remembered.anchors}


async def test_the_selftest_names_what_is_bad() -> None:
    async with Bench() as bench:
        bench.tse.down = True
        await ready(bench)
        findings = judge(bench.till.view)
        assert not findings.good
        bad = json.loads(findings.as_json())["bad"]
        assert "tse" in bad
        assert "products" not in bad
        assert "BAD   tse" in findings.as_text()
