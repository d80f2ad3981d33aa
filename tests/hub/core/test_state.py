from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from hub.core import chain, state
from hub.core.state import LedgerState

if TYPE_CHECKING:
    import pytest


def test_an_old_order_that_is_spoken_of_again_is_not_the_first_to_be_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its newest words may be in a batch on its way: the database can't tell them."""
    monkeypatch.setattr(state, "ORDERS_KEPT", 2)
    ledger = LedgerState(0, chain.first_head("incarnation"), 0)
    old, other, new = map(UUID, ("0" * 31 + each for each in "123"))
    spoken_of = ledger.order(old)
    ledger.order(other)

    assert ledger.order(old) is spoken_of
    ledger.order(new)
    ledger.shed()

    assert list(ledger.orders) == [old, new]
