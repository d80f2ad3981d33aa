from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.catalogue import encode_catalogue
from tests.hub import samples

if TYPE_CHECKING:
    from tests.hub.commands.conftest import Office

FILE = """\
number = 7
name = "Summer Night"
currency = "EUR"
portal_url = "https://pay.example.org"
catalogue = "catalogue.json"

[seller]
name = "Sommernacht e. V."
street = "Seestraße 1"
postal_code = "80939"
city = "München"
country = "DEU"
tax_number = "143/123/45678"

[stand_in]
allowance_minor = 2000
till_total_minor = 50000

[limits]
max_balance_minor = 15000

[tills.bar-1]
label = "Bar 1"

[tills.desk-1]
label = "Desk"
issues_wristbands = true
profile = { name = "desk", kinds = ["top_up", "payout"], needs_login = true }

[roles.cashier]
rights = ["log_in_supervised", "sell", "cancel_own"]
needs_register = true

[stockings]
"Bar float" = ["5x10.00", "2x25x2.00"]
"""


def a_file(hub: Office, text: str = FILE) -> str:
    hub.write("catalogue.json", encode_catalogue(samples.CATALOGUE).decode())
    return str(hub.write("event.toml", text))


def test_an_event_is_opened_from_one_file(new_hub: Office) -> None:
    said = new_hub("event", "open", a_file(new_hub))

    assert said.code == 0, said.errors
    assert "The event summer is open. Its number is 7." in said.out
    assert "Version 1 of the catalogue is published" in said.out
    assert "At desk-1 nobody sells before they log in" in said.out
    shown = new_hub.figures("event", "show")
    assert (shown["tills"], shown["catalogue"]) == (2, 1)
    assert shown["limits"]["max_balance_minor"] == 15000
    assert new_hub.figures("role", "list")["roles"] == [
        {
            "role": "cashier",
            "rights": ["log_in_supervised", "sell", "cancel_own"],
            "needs_register": True,
        }
    ]


def test_opening_again_changes_what_may_change(new_hub: Office) -> None:
    new_hub("event", "open", a_file(new_hub))
    again = FILE.replace("Seestraße 1", "Seestraße 2").replace("2000", "1500")
    said = new_hub("event", "open", a_file(new_hub, again))

    assert "was open already; it is now as the file says" in said.out
    shown = new_hub.figures("event", "show")
    assert shown["seller"]["street"] == "Seestraße 2"
    assert shown["stand_in"]["allowance_minor"] == 1500


