from __future__ import annotations

import asyncio
import random
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import pytest
import pytest_asyncio

from hub.core.bills.attempts import AttemptState
from hub.payments import stripe_checkout
from hub.payments.method import FormPost
from hub.payments.postfinance import PostFinance, Settings
from hub.payments.postfinance_sha import Algorithm
from hub.payments.stripe_checkout import StripeCheckout
from hub.service.payment_log import Severity
from hub.store.errors import DatabaseGone
from tests.counterparts.portal import SECRETS, open_bill, running_portal
from tests.counterparts.postfinance import PaymentPage, digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from hub.store.store import Store
    from tests.counterparts.portal import Portal

PASS_IN, PASS_OUT = SECRETS
BROWSER_ROUTES = (
    "payment_accepted",
    "payment_declined",
    "payment_canceled",
    "exception",
)
ROUTES = (*BROWSER_ROUTES, "post_sale")


def contract(algorithm: Algorithm = Algorithm.SHA512) -> PostFinance:
    settings = Settings(
        pspid="foxrun", pass_in=PASS_IN, pass_out=PASS_OUT, algorithm=algorithm
    )
    return PostFinance(settings)


@pytest_asyncio.fixture
async def portal(store: Store) -> AsyncIterator[Portal]:
    async with running_portal(store, [contract()]) as running:
        yield running


@pytest.fixture
def provider() -> PaymentPage:
    return PaymentPage(PASS_IN, PASS_OUT)


async def begun(portal: Portal) -> dict[str, str]:
    """Begin to pay a new bill; the fields the browser posts to the provider."""
    reference = await open_bill(portal.store)
    chosen = await portal.choose(reference, "postfinance")
    assert isinstance(chosen.step, FormPost)
    return dict(chosen.step.fields)


def reference_of(order: dict[str, str]) -> str:
    return order["ACCEPTURL"] and order["HOMEURL"].rpartition("/")[2]


async def call(
    portal: Portal, action: str, feedback: bytes, verb: str = "GET"
) -> httpx.Response:
    path = f"/post_finance/{action}"
    if verb == "GET":
        return await portal.browser.get(f"{path}?{feedback.decode()}")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await portal.browser.post(path, content=feedback, headers=headers)


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        *((action, "GET") for action in ROUTES),
        ("exception", "POST"),
        (ROUTES[-1], "POST"),
    ],
)
async def test_each_route_takes_feedback_by_get_and_post(
    portal: Portal, provider: PaymentPage, action: str, verb: str
) -> None:
    order = await begun(portal)
    answer = await call(portal, action, provider.feedback(order, "9"), verb)
    reference = reference_of(order)
    if action == "post_sale":
        assert (answer.status_code, answer.text) == (200, "OK")
    else:
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/bills/{reference}"
    record = await portal.record(reference)
    assert record.standing.open_minor == 0
    (payment,) = record.payments
    request, outcome = await portal.entries()
    assert request.message.startswith(f"{verb} /post_finance/{action}")
    assert (request.severity, outcome.severity) == (Severity.INFO, Severity.INFO)
    assert outcome.payment == payment.id
    assert outcome.bill == reference
    for entry in (request, outcome):
        assert entry.controller_name == "PostFinanceController"
        assert entry.action == action
        assert entry.ip_address == "127.0.0.1"


@pytest.mark.parametrize(
    ("algorithm", "charset"),
    [
        (Algorithm.SHA1, "iso-8859-1"),
        (Algorithm.SHA256, "utf-8"),
        (Algorithm.SHA512, "iso-8859-1"),
    ],
)
async def test_feedback_is_believed_in_any_charset_and_algorithm(
    store: Store, charset: str, algorithm: Algorithm
) -> None:
    page = PaymentPage(PASS_IN, PASS_OUT, algorithm.value, charset)
    async with running_portal(store, [contract(algorithm)]) as portal:
        order = await begun(portal)
        signed = {name: value for name, value in order.items() if name != "SHASIGN"}
        assert order["SHASIGN"] == digest(signed, PASS_IN, algorithm.value)
        answer = await call(portal, "payment_accepted", page.feedback(order, "9"))
        assert answer.status_code == 303
        assert len((await portal.record(reference_of(order))).payments) == 1


