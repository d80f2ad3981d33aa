"""`/bills`: overview, unpaid fees, review, a bill; somebody else's is not found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.core.bills.errors import BadBill, NoSuchBill, NotAllowed
from hub.payments.by_hand import SLIP
from hub.payments.errors import NotOffered
from hub.payments.receipt_pdf import BillReceipt, Received, receipt_pdf
from hub.service.bill_viewers import OfUser
from hub.service.bills import Changed, Created, hub_time
from hub.web.bill_view import (
    moved_minor,
    moved_text,
    view_bill,
    view_card,
    view_group,
    view_review,
)
from hub.web.noted_calls import noted
from hub.web.problems import ProblemKind, problem_page
from hub.web.sessions import CheckedForm, LoggedIn, text_of

if TYPE_CHECKING:
    from hub.service.accounts import PortalUser
    from hub.service.bill_payments import BillPayments
    from hub.service.bills import Billing, Review, ShownBill
    from hub.service.payment_log import PaymentLog
    from hub.service.transfers import Transfers
    from hub.web.bill_view import BillView
    from hub.web.desk import Desk
    from hub.web.pages import Reader

PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillSources:
    """What the bill pages work with."""

    billing: Billing
    payments: BillPayments
    transfers: Transfers
    log: PaymentLog
    portal_url: str
    """The portal's address as payers and providers reach it, without a slash."""


@dataclass(frozen=True, slots=True)
class BillParts:
    """The same, and who renders."""

    desk: Desk
    sources: BillSources

    @property
    def billing(self) -> Billing:
        """Who makes and shows bills."""
        return self.sources.billing

    @property
    def payments(self) -> BillPayments:
        """Who takes in what happens on the way to a bill's money."""
        return self.sources.payments

    @property
    def transfers(self) -> Transfers:
        """Who knows what a transfer needs."""
        return self.sources.transfers


def bill_routes(parts: BillParts) -> APIRouter:
    """Let people see, make, cancel and keep their bills."""
    router = APIRouter()
    _add_lists(router, parts)
    _add_review(router, parts)
    _add_bill(router, parts)
    _add_papers(router, parts)
    return router


def _add_lists(router: APIRouter, parts: BillParts) -> None:
    desk, billing = parts.desk, parts.billing

    @router.get("/bills")
    async def overview(request: Request, user: LoggedIn, show: str = "") -> Response:
        show_paid = show == "paid"
        bills = await billing.listed(OfUser(user.id))
        reader = desk.reader(request)
        texts = reader.texts.bills
        is_canceled = request.query_params.get("said") == "canceled"
        return desk.page(
            request,
            "bills.html",
            here="bills",
            show_paid=show_paid,
            notice=texts.canceled if is_canceled else "",
            bills=[view_card(b, reader) for b in bills if b.is_settled is show_paid],
        )

    @router.get("/bills/unpaid")
    async def unpaid(request: Request, user: LoggedIn) -> Response:
        groups = await billing.unpaid(user.id)
        reader = desk.reader(request)
        return desk.page(
            request,
            "bills_unpaid.html",
            here="unpaid",
            groups=[view_group(each, reader) for each in groups],
        )


def _add_review(router: APIRouter, parts: BillParts) -> None:
    desk, billing = parts.desk, parts.billing

    @router.get("/bills/new")
    async def review(
        request: Request, user: LoggedIn, event: str = "", club: str = ""
    ) -> Response:
        found = await billing.review(user.id, event, club or None)
        if found is None:
            return desk.go(request, "/bills/unpaid")
        return _review_page(desk, request, found)

    @router.post("/bills")
    async def create(request: Request, user: LoggedIn, form: CheckedForm) -> Response:
        event, club = text_of(form, "event"), text_of(form, "club") or None
        seal = str(form.get("reviewed") or "")
        try:
            made = await billing.create(user.id, event, seal, club)
        except BadBill:
            found = await billing.review(user.id, event, club)
            if found is None:
                return desk.go(request, "/bills/unpaid")
            return _review_page(desk, request, found, status=422)
        match made:
            case Created(reference):
                return desk.go(request, f"/bills/{reference}")
            case Changed(review=None):
                return desk.go(request, "/bills/unpaid")
            case Changed(changes, review) if review is not None:
                reader = desk.reader(request)
                view = view_review(review, reader, changes)
                return desk.page(
                    request, "bills_new.html", here="unpaid", status=409, review=view
                )
        raise AssertionError("a bill is made, or something changed")


