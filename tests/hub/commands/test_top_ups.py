from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.commands.conftest import Office

ACCOUNT = """\
[creditor]
iban = "DE02 1203 0000 0000 2020 51"
name = "Sommernacht e. V."
street = "Seestraße"
house_number = "1"
postal_code = "80939"
town = "München"
country = "DE"
"""
BOTH = """\
[methods.paypal]
fixed_minor = 35
rate_bp = 249
payer_bears = true
[methods.ebanking]
"""


def written(hub: Office, text: str) -> Path:
    path = hub.folder / "top-ups.toml"
    path.write_text(text, "utf-8")
    return path


def test_guests_top_up_by_the_ways_of_a_file_and_no_others(hub: Office) -> None:
    assert "can't top up online" in hub("top-ups", "show").out
    said = hub.figures("top-ups", "set", written(hub, BOTH + ACCOUNT))
    assert list(said["methods"]) == ["paypal", "ebanking"]
    assert said["methods"]["paypal"]["rate_bp"] == 249
    assert said["account"] == "DE02120300000000202051"
    assert hub.figures("top-ups", "show") == said
    shown = [line.split() for line in hub("top-ups", "show").out.splitlines()]
    assert ["paypal", "0.35", "+", "2.49", "%", "guest"] in shown
    assert ["ebanking", "nothing", "event"] in shown
    fewer = hub.figures("top-ups", "set", written(hub, "[methods.paypal]\n"))
    assert list(fewer["methods"]) == ["paypal"]
    assert fewer["account"] is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOTH, "without an account"),
        ("[methods.slip]\n", "can't top up by 'slip'"),
        ("[methods.bitcoin]\n", "can't top up by 'bitcoin'"),
        ("[methods.paypal]\nrate = 3\n", "rate"),
        ("[methods.paypal]\nrate_bp = -3\n", "negative"),
        ("methods = 3", "object"),
        ("[", "Nothing changed"),
        (BOTH + ACCOUNT.replace("DE02", "DE03"), "check digits"),
    ],
)
def test_what_makes_no_sense_changes_nothing(hub: Office, text: str, why: str) -> None:
    said = hub("top-ups", "set", written(hub, text))
    assert said.code == 1
    assert why in said.errors
    assert "Traceback" not in said.errors
    assert "can't top up online" in hub("top-ups", "show").out


def test_a_file_that_is_not_there_is_named(hub: Office) -> None:
    said = hub("top-ups", "set", hub.folder / "no.toml")
    assert said.code == 2
    assert "no.toml can't be read (No such file or directory). Name" in said.errors