@pytest.mark.parametrize(
    ("status", "action", "state"),
    [
        ("9", "payment_accepted", AttemptState.PAID),
        ("2", "payment_declined", AttemptState.FAILED),
        ("1", "payment_canceled", AttemptState.CANCELED),
        ("92", "exception", AttemptState.UNCERTAIN),
        ("52", "exception", AttemptState.UNCERTAIN),
        ("51", "payment_accepted", AttemptState.PENDING),
        ("9", "payment_declined", AttemptState.PAID),
    ],
)
async def test_the_status_decides_and_not_the_route(
    portal: Portal,
    provider: PaymentPage,
    status: str,
    action: str,
    state: AttemptState,
) -> None:
    order = await begun(portal)
    answer = await call(portal, action, provider.feedback(order, status))
    assert answer.status_code == 303
    record = await portal.record(reference_of(order))
    assert [attempt.state for attempt in record.attempts] == [state]
    assert len(record.payments) == (1 if status == "9" else 0)
    entries = await portal.entries()
    uncertain = state is AttemptState.UNCERTAIN
    assert entries[-1].severity is (Severity.WARNING if uncertain else Severity.INFO)
    assert f"is {state.value}" in entries[-1].message


async def test_accepted_and_post_sale_racing_make_one_payment(
    portal: Portal, provider: PaymentPage
) -> None:
    order = await begun(portal)
    feedback = provider.feedback(order, "9")
    calls = [*["payment_accepted"] * 10, *["post_sale"] * 10]
    random.Random(4).shuffle(calls)
    answers = await asyncio.gather(
        *(call(portal, action, feedback, "POST") for action in calls)
    )
    assert {answer.status_code for answer in answers} == {200, 303}
    record = await portal.record(reference_of(order))
    (payment,) = record.payments
    assert payment.principal_minor == 4628
    outcomes = [entry for entry in await portal.entries() if entry.regarding]
    assert len(outcomes) == 20
    assert {entry.payment for entry in outcomes} == {payment.id}
    assert sum("as was known" in entry.message for entry in outcomes) == 19


@pytest.mark.parametrize("order_of_calls", ["921", "129", "219"])
async def test_feedback_in_any_order_books_what_was_paid(
    portal: Portal, provider: PaymentPage, order_of_calls: str
) -> None:
    order = await begun(portal)
    for status in order_of_calls:
        feedback = provider.feedback(order, status, "32100199")
        answer = await call(portal, "post_sale", feedback, "POST")
        assert answer.status_code == 200
    record = await portal.record(reference_of(order))
    assert [attempt.state for attempt in record.attempts] == [AttemptState.PAID]
    assert len(record.payments) == 1


async def test_a_second_real_payment_is_booked_and_told(
    portal: Portal, provider: PaymentPage
) -> None:
    order = await begun(portal)
    for _ in range(2):
        answer = await call(portal, "post_sale", provider.feedback(order, "9"), "POST")
        assert answer.status_code == 200
    record = await portal.record(reference_of(order))
    assert len(record.payments) == 2
    assert record.standing.over_minor == 4628
    entries = await portal.entries()
    assert entries[-1].severity is Severity.WARNING
    assert "second payment" in entries[-1].message


def spoiled(feedback: bytes, **changed: str) -> bytes:
    return urlencode(dict(parse_qsl(feedback.decode())) | changed).encode()


def signed_anew(feedback: bytes, **changed: str) -> bytes:
    """Sign other words with the right passphrase: the provider itself errs."""
    fields = dict(parse_qsl(feedback.decode())) | changed
    del fields["SHASIGN"], fields["lang"]
    return urlencode(fields | {"SHASIGN": digest(fields, PASS_OUT, "sha512")}).encode()


