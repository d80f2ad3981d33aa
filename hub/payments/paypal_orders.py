"""PayPal Orders v2: create, redirect, capture once, refund; web-hooks only trigger.

What became of an order is fetched, by the poller if no web-hook gets in. An approved
order is captured when it is fetched: that is when money moves.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from contract.bill_reference import BadReference, read_order_id
from contract.money import Currency, plain_amount
from hub.core.bills.errors import NotAllowed
from hub.core.bills.postings import Channel, Via
from hub.core.bills.reports import Report, Said
from hub.payments.errors import Forged, ProviderRefused, ProviderSilent
from hub.payments.json_body import Fields, accepted, minor_units, read
from hub.payments.method import Ask, Call, Received, Redirect
from hub.payments.paypal_disputes import (
    blind_report,
    dispute_report,
    disputes_path,
)
from hub.payments.paypal_signature import SignatureCheck, certificate_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hub.payments.method import Answer, GiveBack, Incoming, Plan, Start, Step

CODE = "paypal"
API = "https://api-m.paypal.com"
SANDBOX = "https://api-m.sandbox.paypal.com"
FEE_CHARACTERS_MAX = 20

_ORDERS: Mapping[str, Said] = {"VOIDED": Said.CANCELED}
_CAPTURES: Mapping[str, Said] = {
    "COMPLETED": Said.PAID,
    "PARTIALLY_REFUNDED": Said.PAID,
    "REFUNDED": Said.PAID,
    "PENDING": Said.PENDING,
    "DECLINED": Said.FAILED,
    "FAILED": Said.FAILED,
}
_REVERSAL = "reversal-"
_CODE = re.compile(r"[0-9A-Z]{3,40}", re.A)
_GONE = frozenset({"PARTIALLY_REFUNDED", "REFUNDED"})
_REFUNDS: Mapping[str, Said] = {
    "COMPLETED": Said.REFUNDED,
    "PENDING": Said.REFUND_PENDING,
    "CANCELLED": Said.REFUND_FAILED,
    "FAILED": Said.REFUND_FAILED,
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """An event's app at PayPal; the secret is one."""

    client_id: str
    secret: str
    web_hook_id: str
    api: str = API

    def __repr__(self) -> str:
        return f"Settings(client_id={self.client_id!r}, api={self.api!r})"


