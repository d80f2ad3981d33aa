"""Stripe's hosted Checkout: redirect, signed web-hook, fetch as the truth, refund.

Stripe API, Checkout Sessions. No script of theirs is on our pages. A web-hook is a
signed trigger; what it is about is fetched, so that it works where no call gets in.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import msgspec

from contract.bill_reference import BadReference, read_order_id
from contract.money import Currency, plain_amount
from hub.core.bills.errors import NotAllowed
from hub.core.bills.postings import Channel, Via
from hub.core.bills.reports import Report, Said
from hub.payments.errors import Forged, ProviderRefused
from hub.payments.json_body import Fields, accepted, read
from hub.payments.method import Ask, Call, Received, Redirect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hub.payments.method import GiveBack, Incoming, Plan, Start, Step

CODE = "stripe"
API = "https://api.stripe.com"
TOLERANCE_S = 300
"""How old a signed web-hook may be; Stripe's own libraries allow as much."""

SESSION_LIFE_S = 3600
"""Stripe allows half an hour to a day."""

_WHOLE = frozenset(
    {
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"),
    }
)
"""Currencies that Stripe counts in units, not in hundredths."""

_SESSION_EVENTS = "checkout.session."
_INTENT_EVENTS = "payment_intent."
_LATER_EVENTS = ("charge.refund", "charge.dispute", "refund.")
_KINDS: Mapping[Said, tuple[str, ...]] = {
    Said.PAID: ("pi_",),
    Said.REFUNDED: ("re_", "pyr_"),
    Said.CHARGED_BACK: ("dp_", "du_"),
}
_REFUNDS: Mapping[str, Said] = {
    "succeeded": Said.REFUNDED,
    "pending": Said.REFUND_PENDING,
    "requires_action": Said.REFUND_PENDING,
    "failed": Said.REFUND_FAILED,
    "canceled": Said.REFUND_FAILED,
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """An event's account at Stripe; both keys are secrets."""

    secret_key: str
    web_hook_secret: str
    api: str = API

    def __repr__(self) -> str:
        return f"Settings(api={self.api!r})"


class StripeCheckout:
    """The method; see PaymentMethod for what is promised when."""

    code = CODE
    controller_name = "StripeController"
    currencies = frozenset(Currency)
    channel = Channel(Via.PROVIDER, CODE)
    locks_the_bill = False
    can_be_asked = True

    def __init__(self, settings: Settings, now: Callable[[], int]) -> None:
        """`now`: seconds since 1970, of a clock that is set."""
        self._settings = settings
        self._now = now

    def start(self, start: Start) -> Plan[Step]:
        """Open a session and send the payer there; who comes again goes to the same."""
        order, known = start.order_id, start.attempt.provider_ref
        path = "/v1/checkout/sessions"
        if known is None:
            answer = yield self._post(path, self._session(start), order)
        else:
            # Its key can't be used again: it names the time when the session ends.
            answer = yield self._get(f"{path}/{quote(known, safe='')}")
        session = accepted(answer, f"Stripe does not open a session for {order}")
        url, name = session.text("url"), session.text("id")
        if not url.startswith("https://") or not name:
            raise ProviderRefused(f"Stripe opened no page for {order}.")
        return Redirect(url, name)

    def receive(self, incoming: Incoming) -> Plan[Received]:
        """Check a web-hook's signature; the browser's return is a question only."""
        yield from ()
        if incoming.action != "web_hook":
            return Received()
        self._check(incoming)
        event = read(incoming.body)
        about = event.object("data").object("object")
        kind = event.text("type")
        if kind.startswith(_SESSION_EVENTS):
            ask = Ask(about.text("client_reference_id"), about.text("id"))
            return Received(to_ask=(ask,))
        if kind.startswith(_INTENT_EVENTS):
            order = _our_order(about.object("metadata").text("order_id"))
            return Received(to_ask=(Ask(order, about.text("id")),) if order else ())
        if kind.startswith(_LATER_EVENTS):
            order = about.object("metadata").text("order_id")
            return Received(to_ask=(Ask(order, about.text("payment_intent")),))
        return Received()

    def fetch(self, ask: Ask) -> Plan[tuple[Report, ...]]:
        """Ask for the session, or the payment, and what went back of it."""
        if ask.provider_ref.startswith("pi_"):
            return (yield from self._fetch_intent(ask.provider_ref, ask.order_id, ""))
        name = quote(ask.provider_ref, safe="")
        answer = yield self._get(f"/v1/checkout/sessions/{name}")
        session = accepted(answer, f"Stripe does not say what became of {name}")
        order = _our_order(session.text("client_reference_id"))
        if session.text("payment_status") == "paid":
            intent = session.text("payment_intent")
            return (yield from self._fetch_intent(intent, order, ask.provider_ref))
        status = session.text("status")
        said = {"expired": Said.EXPIRED, "complete": Said.PENDING}.get(status)
        return (
            Report(
                order_id=order,
                said=said or Said.NOTHING,
                provider_ref=session.text("id"),
                status=f"{status}, {session.text('payment_status')}",
            ),
        )

    def refund(self, back: GiveBack) -> Plan[Report]:
        """Refund all or a part of a payment, once per key."""
        form = {
            "payment_intent": back.money_ref,
            "amount": str(back.amount_minor),
            "metadata[order_id]": back.order_id,
        }
        answer = yield self._post("/v1/refunds", form, back.key)
        refund = accepted(answer, f"Stripe does not refund {back.order_id}")
        return _refund_report(refund, back.order_id)

    def money_ref(self, said: Said, typed: str) -> str:
        """Take an id over that is of the right kind: a charge's is none of ours."""
        kinds = _KINDS.get(said, ())
        if not typed.startswith(kinds):
            raise NotAllowed(f"Stripe's id of it begins with {', '.join(kinds)}.")
        return typed

    def may_be_same(self, money_ref: str, other: str) -> bool:
        """Stripe has one id for each."""
        return money_ref == other

    def _fetch_intent(
        self, intent: str, order: str, session: str
    ) -> Plan[tuple[Report, ...]]:
        """Ask for a payment with its charge, the charge's fee and its refunds."""
        parts = ("balance_transaction", "refunds", "dispute")
        query = urlencode([("expand[]", f"latest_charge.{part}") for part in parts])
        answer = yield self._get(
            f"/v1/payment_intents/{quote(intent, safe='')}?{query}"
        )
        told = accepted(answer, f"Stripe does not say what became of {intent}")
        order = order or _our_order(told.object("metadata").text("order_id"))
        if not order:
            return ()
        return tuple(_intent_reports(told, order, session))

    def _session(self, start: Start) -> dict[str, str]:
        bill, attempt = start.bill, start.attempt
        item = "line_items[0][price_data]"
        form = {
            "mode": "payment",
            # Others may fail days after the session is complete, and only then.
            "payment_method_types[0]": "card",
            "client_reference_id": start.order_id,
            "metadata[order_id]": start.order_id,
            "payment_intent_data[metadata][order_id]": start.order_id,
            "line_items[0][quantity]": "1",
            f"{item}[currency]": bill.currency.value.lower(),
            f"{item}[unit_amount]": str(attempt.amount_minor),
            f"{item}[product_data][name]": start.subject[:250],
            "success_url": start.urls.accepted,
            "cancel_url": start.urls.canceled,
            "locale": start.language,
            "expires_at": str(self._now() + SESSION_LIFE_S),
        }
        if bill.payer.email:
            form["customer_email"] = bill.payer.email
        return form

    def _check(self, incoming: Incoming) -> None:
        """Compare Stripe-Signature: t=<s>,v1=<HMAC-SHA256 of t.body>,v1=..."""
        pairs = [
            part.strip().partition("=")[::2]
            for part in incoming.header("Stripe-Signature").split(",")
        ]
        time = next((value for key, value in pairs if key == "t"), "")
        if not (time.isascii() and time.isdigit() and len(time) < 12):
            raise Forged("The web-hook has no Stripe-Signature with a time.")
        key = self._settings.web_hook_secret.encode()
        signed = f"{time}.".encode() + incoming.body
        right = hmac.new(key, signed, hashlib.sha256).hexdigest().encode()
        claimed = [value.encode() for name, value in pairs if name == "v1"]
        if not any(hmac.compare_digest(right, each) for each in claimed):
            raise Forged("The Stripe-Signature does not match the web-hook.")
        if abs(self._now() - int(time)) > TOLERANCE_S:
            raise Forged("The web-hook's signature is too old: it may be a replay.")

    def _post(self, path: str, form: Mapping[str, str], key: str) -> Call:
        headers = (
            *self._headers(),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Idempotency-Key", key),
        )
        return Call("POST", self._settings.api + path, headers, _encoded(form))

    def _get(self, path: str) -> Call:
        return Call("GET", self._settings.api + path, self._headers())

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return (("Authorization", f"Bearer {self._settings.secret_key}"),)


def _intent_reports(intent: Fields, order: str, session: str) -> Iterator[Report]:
    """Say what a payment brought, and what of it went back."""
    charge = intent.object("latest_charge")
    balance = charge.object("balance_transaction")
    if intent.text("status") == "succeeded":
        yield Report(
            order_id=order,
            said=Said.PAID,
            provider_ref=session,
            money_ref=intent.text("id"),
            amount_minor=intent.whole("amount_received"),
            currency=intent.text("currency").upper(),
            fee_minor=_fee(balance, intent.text("currency")),
            foreign_fee=_foreign_fee([balance], intent.text("currency")),
            status="succeeded",
        )
    else:
        status = intent.text("status")
        said = {"canceled": Said.CANCELED, "processing": Said.PENDING}.get(status)
        yield Report(order_id=order, said=said or Said.NOTHING, status=status)
    dispute = charge.object("dispute")
    if dispute.text("id"):
        yield from _dispute_reports(dispute, order)
    for refund in charge.object("refunds").objects("data"):
        yield _refund_report(refund, order)


def _fee(balance: Fields, currency: str) -> int | None:
    """Read what Stripe kept; None where it counts that in its account's currency."""
    is_ours = balance.text("currency") in {currency, ""}
    return balance.whole("fee") if is_ours else None


def _dispute_reports(dispute: Fields, order: str) -> Iterator[Report]:
    """A dispute takes the money and a fee at once; both may come back if it is won.

    One that was won is told as taken, too: nobody may have asked in between.
    """
    status, currency = dispute.text("status"), dispute.text("currency")
    moved = dispute.objects("balance_transactions")
    taken = [each for each in moved if (each.whole("amount") or 0) < 0]
    back = [each for each in moved if (each.whole("amount") or 0) > 0]
    is_open = status not in {"won", "lost", "warning_closed"}
    is_taken = status != "won" and not status.startswith("warning_")
    told = Report(
        order_id=order,
        said=Said.CHARGED_BACK if is_taken or taken else Said.NOTHING,
        money_ref=dispute.text("id"),
        amount_minor=dispute.whole("amount"),
        currency=currency.upper(),
        fee_minor=_fees(taken, currency),
        foreign_fee=_foreign_fee(taken, currency),
        status=f"dispute {status}",
        alarm=f"The payer disputes the payment of {order} (Stripe says {status}). "
        "Answer in Stripe's dashboard; what you win is booked when it comes back."
        if is_open
        else None,
    )
    if status != "won" or taken:
        yield told
    if status != "won":
        return
    won = msgspec.structs.replace(
        told,
        said=Said.RETURNED,
        fee_minor=_fees(back, currency),
        foreign_fee=_foreign_fee(back, currency),
    )
    if len(back) < 2:
        yield won
        return
    for each in back:
        yield msgspec.structs.replace(
            won,
            amount_minor=each.whole("amount"),
            currency=each.text("currency").upper(),
            fee_minor=_fees([each], currency),
            foreign_fee=_foreign_fee([each], currency),
            part=each.text("id"),
        )


def _fees(moved: Sequence[Fields], currency: str) -> int | None:
    """Add up what Stripe kept, or below zero gave back; None if it does not say."""
    fees = [fee for each in moved if (fee := _fee(each, currency)) is not None]
    return sum(fees) if fees and len(fees) == len(moved) else None


def _foreign_fee(moved: Sequence[Fields], currency: str) -> str:
    """Write what Stripe kept in its account's currency, where that is another one."""
    kept: dict[str, int] = {}
    for each in moved:
        told_in, fee = each.text("currency"), each.whole("fee")
        if told_in not in {currency, ""} and fee:
            kept[told_in] = kept.get(told_in, 0) + fee
    return ", ".join(
        f"{fee if told_in in _WHOLE else plain_amount(fee)} {told_in[:3].upper()}"
        for told_in, fee in kept.items()
    )


def _refund_report(refund: Fields, order: str) -> Report:
    status = refund.text("status")
    return Report(
        order_id=order,
        said=_REFUNDS.get(status, Said.NOTHING),
        money_ref=refund.text("id"),
        amount_minor=refund.whole("amount"),
        currency=refund.text("currency").upper(),
        status=f"refund {status}",
        alarm=None
        if status in _REFUNDS and _REFUNDS[status] is not Said.REFUND_FAILED
        else f"Stripe's refund is {status!r}: give the money back another way.",
    )


def _our_order(text: str) -> str:
    """Take an order id over only if it is one of this hub's."""
    try:
        read_order_id(text)
    except BadReference:
        return ""
    return text


def _encoded(form: Mapping[str, str]) -> bytes:
    return urlencode(form).encode()
