from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import parse_qsl

import pytest

from hub.core.bills.errors import NotAllowed
from hub.core.bills.reports import Report, Said
from hub.payments.errors import Forged, ProviderRefused, ProviderSilent, Unusable
from hub.payments.method import Answer, Ask, Incoming, Received, Redirect
from hub.payments.stripe_checkout import TOLERANCE_S, Settings, StripeCheckout
from tests.hub.payments.samples import ORDER_ID, START, URLS, give_back, performed

SECRET = "whsec_test"
NOW = 1_777_777_777
STRIPE = StripeCheckout(
    Settings(secret_key="sk_test", web_hook_secret=SECRET), now=lambda: NOW
)
PAID_SESSION = {
    "id": "cs_1",
    "client_reference_id": ORDER_ID,
    "payment_status": "paid",
    "status": "complete",
    "payment_intent": "pi_1",
}
INTENT = {
    "id": "pi_1",
    "status": "succeeded",
    "amount_received": 4628,
    "currency": "chf",
    "metadata": {"order_id": ORDER_ID},
    "latest_charge": {
        "balance_transaction": {"fee": 164},
        "refunds": {"data": []},
        "dispute": None,
    },
}
PAID = Report(
    order_id=ORDER_ID,
    said=Said.PAID,
    provider_ref="cs_1",
    money_ref="pi_1",
    amount_minor=4628,
    currency="CHF",
    fee_minor=164,
    status="succeeded",
)


def good(body: object) -> Answer:
    return Answer(200, json.dumps(body).encode())


def hook(body: object, **changed: object) -> Incoming:
    data = json.dumps(body).encode()
    time = changed.get("time", NOW)
    key = str(changed.get("key", SECRET)).encode()
    digest = hmac.new(key, f"{time}.".encode() + data, hashlib.sha256).hexdigest()
    header = f"t={time},v0=old,v1={'0' * 64},v1={digest}"
    return Incoming(
        action="web_hook",
        headers=(("stripe-signature", str(changed.get("header", header))),),
        body=data + bytes(changed.get("more", b"")),  # type: ignore[call-overload]
    )


def session_event(kind: str = "completed") -> dict[str, object]:
    return {
        "type": f"checkout.session.{kind}",
        "data": {"object": {"id": "cs_1", "client_reference_id": ORDER_ID}},
    }


def test_a_session_is_opened_for_principal_and_surcharge() -> None:
    step, (call,) = performed(
        STRIPE.start(START),
        [good({"id": "cs_1", "url": "https://checkout.stripe.com/c/cs_1"})],
    )

    assert step == Redirect("https://checkout.stripe.com/c/cs_1", "cs_1")
    assert (call.verb, call.url) == (
        "POST",
        "https://api.stripe.com/v1/checkout/sessions",
    )
    assert dict(call.headers)["Idempotency-Key"] == ORDER_ID
    assert dict(call.headers)["Authorization"] == "Bearer sk_test"
    form = dict(parse_qsl(call.body.decode()))
    assert form["line_items[0][price_data][unit_amount]"] == "4628"
    assert form["line_items[0][price_data][currency]"] == "chf"
    assert form["client_reference_id"] == ORDER_ID
    assert form["payment_method_types[0]"] == "card"
    assert form["payment_intent_data[metadata][order_id]"] == ORDER_ID
    assert form["success_url"] == URLS.accepted
    assert form["customer_email"] == "pia@example.org"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(503, b""), ProviderSilent),
        (Answer(429, b""), ProviderSilent),
        (Answer(409, b'{"error":{"type":"idempotency_error"}}'), ProviderSilent),
        (Answer(200, b"<html>"), ProviderSilent),
        (Answer(401, b'{"error":{"message":"Invalid API Key"}}'), ProviderRefused),
        (good({"id": "cs_1", "url": "http://evil.example"}), ProviderRefused),
        (good({}), ProviderRefused),
    ],
)
def test_a_provider_that_fails_is_told_apart_from_one_that_refuses(
    answer: Answer, error: type[Exception]
) -> None:
    with pytest.raises(error):
        performed(STRIPE.start(START), [answer])


def test_a_signed_web_hook_makes_us_ask() -> None:
    received, _ = performed(STRIPE.receive(hook(session_event())))
    assert received == Received(to_ask=(Ask(ORDER_ID, "cs_1"),))

    charge = {"payment_intent": "pi_1", "metadata": {"order_id": ORDER_ID}}
    event = {"type": "charge.refunded", "data": {"object": charge}}
    received, _ = performed(STRIPE.receive(hook(event)))
    assert received == Received(to_ask=(Ask(ORDER_ID, "pi_1"),))

    received, _ = performed(STRIPE.receive(hook({"type": "customer.created"})))
    assert received == Received()


