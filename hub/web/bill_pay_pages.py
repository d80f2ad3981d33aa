"""Paying a bill: on to a provider, or a page that tells how; attempts given up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - FastAPI reads it

from contract.money import Currency, Money
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.core.bills.reference import grouped
from hub.payments.errors import NotOffered, ProviderRefused, ProviderSilent
from hub.payments.method import FormPost, Instructions, Redirect
from hub.payments.routes import return_urls
from hub.payments.transfer import giro_code, swiss_payload
from hub.service.bill_payments import Leaving, NotPayable
from hub.service.bill_viewers import OfUser
from hub.web.bill_pages import BillParts, bill_page
from hub.web.bill_view import BillView, view_bill
from hub.web.problems import ProblemKind, problem_page
from hub.web.qr_code import code_svg, qr_svg, swiss_svg
from hub.web.sessions import CheckedForm, LoggedIn, text_of
from hub.web.shield import HEADERS

if TYPE_CHECKING:
    from markupsafe import Markup

    from hub.payments.transfer import Transfer
    from hub.service.accounts import PortalUser
    from hub.service.bill_payments import Chosen
    from hub.service.bills import ShownBill
    from hub.web.bill_texts import BillTexts
    from hub.web.pages import Reader

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


@dataclass(frozen=True, slots=True)
class TransferView:
    """How to pay by transfer, slip or in cash: facts to copy, and a code to scan."""

    lead: str
    facts: tuple[tuple[str, str], ...]
    code: Markup | None = None
    caption: str = ""
    slip: str = ""


def bill_pay_routes(parts: BillParts) -> APIRouter:
    """Let people pay their bills."""
    router = APIRouter()
    _add_choice(router, parts)
    _add_how(router, parts)
    return router


def _add_choice(router: APIRouter, parts: BillParts) -> None:
    desk, payments = parts.desk, parts.payments

    @router.post("/bills/{reference}/pay")
    async def pay(
        request: Request, user: LoggedIn, reference: str, form: CheckedForm
    ) -> Response:
        method = text_of(form, "method")
        reader = desk.reader(request)
        try:
            chosen = await payments.choose(
                OfUser(user.id),
                reference,
                method,
                _leaving(parts, reference, method, reader),
            )
        except NoSuchBill:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        except (NotAllowed, NotOffered, ProviderSilent, ProviderRefused) as error:
            return await _refused(parts, request, user, (reference, method), error)
        if isinstance(chosen.step, Instructions):
            return desk.go(request, f"/bills/{reference}/how/{method}")
        return await _leave_page(parts, request, user, chosen)

    @router.post("/bills/{reference}/give-up")
    async def give_up(
        request: Request, user: LoggedIn, reference: str, form: CheckedForm
    ) -> Response:
        number = text_of(form, "attempt")
        if not (number.isascii() and number.isdigit() and len(number) <= 3):
            return problem_page(desk.pages, request, ProblemKind.BAD_ADDRESS)
        try:
            await payments.give_up(OfUser(user.id), reference, int(number))
        except NoSuchBill:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        except NotAllowed:
            pass  # the provider was faster: the bill's page says what is
        return desk.go(request, f"/bills/{reference}")


def _add_how(router: APIRouter, parts: BillParts) -> None:
    desk = parts.desk

    @router.get("/bills/{reference}/how/{method}")
    async def how(
        request: Request, user: LoggedIn, reference: str, method: str
    ) -> Response:
        try:
            shown = await parts.billing.show(OfUser(user.id), reference)
        except NoSuchBill:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        if method not in BY_HAND or not _may_be_told(shown, method):
            return desk.go(request, f"/bills/{reference}")
        reader = desk.reader(request)
        transfer = await parts.transfers.transfer(shown.record)
        view = view_bill(shown, reader)
        # Drawing a code would hold up the event loop, and the ledger.
        told = await asyncio.to_thread(_how, method, view, transfer, reader)
        said = next((o.instructions for o in shown.offers if o.method == method), "")
        return desk.page(
            request,
            "bill_pay.html",
            here="bills",
            bill=view,
            name=reader.texts.bills.methods[method].name,
            leave=None,
            transfer=told,
            instructions=said,
        )


def _may_be_told(shown: ShownBill, method: str) -> bool:
    if method == "slip":
        return shown.bill.locked_to == method and shown.standing.open_minor > 0
    return any(offer.method == method for offer in shown.offers)


async def _refused(
    parts: BillParts,
    request: Request,
    user: PortalUser,
    wanted: tuple[str, str],
    error: Exception,
) -> Response:
    """Show the bill again, and say why it could not be paid that way now."""
    reference, method = wanted
    shown = await parts.billing.show(OfUser(user.id), reference)
    texts = parts.desk.reader(request).texts.bills
    match error:
        case NotPayable():
            words, status = texts.refusals[error.refusal], 409
        case NotAllowed() | NotOffered():
            words, status = texts.not_offered, 409
        case _:
            name = texts.methods[method].name
            words, status = texts.provider_down.format(method=name), 503
    return bill_page(parts.desk, request, shown, status=status, refusal=words)


async def _leave_page(
    parts: BillParts, request: Request, user: PortalUser, chosen: Chosen
) -> Response:
    assert chosen.attempt is not None, "who leaves does so by an attempt"
    attempt, desk = chosen.attempt, parts.desk
    shown = await parts.billing.show(OfUser(user.id), attempt.reference)
    reader = desk.reader(request)
    texts = reader.texts.bills
    name = texts.methods[attempt.method].name
    amount = Money(attempt.amount_minor, shown.bill.currency)
    lead = texts.leaving_lead.format(amount=reader.formats.money(amount))
    button = texts.go_on.format(method=name)
    headers = {}
    match chosen.step:
        case FormPost(url, fields):
            leave = LeaveView(lead, button, url, fields)
            headers = {CSP: _with_form_to(url)}
        case Redirect(url):
            leave = LeaveView(lead, button, url, wait=LEAVE_AFTER_S)
        case Instructions():
            raise AssertionError("a page of ours is no leaving")
    return desk.page(
        request,
        "bill_pay.html",
        here="bills",
        headers=headers,
        bill=view_bill(shown, reader),
        name=texts.leaving.format(method=name),
        leave=leave,
        transfer=None,
        instructions="",
    )


def _with_form_to(url: str) -> str:
    """Allow this one page to send its form to the provider's host."""
    at = urlsplit(url)
    allowed = f"form-action 'self' {at.scheme}://{at.netloc}"
    return HEADERS[CSP].replace("form-action 'self'", allowed)


def _leaving(parts: BillParts, reference: str, method: str, reader: Reader) -> Leaving:
    return Leaving(
        urls=return_urls(parts.sources.portal_url, method, reference),
        language=reader.language.value,
        subject=f"{reader.texts.bills.bill} {grouped(reference)}",
    )


def _how(
    method: str, bill: BillView, transfer: Transfer | None, reader: Reader
) -> TransferView | None:
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