def _review_page(
    desk: Desk, request: Request, review: Review, *, status: int = 200
) -> Response:
    view = view_review(review, desk.reader(request))
    return desk.page(
        request, "bills_new.html", here="unpaid", status=status, review=view
    )


def _add_bill(router: APIRouter, parts: BillParts) -> None:
    desk, billing = parts.desk, parts.billing

    @router.get("/bills/{reference}")
    async def show(request: Request, user: LoggedIn, reference: str) -> Response:
        shown = await _shown(parts, user, reference)
        if shown is None:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        return bill_page(desk, request, view_bill(shown, desk.reader(request)))

    @router.post("/bills/{reference}/cancel")
    async def cancel(
        request: Request, user: LoggedIn, reference: str, form: CheckedForm
    ) -> Response:
        del form  # it has nothing but its token
        try:
            await billing.cancel(OfUser(user.id), reference)
        except NoSuchBill:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        except NotAllowed:
            # Something was paid meanwhile: the page says so.
            return desk.go(request, f"/bills/{reference}")
        return desk.go(request, "/bills?said=canceled")


def bill_page(
    desk: Desk,
    request: Request,
    bill: BillView,
    *,
    status: int = 200,
    refusal: str = "",
) -> Response:
    """Render a bill's page; a refusal is told above it."""
    reader = desk.reader(request)
    return desk.page(
        request,
        "bill.html",
        here="bills",
        status=status,
        bill=bill,
        at=lambda act: reader.link(f"/bills/{bill.reference}{act}"),
        refusal=refusal,
    )


def _add_papers(router: APIRouter, parts: BillParts) -> None:
    desk = parts.desk

    @router.get("/bills/{reference}/receipt.pdf")
    async def receipt(request: Request, user: LoggedIn, reference: str) -> Response:
        shown = await _shown(parts, user, reference)
        if shown is None or not shown.record.payments:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        reader = desk.reader(request)
        creditor = await parts.transfers.creditor(shown.record)
        payee = () if creditor is None else (creditor.name, creditor.town)
        data = receipt_pdf(_receipt(shown, payee, reader), hub_time())
        return _pdf(data, f"receipt-{reference}.pdf")

    @router.get("/bills/{reference}/slip.pdf")
    async def slip(request: Request, user: LoggedIn, reference: str) -> Response:
        shown = await _shown(parts, user, reference)
        if shown is None:
            return problem_page(desk.pages, request, ProblemKind.NOT_FOUND)
        language = desk.reader(request).language.value
        async with noted(parts.sources.log, request, SLIP.code, "print") as outcome:
            try:
                data = await parts.transfers.slip(shown.record, language)
            except (NotAllowed, NotOffered) as error:
                outcome.refuse(error)
                return desk.go(request, f"/bills/{reference}")
            outcome.say("Printed by the payer.")
        return _pdf(data, f"slip-{reference}.pdf")


async def _shown(
    parts: BillParts, user: PortalUser, reference: str
) -> ShownBill | None:
    try:
        return await parts.billing.show(OfUser(user.id), reference)
    except NoSuchBill:
        return None


def _receipt(shown: ShownBill, payee: tuple[str, ...], reader: Reader) -> BillReceipt:
    return BillReceipt(
        bill=shown.bill,
        standing=shown.standing,
        title=shown.record.title,
        payee=payee,
        received=tuple(
            Received(
                at=each.heard_at,
                label=moved_text(each, reader.texts.bills),
                amount_minor=moved_minor(each),
            )
            for each in shown.record.payments
            if each.principal_minor  # a receipt is of what was due, not of surcharges
        ),
        language=reader.language.value,
    )


def _pdf(data: bytes, name: str) -> Response:
    about = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(data, media_type=PDF, headers=about)
