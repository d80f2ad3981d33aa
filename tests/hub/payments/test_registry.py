from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.money import Currency
from hub.core.bills.errors import NotAllowed
from hub.payments import paypal_orders, postfinance, stripe_checkout
from hub.payments.by_hand import ByHand
from hub.payments.registry import CODES, offered, registered
from tests.hub.core.bills.billing import bill
from tests.hub.payments.paypal_certificates import check

if TYPE_CHECKING:
    from hub.payments.method import PaymentMethod

CONTRACTS: tuple[PaymentMethod, ...] = (
    stripe_checkout.StripeCheckout(
        stripe_checkout.Settings(secret_key="x", web_hook_secret="y"), now=lambda: 0
    ),
    paypal_orders.PayPalOrders(
        paypal_orders.Settings(client_id="x", secret="y", web_hook_id="z"),
        check(),
    ),
    postfinance.PostFinance(postfinance.Settings(pspid="x", pass_in="y", pass_out="z")),
)


def test_each_method_names_its_controller_for_the_log() -> None:
    names = {
        code: method.controller_name for code, method in registered(CONTRACTS).items()
    }

    assert names == {
        "postfinance": "PostFinanceController",
        "paypal": "PaypalController",
        "slip": "PaymentSlipController",
        "ebanking": "EBankingController",
        "stripe": "StripeController",
        "cash": "CashController",
        "organizer": "OrganizerController",
    }
    assert tuple(names) == CODES


def test_a_bill_is_offered_what_is_enabled_in_its_currency_and_not_locked_out() -> None:
    methods = registered(CONTRACTS)
    swiss, euros = bill(), bill(currency=Currency.EUR)
    locked = msgspec.structs.replace(swiss, locked_to="slip")

    def codes(enabled: list[str], of: object) -> list[str]:
        return [each.code for each in offered(methods, enabled, of)]  # type: ignore[arg-type]

    assert codes(["slip", "stripe"], swiss) == ["slip", "stripe"]
    assert codes(["slip", "stripe"], euros) == ["stripe"]
    assert codes(list(CODES), locked) == ["slip"]
    assert codes([], swiss) == []


def test_an_unregistered_method_is_refused() -> None:
    bitcoin = ByHand(code="bitcoin", controller_name="BitcoinController", page="x")

    with pytest.raises(NotAllowed, match="bitcoin"):
        registered([bitcoin])
