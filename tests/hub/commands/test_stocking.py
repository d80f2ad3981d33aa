from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.hub.commands.conftest import Office


def test_a_template_is_summed_up_and_listed(hub: Office) -> None:
    said = hub("stocking", "set", "Bar float", "5x10.00", "2x25x2.00", "30x0.50")
    assert (said.code, said.errors) == (0, "")
    assert said.out == "Bar float: 165.00 EUR (5x10.00, 2x25x2.00, 30x0.50)\n"

    [kept] = hub.figures("stocking", "list")["stockings"]
    assert (kept["name"], kept["total_minor"]) == ("Bar float", 165_00)
    assert kept["pieces"][1] == {
        "value_minor": 200,
        "count": 2,
        "in_roll": 25,
        "total_minor": 100_00,
    }
    assert (
        "Bar float  165.00 EUR  5x10.00 2x25x2.00 30x0.50"
        in hub("stocking", "list").out
    )


def test_a_template_is_changed_and_taken_away(hub: Office) -> None:
    hub("stocking", "set", "Bar float", "5x10.00")
    changed = hub.figures("stocking", "set", "Bar float", "6x10.00")
    assert changed["total_minor"] == 60_00
    assert len(hub.figures("stocking", "list")["stockings"]) == 1

    gone = hub("stocking", "remove", "Bar float")
    assert gone.out == "Tills offer Bar float no more.\n"
    assert "There is none yet" in hub("stocking", "list").out


def test_no_more_templates_are_made_than_tills_can_be_told_of(hub: Office) -> None:
    for number in range(20):
        assert hub("stocking", "set", f"Float {number}", "5x10.00").code == 0

    said = hub("stocking", "set", "Float 20", "5x10.00")
    assert said.code == 1
    assert said.errors == (
        "With that there would be 21 stockings; an event has up to 20. Take one away "
        "with 'kassenband-hub stocking remove'.\n"
    )
    assert hub("stocking", "set", "Float 7", "6x10.00").code == 0  # that one is there
    assert hub("stocking", "remove", "Float 7").code == 0
    assert hub("stocking", "set", "Float 20", "5x10.00").code == 0


def test_what_is_not_there_can_t_be_removed(hub: Office) -> None:
    said = hub("stocking", "remove", "Bar float")
    assert said.code == 1
    assert "No stocking is named Bar float" in said.errors


def test_what_there_is_no_coin_of_is_refused(hub: Office) -> None:
    said = hub("stocking", "set", "Bar float", "5x3.00")
    assert said.code == 1
    assert said.errors == (
        "The stocking Bar float can't be filled. "
        "There is no coin or note of 3.00 EUR.\n"
    )


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        ("10.00", "Write it as 5x10.00"),
        ("5x10,00", "'5x10,00' is no cash. Write it as 5x10.00"),
        ("0x10.00", "numbers begin at 1"),
        ("1x900x0.10", "a roll holds up to 100 coins"),
        ("-1x10.00", "unrecognized arguments"),
    ],
)
def test_what_is_no_cash_is_refused_with_its_form(
    hub: Office, pieces: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        hub("stocking", "set", "Bar float", "1x5.00", pieces)
    assert says in capsys.readouterr().err


def test_a_name_has_no_blanks_around_it(
    hub: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        hub("stocking", "set", " float", "1x5.00")
    assert "no blanks around them" in capsys.readouterr().err
