from __future__ import annotations

import pytest

from contract.money import Currency
from hub.payments.by_hand import CASH, E_BANKING, ORGANIZER, SLIP, ByHand
from hub.payments.errors import Forged, NotOffered
from hub.payments.method import Ask, Incoming, Instructions
from tests.hub.payments.samples import START, give_back, performed

ALL = (SLIP, E_BANKING, CASH, ORGANIZER)


@pytest.mark.parametrize("method", ALL, ids=lambda each: each.code)
def test_a_page_tells_how_to_pay(method: ByHand) -> None:
    step, calls = performed(method.start(START))

    assert step == Instructions(method.page)
    assert calls == []
    assert performed(method.fetch(Ask("x"))) == ((), [])
    with pytest.raises(Forged):
        performed(method.receive(Incoming(action="post_sale")))
    with pytest.raises(NotOffered, match="transfer or in cash"):
        performed(method.refund(give_back()))


def test_only_the_slip_locks_the_bill_and_it_is_swiss() -> None:
    assert [method.code for method in ALL if method.locks_the_bill] == ["slip"]
    assert SLIP.currencies == {Currency.CHF}
    assert SLIP.controller_name == "PaymentSlipController"
    assert E_BANKING.controller_name == "EBankingController"
