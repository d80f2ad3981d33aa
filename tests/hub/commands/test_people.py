from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.commands.conftest import Office

RUN = """
slug = "run-2026"
name = "Run 2026"
organizer = "Runners"
opens_at = 2026-01-01T00:00:00Z
categories = ["Elite", "Kids"]

[[start_fees]]
amount_minor = 4500
deadline = 2199-06-01T22:00:00Z

[[start_fees]]
amount_minor = 1000
deadline = 2199-06-01T22:00:00Z
category = "Kids"

[[additional_fees]]
name = "Map"
amount_minor = 500

[methods.paypal]
rate_bp = 290
fixed_minor = 35

[creditor]
iban = "DE89370400440532013000"
name = "Runners"
street = "Waldweg"
postal_code = "80939"
town = "München"
country = "DE"
"""
TEAMS = """\
email;name;category;club;paid_by_club
ada@example.org;Wolves;Elite;Norska;yes
bea@example.org;Bears;Kids;;no
"""


@pytest.fixture
def run(hub: Office) -> str:
    path = hub.folder / "run.toml"
    path.write_text(RUN)
    hub.figures("competition", "set", path)
    hub.figures("club", "set", "norska", "Norska")
    return "run-2026"


def write(hub: Office, text: str) -> Path:
    path = hub.folder / "teams.csv"
    path.write_text(text)
    return path


def test_a_competition_is_set_up_from_a_file(hub: Office, run: str) -> None:
    said = hub("competition", "list")
    assert run in said.out
    assert "2199-06-01 22:00 UTC" in said.out
    again = hub.figures("competition", "set", hub.folder / "run.toml")
    assert again == {"competition": run, "start_fees": 2}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("run-2026", "Run 2026", "slug"),
        ('category = "Kids"', 'category = "Pros"', "'Pros'"),
        ("methods.paypal", "methods.barter", "no method 'barter'"),
        ("amount_minor = 4500", "amount_minor = 45.5", "int"),
        ("DE89", "DE88", "IBAN"),
        ("organizer", "organiser", "organiser"),
        ("00:00:00Z", "00:00:00", "time zone"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(
    hub: Office, old: str, new: str, words: str
) -> None:
    path = hub.folder / "run.toml"
    path.write_text(RUN.replace(old, new, 1))
    said = hub("competition", "set", path)
    assert said.code == 1
    assert words in said.errors
    assert "Nothing changed." in said.errors


def test_a_list_of_teams_is_taken_in_once(hub: Office, run: str) -> None:
    path = write(hub, TEAMS)
    assert hub.figures("teams", "import", run, path)["added"] == 2
    again = hub.figures("teams", "import", run, path)
    assert (again["added"], again["known"]) == (0, 2)


def test_one_bad_line_keeps_all_out(hub: Office, run: str) -> None:
    bad = write(hub, TEAMS + "nobody;;Pros;;\n")
    said = hub("teams", "import", run, bad)
    assert said.code == 1
    assert said.out.count("Line 4:") == 3
    assert "Nothing was registered." in said.out
    good = hub.figures("teams", "import", run, write(hub, TEAMS))
    assert good["added"] == 2


def test_an_unknown_competition_or_file_is_named(hub: Office) -> None:
    path = write(hub, TEAMS)
    said = hub("teams", "import", "nowhere", path)
    assert said.code == 1
    assert "'nowhere'" in said.errors


@pytest.mark.parametrize(
    "words", [("competition", "set"), ("teams", "import", "run-2026")]
)
def test_a_file_that_is_not_there_is_no_file_that_is_wrong(
    hub: Office, words: tuple[str, ...]
) -> None:
    said = hub(*words, hub.folder / "no.file")
    assert said.code == 2
    reason = "no.file can't be read (No such file or directory). Name another one."
    assert reason in said.errors


def test_a_club_s_officer_needs_an_account(hub: Office, run: str) -> None:
    assert "Norska" in hub("club", "list").out
    said = hub("club", "officer", "norska", "who@example.org")
    assert said.code == 1
    assert "register at the portal first" in said.errors
    hub("teams", "import", run, write(hub, TEAMS))
    made = hub.figures("club", "officer", "norska", "ada@example.org")
    assert made["officer"] is True
    made = hub.figures("club", "officer-end", "norska", "ada@example.org")
    assert made["officer"] is False


def test_a_site_s_token_is_shown_once(hub: Office, run: str) -> None:
    token = hub.figures("competition", "site", run, "Startklar")["token"]
    assert len(token) == 43
    assert token not in hub("competition", "list").out
    hub.figures("competition", "site-end", run, "Startklar")
    assert hub("competition", "site", "nowhere", "X").code == 1
