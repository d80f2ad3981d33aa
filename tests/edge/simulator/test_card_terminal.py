from __future__ import annotations

from random import Random

import pytest

from contract.money import Money
from edge.core.errors import CardRefused
from edge.simulator.card_terminal import SimulatedTerminal


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.simulator.card_terminal.TAKES_S", 0)


async def test_a_reference_is_charged_once_and_can_be_found() -> None:
    terminal = SimulatedTerminal(Random(1), approved=100)
    receipt = await terminal.charge("a-1", Money(450))
    assert await terminal.charge("a-1", Money(450)) == receipt
    assert await terminal.find("a-1") == receipt
    assert await terminal.find("a-2") is None


async def test_a_refused_card_takes_nothing() -> None:
    terminal = SimulatedTerminal(Random(1), approved=0)
    with pytest.raises(CardRefused, match=r"4\.50 EUR"):
        await terminal.charge("a-1", Money(450))
    assert await terminal.find("a-1") is None


async def test_only_what_was_taken_is_given_back() -> None:
    terminal = SimulatedTerminal(Random(1), approved=100)
    receipt = await terminal.charge("a-1", Money(450))
    refund = await terminal.refund("b-1", Money(450), receipt)
    assert await terminal.find("b-1") == refund
    with pytest.raises(CardRefused):
        await SimulatedTerminal(Random(1)).refund("b-1", Money(450), receipt)
