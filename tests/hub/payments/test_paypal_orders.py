from __future__ import annotations

import json

import pytest

from hub.core.bills.errors import NotAllowed
from hub.core.bills.reports import Report, Said
from hub.payments.errors import Forged, ProviderRefused, ProviderSilent
from hub.payments.json_body import minor_units
from hub.payments.method import Answer, Ask, Incoming, Received, Redirect
from hub.payments.paypal_orders import PayPalOrders, Settings
from tests.hub.payments.paypal_certificates import CERTIFICATES, check, signed
from tests.hub.payments.samples import ORDER_ID, START, URLS, give_back, performed

TOKEN = Answer(200, b'{"access_token":"A21"}')
CAPTURE = {
    "id": "CAP1",
    "status": "COMPLETED",
    "amount": {"currency_code": "CHF", "value": "46.28"},
    "seller_receivable_breakdown": {
        "paypal_fee": {"currency_code": "CHF", "value": "1.90"}
    },
}
PAID = Report(
    order_id=ORDER_ID,
    said=Said.PAID,
    provider_ref="PP1",
    money_ref="CAP1",
    amount_minor=4628,
    currency="CHF",
    fee_minor=190,
    status="capture COMPLETED",
)


def paypal() -> PayPalOrders:
    settings = Settings(client_id="id", secret="s3cret", web_hook_id="WH1")
    return PayPalOrders(settings, check())


def order(status: str, *captures: object, refunds: object = ()) -> Answer:
    unit: dict[str, object] = {"custom_id": ORDER_ID}
    if captures:
        unit["payments"] = {"captures": captures, "refunds": refunds}
    body = {"id": "PP1", "status": status, "purchase_units": [unit]}
    return Answer(200, json.dumps(body).encode())


def test_an_order_is_created_and_the_payer_sent_to_approve_it() -> None:
    links = [
        {"rel": "self", "href": "https://api-m.paypal.com/v2/checkout/orders/PP1"},
        {"rel": "payer-action", "href": "https://www.paypal.com/checkoutnow?token=PP1"},
    ]
    created = Answer(200, json.dumps({"id": "PP1", "links": links}).encode())

    step, (token, create) = performed(paypal().start(START), [TOKEN, created])

    assert step == Redirect("https://www.paypal.com/checkoutnow?token=PP1", "PP1")
    assert token.url == "https://api-m.paypal.com/v1/oauth2/token"
    headers = dict(create.headers)
    assert headers["Authorization"] == "Bearer A21"
    assert headers["PayPal-Request-Id"] == ORDER_ID
    body = json.loads(create.body)
    (unit,) = body["purchase_units"]
    assert body["intent"] == "CAPTURE"
    assert unit["amount"] == {"currency_code": "CHF", "value": "46.28"}
    assert unit["custom_id"] == unit["invoice_id"] == ORDER_ID
    context = body["payment_source"]["paypal"]["experience_context"]
    assert (context["return_url"], context["cancel_url"]) == (
        URLS.accepted,
        URLS.canceled,
    )


def test_an_approved_order_is_captured_once() -> None:
    reports, calls = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1", may_capture=True)),
        [TOKEN, order("APPROVED"), TOKEN, order("COMPLETED", CAPTURE)],
    )

    assert reports == (PAID,)
    assert calls[3].url.endswith("/v2/checkout/orders/PP1/capture")
    assert dict(calls[3].headers)["PayPal-Request-Id"] == "capture-PP1"


def test_an_order_whose_bill_is_not_open_is_not_captured() -> None:
    (report,), calls = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1")), [TOKEN, order("APPROVED")]
    )

    assert (report.said, len(calls)) == (Said.NOTHING, 2)


