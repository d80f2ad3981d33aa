from __future__ import annotations

import asyncio
import getpass
import io
from typing import TYPE_CHECKING

import pytest

from edge.core.pins import fits
from hub.service.context import ContextKeeper
from hub.store.store import Store
from tests.hub import samples

if TYPE_CHECKING:
    from tests.hub.commands.conftest import Office

ANNA = ("user", "add", "anna", "--name", "Anna", "--wristband", "04A1B2C3D4E5F6")
PIN = "2580"


@pytest.fixture
def staffed(hub: Office) -> Office:
    """A hub with two roles, and Anna, who has a PIN."""
    hub.figures("role", "set", "bar", "--rights", "log_in,sell", "--needs-register")
    hub.figures("role", "set", "boss", "--rights", "log_in,supervise,close_shifts")
    hub.figures(*ANNA, "--roles", "bar", "--pin", typed=f"{PIN}\n")
    return hub


async def pin_hash_of(database: str, user: str) -> str:
    store = await Store.open(database)
    event = await ContextKeeper(store, samples.EVENT.slug).refresh()
    await store.close()
    return event.staffing.by_id[user].entry.pin_hash


def test_who_is_added_works_here(staffed: Office) -> None:
    (user,) = staffed.figures("user", "list")["users"]

    assert user == {
        "user": "anna",
        "name": "Anna",
        "roles": ["bar"],
        "rights": ["log_in", "sell"],
        "has_pin": True,
        "disabled": False,
    }
    assert "04A1B2" not in staffed("user", "list").out


def test_the_pin_that_was_typed_is_the_one_tills_take(
    staffed: Office, one_database: str
) -> None:
    assert fits(PIN, asyncio.run(pin_hash_of(one_database, "anna")))
    staffed.figures("user", "pin", "anna", typed="1379\n")
    changed = asyncio.run(pin_hash_of(one_database, "anna"))
    assert fits("1379", changed)
    assert not fits(PIN, changed)


def test_a_pin_is_asked_for_twice_at_a_terminal(
    staffed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(io, "StringIO", Terminal)
    typed = iter(["1379", "1378", "1379", "1379"])
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(typed))
    first = staffed("user", "pin", "anna")
    assert first.code == 2
    assert "two different PINs" in first.errors
    assert staffed("user", "pin", "anna").code == 0


@pytest.mark.parametrize("typed", ["", "12\n", "12ab\n"])
def test_a_poor_pin_is_refused(staffed: Office, typed: str) -> None:
    said = staffed("user", "pin", "anna", typed=typed)

    assert said.code == 1
    assert "A PIN has at least 4 digits" in said.errors


def test_who_is_disabled_may_come_back(staffed: Office) -> None:
    assert staffed.figures("user", "disable", "anna")["disabled"]
    assert "disabled" in staffed("user", "list").out
    assert not staffed.figures("user", "enable", "anna")["disabled"]


def test_rights_follow_from_roles(staffed: Office) -> None:
    assert staffed.figures("user", "rights", "anna")["rights"] == ["log_in", "sell"]
    changed = staffed.figures("user", "rights", "anna", "--roles", "bar,boss")
    assert changed["rights"] == ["close_shifts", "log_in", "sell", "supervise"]
    assert changed["has_pin"], "other roles leave the PIN as it is"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*ANNA, "--roles", "bar"), "anna works here already"),
        (
            ("user", "add", "ben", *ANNA[3:], "--roles", "bar"),
            "This wristband is Anna's",
        ),
        (("user", "rights", "anna", "--roles", "cook"), "There is no role 'cook'"),
        (("user", "disable", "zoe"), "No user is named zoe"),
        (("user", "pin", "zoe"), "No user is named zoe"),
        (("role", "set", "bar", "--rights", "fly"), "There is no right 'fly'"),
    ],
)
def test_what_can_not_be_done_is_said(
    staffed: Office, arguments: tuple[str, ...], words: str
) -> None:
    said = staffed(*arguments, typed=PIN)

    assert said.code == 1
    assert words in said.errors


def test_a_pin_is_never_an_argument(
    hub: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        hub(*ANNA, "--roles", "bar", "--pin", "2580")
    with pytest.raises(SystemExit, match="2"):
        hub("user", "pin", "anna", "2580")


@pytest.mark.parametrize("uid", ["04", "nonsense", "04A1B2C3D4E5F6F7"])
def test_what_is_no_wristband_is_refused(
    hub: Office, uid: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        hub("user", "add", "ben", "--name", "B", "--wristband", uid, "--roles", "x")
    assert "8, 14 or 20 hex digits" in capsys.readouterr().err
