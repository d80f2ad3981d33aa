from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.hub.commands.conftest import Office


def test_only_the_limits_named_are_changed(hub: Office) -> None:
    before = hub.figures("limits", "show")
    after = hub.figures("limits", "set", "--max-balance", "150.00", "--allowance", "30")

    assert after["limits"]["max_balance_minor"] == 15000
    assert after["stand_in"]["allowance_minor"] == 3000
    before["limits"]["max_balance_minor"] = 15000
    before["stand_in"]["allowance_minor"] = 3000
    assert after == before
    assert hub.figures("limits", "show") == after


def test_a_bound_can_be_taken_away(hub: Office) -> None:
    hub("limits", "set", "--event-cap", "250000.00")
    after = hub.figures("limits", "set", "--event-cap", "none")

    assert after["limits"]["event_cap_minor"] is None
    assert "all together: no bound" in hub("limits", "show").out


def test_what_can_be_lost_is_said(hub: Office) -> None:
    said = hub("limits", "set", "--allowance", "20.00", "--till-total", "500.00")

    assert "At worst lost: 60.00 EUR per wristband, 1500.00 EUR in all" in said.out


def test_nothing_to_change_is_an_answer(hub: Office) -> None:
    said = hub("limits", "set")

    assert said.code == 2
    assert "Nothing is to be changed" in said.errors


def test_what_is_so_already_is_no_error(hub: Office) -> None:
    hub("limits", "set", "--allowance", "20.00")
    again = hub("limits", "set", "--allowance", "20.00")

    assert again.code == 0
    assert "Stand-in: 20.00 EUR per wristband" in again.out


@pytest.mark.parametrize("typed", ["1,50", "-3", "1.5", "", "none", "9" * 30])
def test_what_is_no_amount_is_refused(
    hub: Office, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        hub("limits", "set", "--allowance", typed)
    assert "argument --allowance" in capsys.readouterr().err


def test_seconds_are_written_in_plain_digits(
    hub: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        hub("limits", "set", "--outage-age", "\u0663")
    assert "argument --outage-age" in capsys.readouterr().err