class PayPalOrders:
    """The method; see PaymentMethod for what is promised when."""

    code = CODE
    controller_name = "PaypalController"
    currencies = frozenset(Currency)
    channel = Channel(Via.PROVIDER, CODE)
    locks_the_bill = False
    can_be_asked = True

    def __init__(self, settings: Settings, signatures: SignatureCheck) -> None:
        self._settings = settings
        self._signatures = signatures
        self._certificates: dict[str, bytes] = {}
        self._is_blind = False
        """Whether it was told that PayPal tells of no disputes: once is enough."""

    def start(self, start: Start) -> Plan[Step]:
        """Create an order and send the payer to approve it."""
        name = start.order_id
        answer = yield from self._asked(
            "POST", "/v2/checkout/orders", _order(start), name
        )
        order = accepted(answer, f"PayPal does not take {name}")
        for link in order.objects("links"):
            url = link.text("href")
            if link.text("rel") == "payer-action" and url.startswith("https://"):
                return Redirect(url, order.text("id"))
        raise ProviderRefused(f"PayPal opened no page for {name}.")

    def receive(self, incoming: Incoming) -> Plan[Received]:
        """Check a web-hook's signature; it, and the browser's return, make us ask."""
        if incoming.action != "web_hook":
            yield from ()
            return Received()
        yield from self._check(incoming)
        event = read(incoming.body)
        about = event.object("resource")
        kind = event.text("event_type")
        if kind == "PAYMENT.CAPTURE.REVERSED":
            return Received(proven=(_reversed(about),))
        if kind.startswith("CHECKOUT.ORDER."):
            return Received(to_ask=(Ask(provider_ref=about.text("id")),))
        related = about.object("supplementary_data").object("related_ids")
        ask = Ask(_our_order(about), related.text("order_id"))
        return Received(to_ask=(ask,)) if ask != Ask() else Received()

    def fetch(self, ask: Ask) -> Plan[tuple[Report, ...]]:
        """Ask for the order; capture it, once, if the payer has approved it."""
        path = f"/v2/checkout/orders/{quote(ask.provider_ref, safe='')}"
        answer = yield from self._asked("GET", path)
        if answer.status == 404 and ask.paid_as:
            return (yield from self._fetch_capture(ask))
        if answer.status == 404:
            said = Report(
                order_id=ask.order_id, said=Said.EXPIRED, status="unknown to PayPal"
            )
            return (said,)
        doing = f"PayPal does not say what became of {ask.provider_ref}"
        order = accepted(answer, doing)
        if order.text("status") == "APPROVED" and ask.may_capture:
            key = f"capture-{ask.provider_ref}"
            answer = yield from self._asked("POST", f"{path}/capture", {}, key)
            if answer.status == 422:  # declined, or captured a moment ago
                answer = yield from self._asked("GET", path)
            order = accepted(answer, doing)
        disputes = yield from self._disputes(ask)
        return (*_reports(order), *disputes)

    def refund(self, back: GiveBack) -> Plan[Report]:
        """Refund all or a part of a capture, once per key."""
        path = f"/v2/payments/captures/{quote(back.money_ref, safe='')}/refund"
        body = {
            "amount": _amount(back.amount_minor, back.currency),
            "custom_id": back.order_id,
        }
        answer = yield from self._asked("POST", path, body, back.key)
        refund = accepted(answer, f"PayPal does not refund {back.order_id}")
        return _refund_report(
            refund,
            back.order_id,
            (back.amount_minor, back.currency.value),
        )

    def money_ref(self, said: Said, typed: str) -> str:
        """Read a transaction code; a reversal may have that of the capture it is of."""
        code = typed.removeprefix(_REVERSAL).upper()
        if not _CODE.fullmatch(code):
            raise NotAllowed(
                "PayPal names a capture, refund or reversal by its transaction code: "
                "letters and digits, as 3C679366HH908993F."
            )
        return f"{_REVERSAL}{code}" if said is Said.CHARGED_BACK else code

    def may_be_same(self, money_ref: str, other: str) -> bool:
        """A capture is reversed once, by whichever code the reversal is named."""
        are_reversals = money_ref.startswith(_REVERSAL) and other.startswith(_REVERSAL)
        return are_reversals or money_ref == other

    def _fetch_capture(self, ask: Ask) -> Plan[tuple[Report, ...]]:
        """Ask for the payment itself, where PayPal does not keep its order any more."""
        path = f"/v2/payments/captures/{quote(ask.paid_as, safe='')}"
        answer = yield from self._asked("GET", path)
        capture = accepted(answer, f"PayPal does not say what became of {ask.paid_as}")
        told = _capture_report(capture, ask.order_id, ask.provider_ref, back_minor=0)
        disputes = yield from self._disputes(ask)
        return (told, *disputes)

    def _disputes(self, ask: Ask) -> Plan[tuple[Report, ...]]:
        """Ask for disputes about a payment; nothing else may fail because of them."""
        if not ask.paid_as:
            return ()
        try:
            answer = yield from self._asked("GET", disputes_path(ask.paid_as))
            if answer.status == 404:
                return ()
            told = accepted(answer, "PayPal does not tell of disputes")
        except ProviderSilent:
            return ()  # to be asked again when the payment's turn comes
        except ProviderRefused as error:
            is_known, self._is_blind = self._is_blind, True
            return () if is_known else (blind_report(error, ask.order_id),)
        self._is_blind = False
        found = told.objects("items")
        return tuple(dispute_report(each, ask.order_id) for each in found)

    def _asked(
        self, verb: str, path: str, body: object = None, key: str = ""
    ) -> Plan[Answer]:
        """Log in, then ask: a token lives for hours, but nobody here keeps secrets."""
        token = yield from self._token()
        headers = [
            ("Authorization", f"Bearer {token}"),
            ("Content-Type", "application/json"),
        ]
        if key:
            headers += [("PayPal-Request-Id", key), ("Prefer", "return=representation")]
        data = b"" if body is None else msgspec.json.encode(body)
        answer = yield Call(verb, self._settings.api + path, tuple(headers), data)
        return answer

    def _token(self) -> Plan[str]:
        pair = f"{self._settings.client_id}:{self._settings.secret}".encode()
        headers = (
            ("Authorization", f"Basic {base64.b64encode(pair).decode()}"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        )
        url = f"{self._settings.api}/v1/oauth2/token"
        answer = yield Call("POST", url, headers, b"grant_type=client_credentials")
        return accepted(answer, "PayPal does not log us in").text("access_token")

    def _check(self, incoming: Incoming) -> Plan[None]:
        url = certificate_url(incoming)
        if url not in self._certificates:
            answer = yield Call("GET", url)
            if answer.status != 200:
                raise Forged(f"PayPal has no certificate at {url[:200]}.")
            self._signatures.check_chain(answer.body)
            self._certificates = {url: answer.body}  # one is in use at a time
        self._signatures.check(
            incoming, self._certificates[url], self._settings.web_hook_id
        )


def _order(start: Start) -> dict[str, object]:
    attempt = start.attempt
    name = start.order_id
    context = {
        "return_url": start.urls.accepted,
        "cancel_url": start.urls.canceled,
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "locale": "de-CH" if start.language == "de" else "en-US",
    }
    unit = {
        "reference_id": name,
        "custom_id": name,
        "invoice_id": name,
        "description": start.subject[:127],
        "amount": _amount(attempt.amount_minor, start.bill.currency),
    }
    return {
        "intent": "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": {"experience_context": context}},
    }


