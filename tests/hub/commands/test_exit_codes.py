"""0 good, 1 judged bad or refused, 2 could not run: the same for every command."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hub.__main__ import main
from hub.commands import office

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.commands.conftest import Office

FILE, OUT = "a file", "a file to write"
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
TEAMS = "email;name;category;club;paid_by_club\nada@example.org;Wolves;Elite;;no\n"
GOOD = {
    "event": ("show",),
    "catalogue": ("show",),
    "limits": ("show",),
    "till": ("list",),
    "user": ("list",),
    "role": ("list",),
    "closings": (),
    "tse": (),
    "statistics": (),
    "quarantine": ("list",),
    "competition": ("list",),
    "club": ("list",),
    "top-ups": ("show",),
    "presale": ("list",),
    "settle": ("show",),
}
REFUSED = {
    "event": (("open", FILE), "number = 7"),
    "catalogue": (("publish", FILE), "version = 1"),
    "till": (("revoke", "bar-77"), ""),
    "user": (("disable", "zoe"), ""),
    "role": (("set", "bar", "--rights", "fly"), ""),
    "closings": (("--till", "bar-77"), ""),
    "tse": (("--till", "bar-77"), ""),
    "notification-146a": (("--out", OUT), ""),
    "statistics": (("--till", "bar-77"), ""),
    "quarantine": (("show", "0199a1de-2b6c-7c31-8f00-1d2c3b4a5f60"), ""),
    "competition": (("site", "nowhere", "Startklar"), ""),
    "club": (("officer", "norska", "who@example.org"), ""),
    "top-ups": (("set", FILE), "methods = 3"),
    "teams": (("import", "nowhere", FILE), TEAMS),
    "presale": (("show", "A1B2C3D4E5"), ""),
    "dsfinvk": (("--out", OUT), ""),
    "settle": (("approve", "1", "--by", "zoe"), ""),
}
WITHOUT_DATABASE = GOOD | {
    "notification-146a": ("--out", OUT),
    "teams": ("import", "nowhere", FILE),
    "bank-import": (FILE,),
    "dsfinvk": ("--out", OUT),
}


def words(hub: Office, command: str, said: tuple[str, ...], text: str) -> list[str]:
    """What is typed, with files that are there to be read, or not yet written."""
    files = {FILE: str(hub.write("file.toml", text)), OUT: str(hub.folder / "out.xml")}
    return [command, *(files.get(each, each) for each in said)]


@pytest.mark.parametrize("command", GOOD)
def test_what_is_well_ends_with_0(hub: Office, command: str) -> None:
    said = hub(command, *GOOD[command])
    assert (said.code, said.errors) == (0, "")


@pytest.mark.parametrize("command", REFUSED)
def test_what_is_refused_ends_with_1_and_says_why(hub: Office, command: str) -> None:
    typed = words(hub, command, *REFUSED[command])
    said = hub(*typed)
    assert (said.code, said.out) == (1, "")
    assert said.errors.strip().endswith((".", "'"))
    again = hub(*typed, "--json")
    assert again.code == 1
    assert again.figures["refused"] == said.errors.strip()


@pytest.mark.parametrize("command", WITHOUT_DATABASE)
def test_what_can_not_run_ends_with_2(
    new_hub: Office, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KASSENBAND_DATABASE", NOWHERE)
    said = new_hub(*words(new_hub, command, WITHOUT_DATABASE[command], TEAMS))
    assert (said.code, said.out) == (2, "")
    assert "database" in said.errors


@pytest.mark.parametrize("command", [*office.COMMANDS, "serve", "migrate", "verify"])
def test_what_is_asked_wrongly_ends_with_2(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--fly"])
    assert ended.value.code == 2
    assert "usage: kassenband-hub" in capsys.readouterr().err


def test_ctrl_c_ends_a_command_with_130_and_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hub.__main__.load_settings", stopped)
    assert main(["verify"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_a_reader_that_leaves_early_makes_no_traceback(config: Path) -> None:
    line = f"{sys.executable} -m hub --config {config} --show-config | true"
    done = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