def test_an_order_captured_a_moment_ago_is_asked_again() -> None:
    refused = Answer(422, b'{"details":[{"issue":"ORDER_ALREADY_CAPTURED"}]}')
    reports, _ = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1", may_capture=True)),
        [
            TOKEN,
            order("APPROVED"),
            TOKEN,
            refused,
            TOKEN,
            order("COMPLETED", CAPTURE),
        ],
    )

    assert reports == (PAID,)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("CREATED", Said.NOTHING),
        ("PAYER_ACTION_REQUIRED", Said.NOTHING),
        ("SAVED", Said.NOTHING),
        ("VOIDED", Said.CANCELED),
    ],
)
def test_an_order_that_is_not_approved_is_not_captured(status: str, said: Said) -> None:
    (report,), calls = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1", may_capture=True)), [TOKEN, order(status)]
    )

    assert report.said is said
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("COMPLETED", Said.PAID),
        ("PARTIALLY_REFUNDED", Said.PAID),
        ("REFUNDED", Said.PAID),
        ("PENDING", Said.PENDING),
        ("DECLINED", Said.FAILED),
        ("FAILED", Said.FAILED),
        ("SOMETHING", Said.UNCERTAIN),
    ],
)
def test_what_a_capture_says(status: str, said: Said) -> None:
    (report,), _ = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1")),
        [TOKEN, order("COMPLETED", CAPTURE | {"status": status})],
    )

    assert report.said is said
    # What went back without a refund that is named: nobody here can book it.
    assert bool(report.alarm) is (status == "SOMETHING" or "REFUNDED" in status)


@pytest.mark.parametrize(
    ("kept", "fee", "foreign_fee"),
    [
        ({"paypal_fee": ("CHF", "1.90")}, 190, ""),
        ({"paypal_fee": ("USD", "2.05")}, None, "2.05 USD"),
        ({"paypal_fee_in_receivable_currency": ("JPY", "313")}, None, "313 JPY"),
        (
            {
                "paypal_fee": ("CHF", "1.90"),
                "paypal_fee_in_receivable_currency": ("USD", "2.05"),
            },
            190,
            "",
        ),
        ({"paypal_fee": ("USD", "0.00")}, None, ""),
        ({}, None, ""),
    ],
)
def test_a_fee_in_another_currency_is_told_and_not_guessed(
    kept: dict[str, tuple[str, str]], fee: int | None, foreign_fee: str
) -> None:
    breakdown = {
        name: {"currency_code": currency, "value": value}
        for name, (currency, value) in kept.items()
    }
    (report,), _ = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1")),
        [
            TOKEN,
            order("COMPLETED", CAPTURE | {"seller_receivable_breakdown": breakdown}),
        ],
    )

    assert (report.fee_minor, report.foreign_fee) == (fee, foreign_fee)


@pytest.mark.parametrize(
    "value", ["46,28", "46.2800", "46.281", "1.234,56", "1,234.56", "-46.28", "4e1", ""]
)
def test_an_amount_that_is_none_is_not_guessed(value: str) -> None:
    assert minor_units(value) is None


def test_an_order_that_paypal_forgot_has_expired() -> None:
    (report,), _ = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1")), [TOKEN, Answer(404, b"{}")]
    )

    assert (report.said, report.order_id) == (Said.EXPIRED, ORDER_ID)


def test_refunds_are_told_beside_the_payment() -> None:
    refund = {
        "id": "R1",
        "status": "COMPLETED",
        "amount": {"currency_code": "CHF", "value": "10.00"},
    }
    paid, back = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1")),
        [TOKEN, order("COMPLETED", CAPTURE, refunds=[refund])],
    )[0]

    assert paid == PAID
    assert (back.said, back.money_ref, back.amount_minor) == (
        Said.REFUNDED,
        "R1",
        1000,
    )


