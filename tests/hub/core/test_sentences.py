from __future__ import annotations

import pytest

from contract.declines import DECLINES
from contract.messages import DeclineReason
from contract.money import Money
from hub.core.sentences import sentence
from tests.hub.samples import order


@pytest.mark.parametrize("reason", DeclineReason)
def test_every_reason_has_a_sentence_of_its_own(reason: DeclineReason) -> None:
    text = sentence(reason, order(450, 5), Money(120))

    assert text.endswith(".")
    assert reason in DECLINES


def test_a_short_balance_is_told_in_money() -> None:
    text = sentence(DeclineReason.INSUFFICIENT_BALANCE, order(450, 5), Money(120))

    assert text == ("1.20 EUR on the wristband, 3.30 EUR short. Top up or pay in cash.")
