from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.hub.commands.conftest import Office


def till_named(hub: Office, name: str) -> Any:
    tills = hub.figures("till", "list")["tills"]
    return next(till for till in tills if till["till"] == name)


def test_a_till_is_registered_and_told_what_it_is_for(hub: Office) -> None:
    hub.figures(
        *("till", "add", "bar-9", "--label", "Bar 9"),
        *("--kinds", "sale,cancellation", "--methods", "wallet", "--no-free-prices"),
    )

    till = till_named(hub, "bar-9")
    assert till["label"] == "Bar 9"
    assert till["profile"]["kinds"] == ["sale", "cancellation"]
    assert till["profile"]["methods"] == ["wallet"]
    assert not till["profile"]["free_prices"]
    assert (
        "sale, cancellation; paid by wallet; no free prices" in hub("till", "list").out
    )


def test_what_is_not_named_stays_as_it_is(hub: Office) -> None:
    hub("till", "add", "bar-1", "--kinds", "sale", "--register", "drawer-4")
    hub("till", "add", "bar-1", "--label", "Front bar")

    till = till_named(hub, "bar-1")
    assert till["label"] == "Front bar"
    assert till["profile"]["register"] == "drawer-4"
    assert till["profile"]["kinds"] == ["sale"]


def test_a_till_that_needs_a_log_in_where_nobody_can_is_warned_of(hub: Office) -> None:
    said = hub("till", "add", "bar-1", "--needs-login")

    assert said.code == 0
    assert "Nobody can log in there yet: add staff with" in said.out


def test_a_revoked_till_stays_revoked(hub: Office) -> None:
    said = hub("till", "revoke", "bar-2")
    assert said.code == 0
    assert "waits in quarantine" in said.out
    assert "kassenband-provision revoke bar-2" in said.out
    assert till_named(hub, "bar-2")["revoked"]

    again = hub("till", "revoke", "bar-2")
    assert (again.code, again.errors) == (1, "The till bar-2 was revoked before.\n")
    added = hub("till", "add", "bar-2")
    assert added.code == 1
    assert "its name is never used again" in added.errors


def test_an_unknown_till_can_not_be_revoked(hub: Office) -> None:
    said = hub("till", "revoke", "bar-77")

    assert said.code == 1
    assert "No till is named bar-77" in said.errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "Bar_1"), "is no till's name"),
        (("add", ".."), "'..' is no till's name: 1 to 30 of a-z"),
        (("add", "bar-1", "--kinds", "sale,gift"), "'gift' is unknown. Choose from"),
        (("add", "bar-1", "--methods", "cheque"), "wallet, cash, card"),
    ],
)
def test_what_is_wrong_is_named(
    hub: Office,
    arguments: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        hub("till", *arguments)
    assert words in capsys.readouterr().err
