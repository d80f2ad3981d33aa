"""PayPal end to end: its API is played, the portal and the database are real."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from hub.core.bills.attempts import AttemptState
from hub.core.bills.bill import MovementKind
from hub.payments.errors import ProviderSilent
from hub.payments.method import Ask, GiveBack, Redirect
from hub.payments.paypal_orders import PayPalOrders, Settings
from hub.payments.performing import Limits
from hub.service.payment_log import Severity
from tests.counterparts.paypal import API, CLIENT, HOSTS, SECRET, PayPal
from tests.counterparts.portal import open_bill, running_portal
from tests.counterparts.rerouting import rerouted
from tests.counterparts.serving import PATIENCE_S, running
from tests.hub import samples
from tests.hub.payments.paypal_certificates import OTHERS_HOST, check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.store.store import Store
    from tests.counterparts.portal import Portal

QUICK = Limits(connect_s=1, read_s=1, total_s=1)
PATIENT = Limits(connect_s=20, read_s=20, total_s=20)


def contract() -> PayPalOrders:
    settings = Settings(client_id=CLIENT, secret=SECRET, web_hook_id="WH1", api=API)
    return PayPalOrders(settings, check())


@pytest_asyncio.fixture
async def paypal() -> PayPal:
    return PayPal()


@pytest_asyncio.fixture
async def portal(store: Store, paypal: PayPal) -> AsyncIterator[Portal]:
    async with opened(store, paypal) as running:
        yield running


@asynccontextmanager
async def opened(
    store: Store, paypal: PayPal, limits: Limits = PATIENT
) -> AsyncIterator[Portal]:
    async with running(paypal.app()) as url:
        client = rerouted(dict.fromkeys(HOSTS, url))
        async with running_portal(store, [contract()], client, limits) as portal:
            yield portal


async def sent_to_paypal(portal: Portal) -> tuple[str, str]:
    """Begin to pay; the bill's reference and PayPal's name of the order."""
    reference = await open_bill(portal.store)
    chosen = await portal.choose(reference, "paypal")
    assert isinstance(chosen.step, Redirect)
    assert chosen.step.url.startswith("https://www.sandbox.paypal.com/")
    return reference, chosen.step.provider_ref


async def test_a_payer_who_approved_and_comes_back_has_paid(
    portal: Portal, paypal: PayPal
) -> None:
    reference, order = await sent_to_paypal(portal)
    paypal.approve(order)
    for _ in range(2):
        back = await portal.browser.get(
            f"/paypal/payment_accepted?bill={reference}&token={order}&PayerID=P1"
        )
        assert back.status_code == 303
        assert back.headers["Location"] == f"/bills/{reference}"
    record = await portal.record(reference)
    (payment,) = record.payments
    assert (payment.principal_minor, payment.fee_minor) == (4628, 190)
    assert payment.money_ref == f"CAP-{order}"
    assert record.standing.open_minor == 0
    entries = await portal.entries()
    assert {entry.controller_name for entry in entries} == {"PaypalController"}
    assert payment.id in {entry.payment for entry in entries}


async def test_who_comes_back_without_paying_has_not_paid(portal: Portal) -> None:
    reference, _ = await sent_to_paypal(portal)
    back = await portal.browser.get(f"/paypal/payment_canceled?bill={reference}")
    assert back.headers["Location"] == f"/bills/{reference}"
    assert not (await portal.record(reference)).payments


@pytest.mark.parametrize("query", ["", "?bill=1", "?bill=" + "0" * 27, "?bill=%00"])
async def test_a_return_without_a_bill_gets_a_page(portal: Portal, query: str) -> None:
    back = await portal.browser.get(f"/paypal/payment_accepted{query}")
    assert back.status_code in {303, 400}
    assert len(await portal.entries()) == 2


async def test_a_signed_web_hook_makes_the_hub_ask_and_capture_once(
    portal: Portal, paypal: PayPal
) -> None:
    reference, order = await sent_to_paypal(portal)
    paypal.approve(order)
    body = paypal.event("CHECKOUT.ORDER.APPROVED", {"id": order})
    answers = await asyncio.gather(
        *(paypal.call_web_hook(portal.browser, body) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len((await portal.record(reference)).payments) == 1
    assert "CAP-" in str(paypal.orders[order])


@pytest.mark.parametrize(
    "changed",
    [
        {"PAYPAL_TRANSMISSION_SIG": "AAAA"},
        {"PAYPAL_TRANSMISSION_ID": "t-2"},
        {"PAYPAL_CERT_URL": "https://paypal.com.example.org/CERT-1"},
        {"PAYPAL_CERT_URL": "http://api.paypal.com/v1/notifications/certs/CERT-1"},
        {"PAYPAL_CERT_URL": "https://api.paypal.com/v1/notifications/certs/other"},
        {"PAYPAL_AUTH_ALGO": "none"},
    ],
)
async def test_a_forged_web_hook_is_an_error_and_asks_nobody(
    portal: Portal, paypal: PayPal, changed: dict[str, str]
) -> None:
    reference, order = await sent_to_paypal(portal)
    paypal.approve(order)
    asked = len(paypal.asked)
    body = paypal.event("CHECKOUT.ORDER.APPROVED", {"id": order})
    answer = await paypal.call_web_hook(portal.browser, body, **changed)
    assert (answer.status_code, answer.text) == (400, "")
    assert len(paypal.asked) == asked
    assert not (await portal.record(reference)).payments
    assert (await portal.entries())[-1].severity is Severity.ERROR


async def test_a_certificate_of_somebody_else_proves_nothing(
    portal: Portal, paypal: PayPal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.counterparts.paypal.CERTIFICATES", OTHERS_HOST)
    body = paypal.event("CHECKOUT.ORDER.APPROVED", {"id": "PP1"})
    assert (await paypal.call_web_hook(portal.browser, body)).status_code == 400


async def test_a_refund_moves_money_once_and_is_booked_once(
    portal: Portal, paypal: PayPal
) -> None:
    reference, order = await sent_to_paypal(portal)
    paypal.approve(order)
    name = f"{reference[:26]}-1"
    await portal.calls.ask("paypal", Ask(name, order))
    back = GiveBack(
        money_ref=f"CAP-{order}",
        amount_minor=1000,
        currency=samples.EVENT.currency,
        key="refund-1",
        order_id=name,
    )
    method = contract()
    for _ in range(2):
        report = await portal.performer.perform(method.refund(back))
        await portal.payments.report("paypal", report)
    await portal.calls.ask("paypal", Ask(name, order))
    record = await portal.record(reference)
    kinds = [each.kind for each in record.payments]
    assert kinds == [MovementKind.PAYMENT, MovementKind.REFUND]
    assert record.standing.refunded_minor == 1000


async def test_a_reversal_takes_the_payment_back(
    portal: Portal, paypal: PayPal
) -> None:
    reference, order = await sent_to_paypal(portal)
    paypal.approve(order)
    name = f"{reference[:26]}-1"
    await portal.calls.ask("paypal", Ask(name, order))
    resource = {
        "id": f"CAP-{order}",
        "custom_id": name,
        "amount": {"currency_code": "EUR", "value": "46.28"},
    }
    body = paypal.event("PAYMENT.CAPTURE.REVERSED", resource)
    for _ in range(2):
        answer = await paypal.call_web_hook(portal.browser, body)
        assert answer.status_code == 200
    record = await portal.record(reference)
    assert record.standing.charged_back_minor == 4628
    assert len(record.payments) == 2


async def test_nothing_hangs_while_paypal_is_slow_or_down(
    store: Store, paypal: PayPal
) -> None:
    async with opened(store, paypal, QUICK) as portal, asyncio.timeout(PATIENCE_S):
        # A first start may be slower than QUICK where machines are busy.
        paypal.is_slow = True
        reference = await open_bill(store)
        with pytest.raises(ProviderSilent, match="Try again"):
            await portal.choose(reference, "paypal")
        record = await portal.record(reference)
        assert [each.state for each in record.attempts] == [AttemptState.FAILED]
    paypal.is_slow = False
    async with opened(store, paypal) as portal:
        chosen = await portal.choose(reference, "paypal")
        assert isinstance(chosen.step, Redirect)
        paypal.approve(chosen.step.provider_ref)
        paypal.is_down = True
        back = await portal.browser.get(f"/paypal/payment_accepted?bill={reference}")
        assert back.headers["Location"] == f"/bills/{reference}"
        event = {"id": chosen.step.provider_ref}
        body = paypal.event("CHECKOUT.ORDER.APPROVED", event)
        hook = await paypal.call_web_hook(portal.browser, body)
        assert hook.status_code == 503, "it is to be called again"
        assert not (await portal.record(reference)).payments
        assert (await portal.entries())[-1].severity is Severity.WARNING
        paypal.is_down = False
        await paypal.call_web_hook(portal.browser, body)
        assert len((await portal.record(reference)).payments) == 1