def test_the_booking_model_is_the_files_until_something_is_sold(
    new_hub: Office,
) -> None:
    new_hub("event", "open", a_file(new_hub))
    assert new_hub.figures("event", "show")["booking_model"] == "payment"
    again = FILE.replace("number = 7", 'number = 7\nbooking_model = "voucher"')
    said = new_hub("event", "open", a_file(new_hub, again))
    assert said.code == 0, said.errors
    assert "Booking model: voucher" in new_hub("event", "show").out

    wrong = FILE.replace("number = 7", 'number = 7\nbooking_model = "card"')
    said = new_hub("event", "open", a_file(new_hub, wrong))
    assert said.code == 1
    assert "$.booking_model" in said.errors


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("number = 7", "number = 8", "is open with number 7 and EUR, and keeps both"),
        ('currency = "EUR"', 'currency = "CHF"', "summer in CHF"),
        ("number = 7", "number = 70000", "$.number"),
        ("[tills.bar-1]", "[tills.Bar_1]", "$.tills"),
        ('label = "Bar 1"', 'lable = "Bar 1"', "label"),
        ("allowance_minor", "alowance_minor", "allowance_minor"),
        ("max_balance_minor", "max_balence_minor", "Did you mean 'max_balance_minor'?"),
        ('"sell"', '"seller"', "$.roles"),
        ("[seller]", "[seller", "is no TOML"),
        ("https://pay", "pay", "$.portal_url"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(
    hub: Office, before: str, after: str, words: str
) -> None:
    said = hub("event", "open", a_file(hub, FILE.replace(before, after)))

    assert said.code == 1
    assert words in said.errors
    assert hub.figures("event", "show")["number"] == 7


def test_a_catalogue_that_is_not_there_is_named(hub: Office) -> None:
    said = hub("event", "open", a_file(hub, FILE.replace("catalogue.json", "no.json")))

    assert said.code == 2
    assert "no.json can't be read (No such file or directory)" in said.errors


def test_a_number_belongs_to_one_event(
    hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KASSENBAND_EVENT", "winter")
    winter = msgspec.structs.replace(samples.CATALOGUE, event="winter")
    file = a_file(hub)
    hub.write("catalogue.json", encode_catalogue(winter).decode())
    said = hub("event", "open", file)

    assert said.code == 1
    assert "The number 7 belongs to the event summer" in said.errors


def test_an_event_is_shown_to_a_person(hub: Office) -> None:
    said = hub("event", "show")

    assert said.code == 0
    assert "Summer Night (summer, number 7), in EUR" in said.out
    assert "guests hold 0.00 EUR" in said.out
    assert "At worst lost: 60.00 EUR per wristband" in said.out


def test_without_an_event_the_sentence_says_so(new_hub: Office) -> None:
    said = new_hub("event", "show")

    assert said.code == 2
    assert "no event named summer" in said.errors


def test_the_example_for_operators_can_be_opened(
    new_hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parents[3] / "docs/operator.md").read_text("utf-8")
    section = text.partition("### Open it")[2]
    blocks = re.findall(r"^```(toml|json)\n(.*?)^```$", section, re.M | re.S)
    toml = next(block for language, block in blocks if language == "toml")
    products = next(block for language, block in blocks if language == "json")
    new_hub.write("catalogue.json", products)
    monkeypatch.setenv("KASSENBAND_EVENT", "summer-2026")
    said = new_hub("event", "open", new_hub.write("event.toml", toml))

    assert said.code == 0, said.errors
    assert new_hub.figures("event", "show")["catalogue"] == 1


def test_an_event_named_like_a_way_out_of_a_folder_is_not_opened(
    new_hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KASSENBAND_EVENT", "..")
    said = new_hub("event", "open", a_file(new_hub))

    assert said.code == 2, said
    assert "'event' must be 1 to 30 of a-z, 0-9, dot and hyphen" in said.errors


def test_what_registers_are_handed_out_with_is_in_the_file(new_hub: Office) -> None:
    said = new_hub("event", "open", a_file(new_hub))
    assert "Stockings: Bar float." in said.out
    [kept] = new_hub.figures("stocking", "list")["stockings"]
    assert (kept["name"], kept["total_minor"]) == ("Bar float", 150_00)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("[]", "The stocking Bar float can't be filled. It may hold 1 to 30 sorts"),
        ('["5x3.00"]', "There is no coin or note of 3.00 EUR."),
        ('["ten coins"]', "the stocking Bar float: 'ten coins' is no cash."),
    ],
)
def test_a_stocking_of_no_coins_opens_nothing(
    new_hub: Office, typed: str, says: str
) -> None:
    said_so = FILE.replace('["5x10.00", "2x25x2.00"]', typed)
    said = new_hub("event", "open", a_file(new_hub, said_so))
    assert said.code == 1
    assert says in said.errors
    assert new_hub("event", "show").code != 0, "nothing of the file was done"


def test_more_stockings_than_tills_can_be_told_of_open_nothing(
    new_hub: Office,
) -> None:
    floats = "".join(f'"Float {number}" = ["5x10.00"]\n' for number in range(20))
    said = new_hub("event", "open", a_file(new_hub, FILE + floats))
    assert said.code == 1
    assert "there are 21 stockings; an event has up to 20" in said.errors
    assert new_hub("event", "show").code != 0, "nothing of the file was done"


def test_stockings_of_a_file_count_with_those_made_before(new_hub: Office) -> None:
    assert new_hub("event", "open", a_file(new_hub)).code == 0
    floats = "".join(f'"Float {number}" = ["5x10.00"]\n' for number in range(20))
    others = FILE.replace('"Bar float" = ["5x10.00", "2x25x2.00"]\n', floats)
    said = new_hub("event", "open", a_file(new_hub, others))
    assert said.code == 1
    assert "there would be 21 stockings" in said.errors
