from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.registration import Wish
from hub.core.team_list import BYTES_MAX, Entrant, read_team_list

HEAD = "email,name,category,members,club,paid_by_club,external_id,person\n"


def test_a_line_is_a_team() -> None:
    line = 'ada@example.org,Wolves,Elite,"Ada; Bea ;",ol-norska,yes,17,Ada L\n'
    listed = read_team_list((HEAD + line).encode())
    wish = Wish(
        name="Wolves",
        category="Elite",
        members=("Ada", "Bea"),
        club="ol-norska",
        paid_by_club=True,
    )
    entrant = Entrant(
        email="ada@example.org", person="Ada L", external_id="17", wish=wish
    )
    assert listed.troubles == ()
    assert listed.entrants == ((2, entrant),)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("prefix", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_spreadsheets_may_write_it_their_way(
    delimiter: str, prefix: str, ending: str
) -> None:
    lines = ["Email,Name,Category", "a@e.org,Ü,Elite", ",,", "b@e.org,Y,Elite"]
    text = prefix + ending.join(lines).replace(",", delimiter)
    listed = read_team_list(text.encode())
    assert listed.troubles == ()
    assert [line for line, _ in listed.entrants] == [2, 4]


def test_every_wrong_line_is_named() -> None:
    text = HEAD + "a@e.org,X\n" + "b@e.org,Y,Elite,,,perhaps,1,\n" + "c,Z,E,,,,2,\n"
    listed = read_team_list(text.encode())
    assert [each.line for each in listed.troubles] == [2, 3]
    assert "2 columns instead of 8" in listed.troubles[0].text
    assert "'perhaps'" in listed.troubles[1].text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "must name the columns"),
        (b"email,name\n", "category missing"),
        (b"email,name,category,colour\n", "Unknown columns: 'colour'"),
        (b"email,name,category,name\n", "named twice"),
        (b"email,name,category\n\xff\n", "no UTF-8"),
        (b"PK\x03\x04\x00\x00", "no text file"),
        (b'email,name,category\n"a', "no CSV"),
        (b"x" * (BYTES_MAX + 1), "Split it"),
    ],
)
def test_what_is_no_list_says_why(data: bytes, words: str) -> None:
    listed = read_team_list(data)
    assert listed.entrants == ()
    assert words in listed.troubles[0].text


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_nothing_makes_it_fail(data: bytes) -> None:
    read_team_list(data)
    read_team_list(HEAD.encode() + data)
