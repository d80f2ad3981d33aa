"""Stripe end to end: localstripe keeps the money, the portal and database are real."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from hub.core.bills.attempts import AttemptState
from hub.core.bills.bill import MovementKind
from hub.payments.errors import ProviderRefused
from hub.payments.method import Ask, GiveBack, Redirect
from hub.payments.stripe_checkout import Settings, StripeCheckout
from hub.service.bill_viewers import OfStaff
from hub.service.payment_log import Severity
from hub.service.polling import Poller
from tests.counterparts.portal import EVENT, open_bill, running_portal
from tests.counterparts.rerouting import rerouted
from tests.counterparts.stripe import HOST, KEY, WEB_HOOK_SECRET, Stripe, running_stripe
from tests.hub import samples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from hub.store.store import Store
    from tests.counterparts.portal import Portal

PATIENCE_S = 60


def contract() -> StripeCheckout:
    settings = Settings(secret_key=KEY, web_hook_secret=WEB_HOOK_SECRET)
    return StripeCheckout(settings, now=lambda: int(time.time()))


@pytest_asyncio.fixture
async def played(store: Store, tmp_path: Path) -> AsyncIterator[tuple[Portal, Stripe]]:
    async with running_stripe(tmp_path) as (stripe, url):
        client = rerouted({HOST: url})
        async with running_portal(store, [contract()], client) as portal:
            yield portal, stripe


async def sent_to_stripe(portal: Portal) -> tuple[str, str]:
    reference = await open_bill(portal.store)
    chosen = await portal.choose(reference, "stripe")
    assert isinstance(chosen.step, Redirect)
    assert chosen.step.url.startswith("https://checkout.stripe.com/")
    return reference, chosen.step.provider_ref


async def test_a_payer_who_paid_and_comes_back_has_paid(
    played: tuple[Portal, Stripe],
) -> None:
    portal, stripe = played
    reference, session = await sent_to_stripe(portal)
    back = await portal.browser.get(f"/stripe/payment_canceled?bill={reference}")
    assert back.headers["Location"] == f"/bills/{reference}"
    assert not (await portal.record(reference)).payments

    intent = await stripe.pay(session)
    await portal.calls.ask("stripe", Ask(f"{reference[:26]}-1", session))
    back = await portal.browser.get(f"/stripe/payment_accepted?bill={reference}")
    assert back.headers["Location"] == f"/bills/{reference}"
    record = await portal.record(reference)
    (payment,) = record.payments
    assert (payment.money_ref, payment.principal_minor) == (intent, 4628)
    assert record.standing.open_minor == 0


async def test_who_comes_again_pays_on_the_same_page(
    played: tuple[Portal, Stripe],
) -> None:
    portal, stripe = played
    reference, session = await sent_to_stripe(portal)
    # Stripe refuses the same key with other parameters, as another end of the session.
    stripe.forms[session]["expires_at"] = "1"
    again = await portal.choose(reference, "stripe")
    assert isinstance(again.step, Redirect)
    assert again.step.provider_ref == session
    assert list(stripe.sessions) == [session]


async def test_a_page_that_can_not_be_shown_again_can_still_be_paid_on(
    played: tuple[Portal, Stripe],
) -> None:
    portal, stripe = played
    reference, session = await sent_to_stripe(portal)
    shown = dict(stripe.sessions[session])
    stripe.sessions[session]["url"] = None
    with pytest.raises(ProviderRefused):
        await portal.choose(reference, "stripe")
    (attempt,) = (await portal.record(reference)).attempts
    assert attempt.state is AttemptState.REDIRECTED
    stripe.sessions[session] = shown


async def test_what_is_paid_on_a_page_that_was_given_up_is_found_out(
    played: tuple[Portal, Stripe],
) -> None:
    portal, stripe = played
    reference, session = await sent_to_stripe(portal)
    await portal.payments.give_up(OfStaff(), reference, 1)
    await stripe.pay(session)
    poller = Poller(
        portal.store,
        EVENT,
        {"stripe": contract()},
        portal.calls,
        is_writer=lambda: True,
    )
    assert await poller.ask_all() == 1
    record = await portal.record(reference)
    assert record.standing.open_minor == 0
    assert record.attempts[0].state is AttemptState.PAID


async def test_localstripes_own_web_hook_is_believed_and_a_changed_one_is_not(
    played: tuple[Portal, Stripe],
) -> None:
    portal, stripe = played
    await stripe.register_web_hook(f"{portal.url}/stripe/web_hook")
    reference, session = await sent_to_stripe(portal)
    await stripe.pay(session)
    # localstripe calls a second later, and once; of the customer it tells, too.
    async with asyncio.timeout(PATIENCE_S):
        await portal.heard("payment_intent.succeeded")
        await portal.heard("customer.created")
    (payment,) = (await portal.record(reference)).payments
    entries = await portal.entries()
    assert payment.id in {entry.payment for entry in entries}
    assert all(entry.severity is Severity.INFO for entry in entries)
    assert "client_secret" in str(entries)
    assert "_secret_" not in str(entries)

    calls = [each.incoming for each in portal.calls.came]
    paid = next(each for each in calls if b"payment_intent.succeeded" in each.body)
    body, signature = paid.body, paid.header("Stripe-Signature")
    for content, status in (
        (body, 200),
        (body.replace(b"4628", b"4629"), 400),
        (body[:-2], 400),
    ):
        answer = await portal.browser.post(
            "/stripe/web_hook",
            content=content,
            headers={"Stripe-Signature": signature},
        )
        assert answer.status_code == status
    assert len((await portal.record(reference)).payments) == 1
    assert (await portal.entries())[-1].severity is Severity.ERROR


async def test_a_refund_is_made_and_booked_once(
    played: tuple[Portal, Stripe],
) -> None:
    portal, stripe = played
    reference, session = await sent_to_stripe(portal)
    intent = await stripe.pay(session)
    name = f"{reference[:26]}-1"
    await portal.calls.ask("stripe", Ask(name, session))
    back = GiveBack(
        money_ref=intent,
        amount_minor=1000,
        currency=samples.EVENT.currency,
        key="refund-1",
        order_id=name,
    )
    for _ in range(2):
        report = await portal.performer.perform(contract().refund(back))
        await portal.payments.report("stripe", report)
    await portal.calls.ask("stripe", Ask(name, session))
    record = await portal.record(reference)
    kinds = [each.kind for each in record.payments]
    assert kinds == [MovementKind.PAYMENT, MovementKind.REFUND]
    assert record.standing.refunded_minor == 1000