def test_the_browsers_return_proves_nothing() -> None:
    received, calls = performed(STRIPE.receive(Incoming(action="payment_accepted")))

    assert (received, calls) == (Received(), [])


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "whsec_other"},
        {"more": b" "},
        {"time": NOW - TOLERANCE_S - 1},
        {"time": NOW + TOLERANCE_S + 1},
        {"header": ""},
        {"header": f"t={NOW}"},
        {"header": f"t={NOW},v1="},
        {"header": "t=x,v1=00"},
        {"header": "v1=00"},
    ],
)
def test_a_forged_or_replayed_web_hook_is_not_believed(
    changed: dict[str, object],
) -> None:
    with pytest.raises(Forged):
        performed(STRIPE.receive(hook(session_event(), **changed)))


def test_signed_nonsense_is_a_warning() -> None:
    with pytest.raises(Unusable):
        performed(STRIPE.receive(hook([1, 2])))


def test_what_stripe_answers_is_the_truth() -> None:
    reports, calls = performed(
        STRIPE.fetch(Ask(provider_ref="cs_1")), [good(PAID_SESSION), good(INTENT)]
    )

    assert reports == (PAID,)
    assert [call.verb for call in calls] == ["GET", "GET"]
    assert calls[0].url.endswith("/v1/checkout/sessions/cs_1")
    assert "/v1/payment_intents/pi_1?expand" in calls[1].url


@pytest.mark.parametrize(
    ("session", "said"),
    [
        ({"status": "open", "payment_status": "unpaid"}, Said.NOTHING),
        ({"status": "expired", "payment_status": "unpaid"}, Said.EXPIRED),
        ({"status": "complete", "payment_status": "unpaid"}, Said.PENDING),
    ],
)
def test_an_unpaid_session_is_no_payment(session: dict[str, str], said: Said) -> None:
    reports, _ = performed(
        STRIPE.fetch(Ask(provider_ref="cs_1")), [good(PAID_SESSION | session)]
    )

    assert [report.said for report in reports] == [said]


@pytest.mark.parametrize(
    ("currency", "fee", "foreign_fee"),
    [("chf", 164, ""), ("eur", None, "1.64 EUR"), ("jpy", None, "164 JPY")],
)
def test_a_fee_in_another_currency_is_told_and_not_taken_for_ours(
    currency: str, fee: int | None, foreign_fee: str
) -> None:
    charge = {"balance_transaction": {"fee": 164, "currency": currency}}
    (report,), _ = performed(
        STRIPE.fetch(Ask(provider_ref="pi_1")),
        [good(INTENT | {"latest_charge": charge})],
    )

    assert (report.fee_minor, report.foreign_fee) == (fee, foreign_fee)


def test_refunds_and_disputes_are_told_beside_the_payment() -> None:
    charge = {
        "balance_transaction": {"fee": 164},
        "refunds": {
            "data": [
                {"id": "re_1", "status": "succeeded", "amount": 100, "currency": "chf"}
            ]
        },
        "dispute": {
            "id": "dp_1",
            "status": "needs_response",
            "amount": 4628,
            "currency": "chf",
        },
    }
    paid, dispute, refund = performed(
        STRIPE.fetch(Ask(provider_ref="pi_1")),
        [good(INTENT | {"latest_charge": charge})],
    )[0]

    assert paid.said is Said.PAID
    assert (dispute.said, dispute.money_ref) == (Said.CHARGED_BACK, "dp_1")
    assert dispute.alarm
    assert (refund.said, refund.money_ref, refund.amount_minor) == (
        Said.REFUNDED,
        "re_1",
        100,
    )


@pytest.mark.parametrize(
    ("status", "said", "is_open"),
    [
        ("under_review", Said.CHARGED_BACK, True),
        ("lost", Said.CHARGED_BACK, False),
        ("won", Said.RETURNED, False),
        ("warning_needs_response", Said.NOTHING, True),
        ("warning_closed", Said.NOTHING, False),
    ],
)
def test_a_dispute_takes_money_until_it_is_won(
    status: str, said: Said, is_open: bool
) -> None:
    dispute = {"id": "dp_1", "status": status, "amount": 4628, "currency": "chf"}
    charge = {"balance_transaction": None, "dispute": dispute}
    paid, told = performed(
        STRIPE.fetch(Ask(provider_ref="pi_1")),
        [good(INTENT | {"latest_charge": charge})],
    )[0]

    assert paid.fee_minor is None, "it is not known at first"
    assert (told.said, told.money_ref) == (said, "dp_1")
    assert bool(told.alarm) is is_open


