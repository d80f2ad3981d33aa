"""How a bill is paid, for the pages of all who pay: leaving, transfers, refusals."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from contract.bill_reference import grouped
from contract.money import Currency, Money
from hub.core.bills.errors import NotAllowed
from hub.payments.errors import NotOffered
from hub.payments.method import FormPost, Instructions, Redirect
from hub.payments.routes import BILLS_FOLDER, return_urls
from hub.payments.transfer import giro_code, swiss_payload
from hub.service.bill_payments import Leaving, NotPayable
from hub.web.bill_view import view_bill
from hub.web.qr_code import code_svg, qr_svg, swiss_svg
from hub.web.sessions import text_of
from hub.web.shield import HEADERS

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.datastructures import FormData

    from hub.payments.transfer import Transfer
    from hub.service.bill_payments import Chosen
    from hub.service.bills import ShownBill
    from hub.service.transfers import Transfers
    from hub.web.bill_texts import BillTexts
    from hub.web.bill_view import BillView
    from hub.web.pages import Reader

ATTEMPT_DIGITS_MAX = 3
BY_HAND = frozenset({"slip", "ebanking", "cash", "organizer"})
LEAVE_AFTER_S = 3
CSP = "Content-Security-Policy"


@dataclass(frozen=True, slots=True)
class LeaveView:
    """The last page before a provider's."""

    lead: str
    button: str
    url: str
    fields: tuple[tuple[str, str], ...] = ()
    wait: int = 0
    """Seconds after which the browser goes by itself; 0 where a form must be sent."""

    @property
    def headers(self) -> dict[str, str]:
        """Allow this one page to send its form to the provider's host."""
        if not self.fields:
            return {}
        at = urlsplit(self.url)
        allowed = f"form-action 'self' {at.scheme}://{at.netloc}"
        return {CSP: HEADERS[CSP].replace("form-action 'self'", allowed)}


@dataclass(frozen=True, slots=True)
class TransferView:
    """How to pay by transfer, slip or in cash: facts to copy, and a code to scan."""

    lead: str
    facts: tuple[tuple[str, str], ...]
    code: Markup | None = None
    caption: str = ""
    slip: str = ""


def leaving(
    portal_url: str,
    reference: str,
    method: str,
    reader: Reader,
    *,
    folder: str = BILLS_FOLDER,
) -> Leaving:
    """Say what a method may tell its provider beside the bill."""
    return Leaving(
        urls=return_urls(portal_url, method, reference, folder),
        language=reader.language.value,
        subject=f"{reader.texts.bills.bill} {grouped(reference)}",
    )


def view_leave(chosen: Chosen, currency: Currency, reader: Reader) -> LeaveView:
    """Write out the last page before the provider's that somebody chose."""
    attempt, texts = chosen.attempt, reader.texts.bills
    assert attempt is not None, "who leaves does so by an attempt"
    name = texts.methods[attempt.method].name
    amount = Money(attempt.amount_minor, currency)
    lead = texts.leaving_lead.format(amount=reader.formats.money(amount))
    button = texts.go_on.format(method=name)
    match chosen.step:
        case FormPost(url, fields):
            return LeaveView(lead, button, url, fields)
        case Redirect(url):
            return LeaveView(lead, button, url, wait=LEAVE_AFTER_S)
        case Instructions():
            raise AssertionError("a page of ours is no leaving")


def may_be_told(shown: ShownBill, method: str) -> bool:
    """Say whether a page of ours tells how to pay a bill by a method now."""
    if method not in BY_HAND:
        return False
    if method == "slip":
        return shown.bill.locked_to == method and shown.standing.open_minor > 0
    return any(offer.method == method for offer in shown.offers)


def refusal_of(error: Exception, method: str, texts: BillTexts) -> tuple[str, int]:
    """Say why a bill could not be paid by a method now; with the page's status."""
    match error:
        case NotPayable():
            return texts.refusals[error.refusal], 409
        case NotAllowed() | NotOffered():
            return texts.not_offered, 409
        case _:
            name = texts.methods[method].name
            return texts.provider_down.format(method=name), 503


