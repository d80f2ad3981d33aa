"""However the demo fails, a person reads a sentence."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.core.errors import JournalBroken
from provisioning import rehearsal
from provisioning.__main__ import main
from provisioning.processes import Child, ProvisioningError
from provisioning.shop import Shop, ShopPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
CANNOT = 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (JournalBroken("The disk is full. Make room."), "Make room"),
        (ZeroDivisionError("division by zero"), "demo-fault.log"),
    ],
)
def test_what_stops_the_demo_is_said_without_a_traceback(
    error: Exception,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(rehearsal, "Shop", fail)
    monkeypatch.setattr(signal, "signal", ignore)
    arguments = ["demo", "--headless", "--directory", str(tmp_path)]
    assert main(arguments) == CANNOT
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("options", "place"), [((), ROOT / "var"), (("--directory", "here"), Path("here"))]
)
def test_a_demo_lies_beside_its_launcher_wherever_it_is_started(
    options: Sequence[str],
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Path] = []

    def note(directory: Path, _: str) -> None:
        asked.append(directory)
        raise ProvisioningError("That is all this test wants.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rehearsal, "claimed_directory", note)
    monkeypatch.setattr(signal, "signal", ignore)
    assert main(["demo", "--headless", *options]) == CANNOT
    assert asked == [place]


@pytest.mark.parametrize(
    "option", ["--seconds", "--tills", "--seed", "--pause-ms", "--tse-latency-ms"]
)
def test_a_demo_wants_numbers_and_says_so(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--headless", option, "abc"])
    assert ended.value.code == CANNOT
    said = capsys.readouterr().err
    assert f"argument {option}: 'abc' is no number from " in said


def ignore(*_: object) -> None:
    """Leave the test run's own signals alone."""


def test_a_program_that_does_not_end_is_named(tmp_path: Path) -> None:
    shop = Shop(tmp_path, ShopPlan(()))
    endless = Child("bar-1", tmp_path / "log", subprocess.Popen(["sleep", "60"]))
    try:
        with pytest.raises(ProvisioningError, match="bar-1 did not end"):
            shop.await_end(endless, timeout_s=0.05)
    finally:
        endless.kill()