def _amount(minor: int, currency: Currency) -> dict[str, str]:
    return {"currency_code": currency.value, "value": plain_amount(minor)}


def _reports(order: Fields) -> Iterator[Report]:
    """Say what an order's captures and refunds are; without any, what the order is."""
    is_captured = False
    name = ""
    for unit in order.objects("purchase_units"):
        name = _our_order(unit) or name
        payments = unit.object("payments")
        refunds = payments.objects("refunds")
        back = sum(_minor_back(each) for each in refunds)
        for capture in payments.objects("captures"):
            is_captured = True
            yield _capture_report(capture, name, order.text("id"), back_minor=back)
        for refund in refunds:
            yield _refund_report(refund, name)
    if not is_captured:
        status = order.text("status")
        said = _ORDERS.get(status, Said.NOTHING)
        yield Report(
            order_id=name, said=said, provider_ref=order.text("id"), status=status
        )


def _capture_report(
    capture: Fields, name: str, paypal_name: str, *, back_minor: int
) -> Report:
    """Say what a capture brought; `back_minor` is what PayPal names refunds of."""
    minor, currency = _money(capture.object("amount"))
    fee, foreign_fee = _fee(capture.object("seller_receivable_breakdown"), currency)
    status = capture.text("status")
    return Report(
        order_id=name,
        said=_CAPTURES.get(status, Said.UNCERTAIN),
        provider_ref=paypal_name,
        money_ref=capture.text("id"),
        amount_minor=minor,
        currency=currency,
        fee_minor=fee,
        foreign_fee=foreign_fee,
        status=f"capture {status}",
        alarm=_capture_alarm(status, minor or 0, back_minor),
    )


def _fee(breakdown: Fields, currency: str) -> tuple[int | None, str]:
    """Read what PayPal kept; as it wrote it where that is in another currency."""
    kept = breakdown.object("paypal_fee")
    minor, fee_currency = _money(kept)
    if fee_currency == currency:
        return minor, ""
    elsewhere = breakdown.object("paypal_fee_in_receivable_currency")
    for each in (elsewhere, kept):
        value, told_in = each.text("value"), each.text("currency_code")
        if told_in and value.strip("0."):
            return None, f"{value[:FEE_CHARACTERS_MAX]} {told_in[:3]}"
    return None, ""


def _capture_alarm(status: str, minor: int, back_minor: int) -> str | None:
    if status not in _CAPTURES:
        return f"PayPal's capture is {status!r}: look it up there."
    is_whole = status == "REFUNDED"
    if status in _GONE and back_minor < (minor if is_whole else 1):
        # It says so of what a dispute holds back, too.
        return (
            f"PayPal's capture is {status!r}, which the refunds it names do not "
            "explain: it may be disputed. Look it up there, and record what went back."
        )
    return None


def _minor_back(refund: Fields) -> int:
    said = _REFUNDS.get(refund.text("status"))
    minor, _ = _money(refund.object("amount"))
    return 0 if said is Said.REFUND_FAILED else minor or 0


def _refund_report(
    refund: Fields, name: str, asked: tuple[int | None, str] = (None, "")
) -> Report:
    minor, currency = _money(refund.object("amount"))
    status = refund.text("status")
    said = _REFUNDS.get(status, Said.NOTHING)
    return Report(
        order_id=name,
        said=said,
        money_ref=refund.text("id"),
        amount_minor=asked[0] if minor is None else minor,
        currency=currency or asked[1],
        status=f"refund {status}",
        alarm=None
        if said in {Said.REFUNDED, Said.REFUND_PENDING}
        else f"PayPal's refund is {status!r}: give the money back another way.",
    )


def _reversed(about: Fields) -> Report:
    """PayPal took a capture back; only its signed web-hook says so."""
    minor, currency = _money(about.object("amount"))
    related = about.object("supplementary_data").object("related_ids")
    return Report(
        order_id=_our_order(about),
        said=Said.CHARGED_BACK,
        provider_ref=related.text("order_id"),
        money_ref=f"{_REVERSAL}{about.text('id')}",
        amount_minor=minor,
        currency=currency,
        status="capture REVERSED",
    )


def _money(amount: Fields) -> tuple[int | None, str]:
    return minor_units(amount.text("value")), amount.text("currency_code")


def _our_order(about: Fields) -> str:
    """Take the attempt's name over only if it is one of this hub's."""
    text = about.text("custom_id")
    try:
        read_order_id(text)
    except BadReference:
        return ""
    return text