@pytest.mark.parametrize(
    ("status", "back", "is_alarming"),
    [
        ("REFUNDED", ["46.28"], False),
        ("REFUNDED", ["10.00", "36.28"], False),
        ("REFUNDED", ["10.00"], True),
        ("PARTIALLY_REFUNDED", ["10.00"], False),
        ("PARTIALLY_REFUNDED", [], True),
    ],
)
def test_what_went_back_unexplained_is_an_alarm(
    status: str, back: list[str], is_alarming: bool
) -> None:
    refunds = [
        {
            "id": f"R{at}",
            "status": "COMPLETED",
            "amount": {"currency_code": "CHF", "value": value},
        }
        for at, value in enumerate(back)
    ]
    reports, _ = performed(
        paypal().fetch(Ask(ORDER_ID, "PP1")),
        [TOKEN, order("COMPLETED", CAPTURE | {"status": status}, refunds=refunds)],
    )

    assert bool(reports[0].alarm) is is_alarming


LATER = Ask(ORDER_ID, "PP1", paid_as="CAP1")
DISPUTE = {
    "dispute_id": "PP-D-1",
    "status": "WAITING_FOR_SELLER_RESPONSE",
    "dispute_amount": {"currency_code": "CHF", "value": "46.28"},
}


def listed(*disputes: object) -> Answer:
    return Answer(200, json.dumps({"items": disputes}).encode())


def test_disputes_about_what_was_paid_are_told_to_people_and_not_booked() -> None:
    (_, begun, settled), calls = performed(
        paypal().fetch(LATER),
        [
            TOKEN,
            order("COMPLETED", CAPTURE),
            TOKEN,
            listed(DISPUTE, DISPUTE | {"status": "RESOLVED"}),
        ],
    )

    assert calls[3].url.endswith("/v1/customer/disputes?disputed_transaction_id=CAP1")
    assert (begun.said, settled.said) == (Said.NOTHING, Said.NOTHING)
    for said in ("PP-D-1", "46.28 CHF", "WAITING_FOR_SELLER_RESPONSE", "Answer in"):
        assert said in (begun.alarm or "")
    assert "what was decided" in (settled.alarm or "")


@pytest.mark.parametrize(
    "answer", [ProviderSilent("no answer"), Answer(500, b""), Answer(404, b"{}")]
)
def test_what_was_paid_is_told_while_disputes_are_not(
    answer: Answer | Exception,
) -> None:
    reports, _ = performed(
        paypal().fetch(LATER), [TOKEN, order("COMPLETED", CAPTURE), TOKEN, answer]
    )

    assert reports == (PAID,)


def test_an_app_that_may_not_see_disputes_is_told_of_once() -> None:
    method = paypal()
    told = [
        performed(
            method.fetch(LATER),
            [TOKEN, order("COMPLETED", CAPTURE), TOKEN, Answer(403, b"{}")],
        )[0]
        for _ in range(2)
    ]

    assert [len(each) for each in told] == [2, 1]
    assert "Switch Disputes on" in (told[0][1].alarm or "")


def test_a_capture_is_asked_about_where_its_order_is_forgotten() -> None:
    forgotten, capture = Answer(404, b"{}"), CAPTURE | {"status": "REFUNDED"}
    (report,), calls = performed(
        paypal().fetch(LATER),
        [
            TOKEN,
            forgotten,
            TOKEN,
            Answer(200, json.dumps(capture).encode()),
            TOKEN,
            listed(),
        ],
    )

    assert calls[3].url.endswith("/v2/payments/captures/CAP1")
    assert (report.said, report.money_ref) == (Said.PAID, "CAP1")
    assert "record what went back" in (report.alarm or "")


def test_a_refund_is_asked_for_once_per_key() -> None:
    done = Answer(201, b'{"id":"R1","status":"COMPLETED"}')
    report, calls = performed(
        paypal().refund(give_back(money_ref="CAP1")), [TOKEN, done]
    )

    assert (report.said, report.amount_minor, report.currency) == (
        Said.REFUNDED,
        1000,
        "CHF",
    )
    assert calls[1].url.endswith("/v2/payments/captures/CAP1/refund")
    assert dict(calls[1].headers)["PayPal-Request-Id"] == "refund-1"