def refused_by(
    error: Exception, method: str, bill: BillView, texts: BillTexts
) -> tuple[str, int]:
    """Say it above the bill's page, unless the page says just that anyway."""
    words, status = refusal_of(error, method, texts)
    is_said = isinstance(error, NotPayable) and (bill.live or bill.refusal)
    return "" if is_said else words, status


@dataclass(frozen=True, slots=True)
class PayView:
    """The page of one way to pay: on to a provider, or how to do it by hand."""

    bill: BillView
    name: str
    leave: LeaveView | None = None
    transfer: TransferView | None = None
    instructions: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What its answer carries beside those of every page."""
        return {} if self.leave is None else self.leave.headers


async def view_how(
    transfers: Transfers, shown: ShownBill, method: str, reader: Reader
) -> PayView:
    """Write out how to pay by hand; for who `may_be_told`."""
    transfer = await transfers.transfer(shown.record)
    view = view_bill(shown, reader)
    # Drawing a code would hold up the event loop, and the ledger.
    told = await asyncio.to_thread(told_how, method, view, transfer, reader)
    said = next((o.instructions for o in shown.offers if o.method == method), "")
    name = reader.texts.bills.methods[method].name
    return PayView(view, name, transfer=told, instructions=said)


def view_leaving(shown: ShownBill, chosen: Chosen, reader: Reader) -> PayView:
    """Write out the way on to a provider."""
    assert chosen.attempt is not None, "who leaves does so by an attempt"
    texts = reader.texts.bills
    name = texts.leaving.format(method=texts.methods[chosen.attempt.method].name)
    leave = view_leave(chosen, shown.bill.currency, reader)
    return PayView(view_bill(shown, reader), name, leave)


def attempt_number(form: FormData) -> int | None:
    """Read which attempt is given up; None if the form names none."""
    typed = text_of(form, "attempt")
    known = typed.isascii() and typed.isdigit() and len(typed) <= ATTEMPT_DIGITS_MAX
    return int(typed) if known else None


def told_how(
    method: str, bill: BillView, transfer: Transfer | None, reader: Reader
) -> TransferView | None:
    """Write out how to pay by hand; None where the organizer's words say it.

    Drawing a code takes a while: to be called beside the event loop.
    """
    texts = reader.texts.bills
    match method:
        case "slip":
            path = reader.link(f"/bills/{bill.reference}/slip.pdf")
            facts = _facts(bill, transfer, texts)
            return TransferView(texts.slip_lead, facts, slip=path)
        case "ebanking":
            code = None if transfer is None else _code(transfer, reader)
            facts = _facts(bill, transfer, texts)
            caption = texts.transfer_code
            return TransferView(texts.transfer_lead, facts, code, caption)
        case "cash":
            code = qr_svg(bill.reference, texts.cash_code)
            facts = _facts(bill, None, texts)
            return TransferView(texts.cash_lead, facts, code, texts.cash_code)
    return None


def _facts(
    bill: BillView, transfer: Transfer | None, texts: BillTexts
) -> tuple[tuple[str, str], ...]:
    facts = [(texts.amount, bill.open)]
    if transfer is None:
        return (*facts, (texts.reference, bill.shown_reference))
    creditor = transfer.creditor
    iban = creditor.compact_iban
    street = f"{creditor.street} {creditor.house_number}".strip()
    payee = f"{creditor.name}, {street}, {creditor.postal_code} {creditor.town}"
    return (
        *facts,
        (texts.account, " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))),
        (texts.payee, payee),
        (texts.reference, transfer.shown_reference),
    )


def _code(transfer: Transfer, reader: Reader) -> Markup | None:
    """Draw what banking apps read: the Swiss code, else a GiroCode, else nothing."""
    label = reader.texts.bills.transfer_code
    try:
        if transfer.currency is Currency.EUR:
            return code_svg(giro_code(transfer), label)
        return swiss_svg(swiss_payload(transfer, reader.language.value), label)
    except NotOffered:
        return None