def of_dispute(
    status: str, *moved: tuple[int, int], currency: str = "chf"
) -> list[Report]:
    """What is told of a dispute, beside the payment; `moved`: amounts and fees."""
    dispute = {
        "id": "dp_1",
        "status": status,
        "amount": 4628,
        "currency": "chf",
        "balance_transactions": [
            {"id": f"txn_{at}", "amount": minor, "fee": fee, "currency": currency}
            for at, (minor, fee) in enumerate(moved)
        ],
    }
    charge = {"balance_transaction": None, "dispute": dispute}
    reports, _ = performed(
        STRIPE.fetch(Ask(provider_ref="pi_1")),
        [good(INTENT | {"latest_charge": charge})],
    )
    return list(reports[1:])


@pytest.mark.parametrize("status", ["needs_response", "lost"])
def test_the_fee_of_a_dispute_is_told(status: str) -> None:
    (told,) = of_dispute(status, (-4628, 1500))
    assert (told.said, told.amount_minor, told.fee_minor) == (
        Said.CHARGED_BACK,
        4628,
        1500,
    )

    (told,) = of_dispute(status)
    assert told.fee_minor is None, "it is not known at first"
    (told,) = of_dispute(status, (-4628, 1500), currency="eur")
    assert told.fee_minor is None, "it is kept in the account's currency"
    assert told.foreign_fee == "15.00 EUR"
    _, back = of_dispute("won", (-4628, 1500), (4628, -1500), currency="eur")
    assert (back.said, back.foreign_fee) == (Said.RETURNED, "-15.00 EUR")


def test_a_dispute_that_was_won_is_told_as_it_went() -> None:
    gone, back = of_dispute("won", (-4628, 1500), (4628, -1500))

    assert (gone.said, gone.fee_minor, gone.alarm) == (Said.CHARGED_BACK, 1500, None)
    assert (back.said, back.amount_minor, back.fee_minor) == (
        Said.RETURNED,
        4628,
        -1500,
    )
    _, *parts = of_dispute("won", (-4628, 1500), (2314, 0), (2314, 0))
    assert [(each.amount_minor, each.part) for each in parts] == [
        (2314, "txn_1"),
        (2314, "txn_2"),
    ]


def test_somebody_elses_payment_is_none_of_ours() -> None:
    reports, _ = performed(
        STRIPE.fetch(Ask(provider_ref="pi_1")), [good(INTENT | {"metadata": {}})]
    )

    assert reports == ()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("succeeded", Said.REFUNDED),
        ("pending", Said.REFUND_PENDING),
        ("failed", Said.REFUND_FAILED),
    ],
)
def test_a_refund_is_asked_for_once_per_key(status: str, said: Said) -> None:
    body = {"id": "re_1", "status": status, "amount": 1000, "currency": "chf"}
    report, (call,) = performed(STRIPE.refund(give_back()), [good(body)])

    assert (report.said, report.money_ref, report.amount_minor) == (said, "re_1", 1000)
    assert bool(report.alarm) is (said is Said.REFUND_FAILED)
    assert dict(call.headers)["Idempotency-Key"] == "refund-1"
    assert dict(parse_qsl(call.body.decode()))["amount"] == "1000"


def test_staff_name_a_movement_by_an_id_of_its_kind() -> None:
    named = STRIPE.money_ref

    assert named(Said.PAID, "pi_1") == PAID.money_ref
    assert named(Said.REFUNDED, "re_1") == "re_1"
    assert named(Said.CHARGED_BACK, "du_1") == "du_1"
    assert not STRIPE.may_be_same("re_1", "re_2")
    with pytest.raises(NotAllowed, match="begins with pi_"):
        named(Said.PAID, "ch_1")
    with pytest.raises(NotAllowed, match="begins with re_, pyr_"):
        named(Said.REFUNDED, "pi_1")


def test_a_silence_is_passed_on() -> None:
    with pytest.raises(ProviderSilent):
        performed(STRIPE.fetch(Ask(provider_ref="cs_1")), [ProviderSilent("no answer")])


def test_secrets_are_not_shown() -> None:
    assert "sk_test" not in repr(Settings(secret_key="sk_test", web_hook_secret="x"))