def test_a_failed_refund_is_an_alarm() -> None:
    failed = Answer(201, b'{"id":"R1","status":"FAILED"}')
    report, _ = performed(paypal().refund(give_back()), [TOKEN, failed])

    assert report.said is Said.REFUND_FAILED
    assert report.alarm


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([Answer(401, b"{}")], ProviderRefused),
        ([Answer(500, b"")], ProviderSilent),
        ([TOKEN, Answer(400, b'{"name":"INVALID_REQUEST"}')], ProviderRefused),
        ([TOKEN, Answer(200, b"{}")], ProviderRefused),
        ([ProviderSilent("no answer")], ProviderSilent),
    ],
)
def test_a_provider_that_fails_is_told_apart_from_one_that_refuses(
    answers: list[Answer | Exception], error: type[Exception]
) -> None:
    with pytest.raises(error):
        performed(paypal().start(START), answers)


def event(kind: str, resource: object) -> bytes:
    return json.dumps({"event_type": kind, "resource": resource}).encode()


def test_a_signed_web_hook_makes_us_ask_and_its_certificate_is_kept() -> None:
    method = paypal()
    hook = signed(event("CHECKOUT.ORDER.APPROVED", {"id": "PP1"}))

    received, calls = performed(method.receive(hook), [Answer(200, CERTIFICATES)])
    assert received == Received(to_ask=(Ask("", "PP1"),))
    assert [call.verb for call in calls] == ["GET"]

    captured = {
        "custom_id": ORDER_ID,
        "supplementary_data": {"related_ids": {"order_id": "PP1"}},
    }
    hook = signed(event("PAYMENT.CAPTURE.COMPLETED", captured))
    received, calls = performed(method.receive(hook))
    assert received == Received(to_ask=(Ask(ORDER_ID, "PP1"),))
    assert calls == []


def test_a_reversal_is_known_from_its_signed_web_hook_only() -> None:
    resource = {
        "id": "CAP1",
        "custom_id": ORDER_ID,
        "amount": {"currency_code": "CHF", "value": "46.28"},
    }
    hook = signed(event("PAYMENT.CAPTURE.REVERSED", resource))

    received, _ = performed(paypal().receive(hook), [Answer(200, CERTIFICATES)])

    (report,) = received.proven
    assert (report.said, report.order_id) == (Said.CHARGED_BACK, ORDER_ID)
    assert (report.money_ref, report.amount_minor) == ("reversal-CAP1", 4628)


def test_staff_name_a_movement_as_paypal_does() -> None:
    named, may_be_same = paypal().money_ref, paypal().may_be_same

    assert named(Said.PAID, "3c679366hh908993f") == "3C679366HH908993F"
    assert named(Said.REFUNDED, "REF1") == "REF1"
    for typed in ("CAP1", "reversal-CAP1"):
        assert named(Said.CHARGED_BACK, typed) == "reversal-CAP1"
    assert may_be_same("reversal-CAP1", "reversal-REV1"), "of the capture, or its own"
    assert not may_be_same("REF1", "REF2")
    with pytest.raises(NotAllowed, match="transaction code"):
        named(Said.PAID, "CAP 1")


def test_a_web_hook_without_a_certificate_is_not_believed() -> None:
    hook = signed(event("CHECKOUT.ORDER.APPROVED", {"id": "PP1"}))

    with pytest.raises(Forged, match="no certificate"):
        performed(paypal().receive(hook), [Answer(404, b"")])


def test_the_browsers_return_proves_nothing() -> None:
    received, calls = performed(paypal().receive(Incoming(action="payment_accepted")))

    assert (received, calls) == (Received(), [])


def test_secrets_are_not_shown() -> None:
    assert "s3cret" not in repr(
        Settings(client_id="id", secret="s3cret", web_hook_id="WH1")
    )