@pytest.mark.parametrize(
    "bad",
    [
        lambda good: spoiled(good, amount="0.01"),
        lambda good: spoiled(good, SHASIGN="0" * 128),
        lambda good: spoiled(good, SHASIGN=""),
        lambda good: good[: len(good) // 2],
        lambda good: good + b"&STATUS=9",
        lambda good: good + b"&x=" + b"y" * 300_000,
        lambda _: b"",
        lambda _: b"%ff%00=\x00&&&===",
    ],
    ids=[
        "amount",
        "hash",
        "unsigned",
        "truncated",
        "doubled",
        "long",
        "empty",
        "garbage",
    ],
)
async def test_forged_feedback_is_logged_as_an_error_and_ignored(
    portal: Portal, provider: PaymentPage, bad: Callable[[bytes], bytes]
) -> None:
    order = await begun(portal)
    feedback = bad(provider.feedback(order, "9"))
    for action in ROUTES:
        answer = await call(portal, action, feedback, "POST")
        assert answer.status_code == 400
        for hint in ("hash", "SHA", "digest", "PostFinance", reference_of(order)):
            assert hint not in answer.text
        assert ("<h1>" in answer.text) is (action != "post_sale")
    record = await portal.record(reference_of(order))
    assert not record.payments
    assert [attempt.state for attempt in record.attempts] == [AttemptState.REDIRECTED]
    entries = await portal.entries()
    assert len(entries) == 2 * len(ROUTES)
    for request, outcome in zip(entries[::2], entries[1::2], strict=True):
        assert request.severity is Severity.INFO
        assert len(request.message.encode()) <= 10_000
        assert outcome.severity is Severity.ERROR
        assert outcome.regarding == request.number


NONSENSE = [
    ({"amount": "46,28"}, "not written as PostFinance does"),
    ({"amount": "46.2800"}, "not written as PostFinance does"),
    ({"amount": "-46.28"}, "not written as PostFinance does"),
    ({"orderID": "77"}, "no order id"),
    ({"orderID": "00000" + "9" * 21 + "-1"}, "There is no bill"),
    ({"orderID": "00000" + "123456789012345678901" + "-7"}, "has no attempt 7"),
    ({"STATUS": "77"}, "Unknown status"),
    ({"currency": "USD"}, "reports 46.28 USD"),
    ({"PAYID": ""}, "names no reference"),
]


async def test_signed_nonsense_is_a_warning_and_is_not_booked(
    portal: Portal, provider: PaymentPage
) -> None:
    order = await begun(portal)
    for changed, told in NONSENSE:
        feedback = signed_anew(provider.feedback(order, "9"), **changed)
        answer = await call(portal, "post_sale", feedback, "POST")
        assert answer.status_code == 200, "asking again would not help"
        entries = await portal.entries()
        assert entries[-1].severity is Severity.WARNING
        assert told in entries[-1].message
    assert not (await portal.record(reference_of(order))).payments


async def test_cookies_and_passphrases_are_not_in_the_log(
    portal: Portal, provider: PaymentPage
) -> None:
    order = await begun(portal)
    feedback = provider.feedback(order, "9").decode()
    await portal.browser.get(
        f"/post_finance/payment_accepted?{feedback}&x={PASS_OUT}",
        headers={"Cookie": "kassenband=s3ssion", "Authorization": "Basic s3cret"},
    )
    for entry in await portal.entries():
        for secret in ("s3ssion", "s3cret", PASS_IN, PASS_OUT, "Mysecretsig"):
            assert secret not in entry.message
    assert "cookie: ***" in (await portal.entries())[0].message


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/post_finance/payment_refunded", 404),
        ("POST", "/post_finance/", 404),
        ("GET", "/post_finance/%00%1b/../x", 404),
        ("PUT", "/post_finance/post_sale", 405),
        ("HEAD", "/post_finance/payment_accepted", 405),
        ("POST", "/paypal/web_hook", 404),
        ("GET", "/stripe/payment_accepted", 400),
    ],
)
async def test_calls_of_what_is_not_there_are_logged_too(
    portal: Portal, verb: str, path: str, status: int
) -> None:
    answer = await portal.browser.request(verb, path)
    assert answer.status_code == status
    request, outcome = await portal.entries()
    assert request.message.startswith(f"{verb} /")
    assert outcome.severity is Severity.WARNING


async def test_a_return_with_too_many_parameters_is_no_fault_of_ours(
    store: Store,
) -> None:
    settings = stripe_checkout.Settings(secret_key="sk_1", web_hook_secret="whsec_1")
    method = StripeCheckout(settings, now=lambda: 0)
    async with running_portal(store, [method]) as portal:
        query = "&".join(f"a{number}=1" for number in range(60))
        answer = await portal.browser.get(f"/stripe/payment_accepted?{query}")
        assert answer.status_code == 400
        assert {each.severity for each in await portal.entries()} == {Severity.INFO}


async def test_a_call_stays_in_the_log_when_what_it_caused_fails(
    portal: Portal, provider: PaymentPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await begun(portal)

    async def fail(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(portal.payments, "report", fail)
    feedback = provider.feedback(order, "9")
    answer = await call(portal, "post_sale", feedback, "POST")
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    page = await call(portal, "payment_accepted", feedback)
    assert page.status_code == 503
    assert re.search(r"<h1>[^<]+</h1>", page.text)
    assert "secret" not in page.text
    request, outcome, *_ = await portal.entries()
    assert "orderID" in request.message
    assert outcome.severity is Severity.FATAL
    assert "secret detail" not in outcome.message


async def test_without_the_database_the_provider_is_told_to_call_again(
    portal: Portal, provider: PaymentPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await begun(portal)

    async def gone(*_: object) -> None:
        raise DatabaseGone("The database does not answer.")

    monkeypatch.setattr(portal.log, "note", gone)
    answer = await call(portal, "post_sale", provider.feedback(order, "9"), "POST")
    assert answer.status_code == 503
    assert not (await portal.record(reference_of(order))).payments
