from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from contract.catalogue import encode_catalogue
from contract.presale import code_digest
from tests.hub.service.shop import CATALOGUE, ENTRY

if TYPE_CHECKING:
    from tests.hub.commands.conftest import Office

CODES = "code;product;origin\nabcd-efgh-1;6;pretix\nabcd-efgh-2;7;pretix\n"


@pytest.fixture
def selling(hub: Office) -> Office:
    """A hub that sells tickets."""
    hub.figures(
        "catalogue",
        "publish",
        hub.write("catalogue.json", encode_catalogue(CATALOGUE).decode()),
    )
    return hub


def test_codes_are_taken_in_once(selling: Office) -> None:
    file = selling.write("shop.csv", CODES)

    first = selling.figures("presale", "import", file)
    assert (first["new"], first["known"], first["refused"]) == (2, 0, 0)
    again = selling.figures("presale", "import", file)
    assert (again["new"], again["known"], again["refused"]) == (0, 2, 0)
    listed = selling.figures("presale", "list")["presales"]
    assert [(each["product"], each["sold"], each["used"]) for each in listed] == [
        (6, 1, 0),
        (7, 1, 0),
    ]
    assert "Youth entry" in selling("presale", "list").out


def test_a_file_of_codes_alone_is_told_the_rest(selling: Office) -> None:
    file = selling.write("box-office.json", json.dumps([{"code": "abcd-efgh-3"}]))

    said = selling("presale", "import", file)
    assert said.code == 1
    assert "--product" in said.errors
    assert selling.figures("presale", "import", file, "--product", "6")["new"] == 1
    shown = selling.figures("presale", "show", "abcd-efgh-3")
    assert shown["origin"] == "box-office"
    assert shown["product"] == ENTRY.id
    assert shown["used_by"] is None
    assert shown["sha256"] == code_digest("abcd-efgh-3")
    assert selling.figures("presale", "show", shown["sha256"]) == shown
    assert "lets a guest in" in selling("presale", "show", "abcd-efgh-3").out


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("short,6", "8 to 200 printable characters"),
        ("abcd-efgh-4,1", "product 1 is no ticket"),
        ("abcd-efgh-1,7", "known, for product 6"),
    ],
)
def test_what_is_no_code_of_a_ticket_is_refused_by_its_line(
    selling: Office, row: str, why: str
) -> None:
    selling("presale", "import", selling.write("shop.csv", CODES))
    said = selling(
        "presale", "import", selling.write("more.csv", f"code,product\n{row}\n")
    )

    assert said.code == 1
    assert "Refused: 1." in said.out
    assert f"line 2: {'this code is ' * ('known' in why)}" in said.out
    assert why in said.out
    assert row.split(",", maxsplit=1)[0] not in said.out


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("codes.csv", "ticket,price\n1,2\n", "no column 'code'"),
        ("codes.csv", f"code,product\n{'x' * 140_000},6\n", "is no CSV"),
        ("codes.csv", f"code,product\nabcd-efgh-1,{'6' * 5000}\n", "which product"),
        ("codes.csv", "code,product\nabcd-efgh-1,\u0666\n", "which product"),
        ("codes.json", "{", "is no JSON"),
        ("codes.json", '{"code": "x"}', "no list of objects"),
    ],
)
def test_a_file_of_another_form_is_refused(
    selling: Office, name: str, text: str, why: str
) -> None:
    said = selling("presale", "import", selling.write(name, text))

    assert said.code == 1
    assert why in said.errors
    assert "No ticket was sold" in selling("presale", "show", "abcd-efgh-9").errors


def test_a_list_that_is_not_there_is_named(selling: Office) -> None:
    said = selling("presale", "import", selling.folder / "no.csv")

    assert said.code == 2
    assert "no.csv can't be read (No such file or directory). Name" in said.errors
