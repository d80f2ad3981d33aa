from __future__ import annotations

import pytest

from contract.declines import DECLINES
from contract.messages import DeclineReason
from contract.money import Money
from hub.core.sentences import sentence, unreadable
from tests.hub.samples import order


@pytest.mark.parametrize("reason", DeclineReason)
def test_every_reason_has_a_sentence_of_its_own(reason: DeclineReason) -> None:
    text = sentence(reason, order(450, 5), Money(120))

    assert text.endswith(".")
    assert reason in DECLINES


def test_a_short_balance_is_told_in_money() -> None:
    text = sentence(DeclineReason.INSUFFICIENT_BALANCE, order(450, 5), Money(120))

    assert text == ("1.20 EUR on the wristband, 3.30 EUR short. Top up or pay in cash.")


UNREADABLE = {
    "Expected `int` <= 4611686018427387904 - at `$.lines[0].total_minor`": (
        "The amount at lines[0].total_minor is beyond what an order may hold. "
        "Enter it again."
    ),
    "Expected `int` >= 0 - at `$.sequence`": (
        "The number at sequence is beyond what an order may hold. Enter it again."
    ),
    "Expected `int`, got `float` - at `$.total_minor`": (
        "The number at total_minor is no whole number. Enter it again."
    ),
    "Expected `array` of length <= 99 - at `$.lines`": (
        "The order holds more than 99 lines. Make two orders of it."
    ),
    "Only an attempt has a payment.": (
        "The order can't be read: Only an attempt has a payment. Abort it and enter it "
        "again; if that does not help, call the technician."
    ),
}


@pytest.mark.parametrize("wrong", UNREADABLE)
def test_what_can_not_be_read_is_told_with_what_to_do(wrong: str) -> None:
    assert unreadable(wrong) == UNREADABLE[wrong]
