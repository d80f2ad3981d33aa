"""`/receipts/<order>`: the receipt a guest opens from the till's QR code."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - FastAPI reads it from the route's signature

from fastapi import APIRouter
from starlette.requests import Request  # noqa: TC002 - as above
from starlette.responses import Response

from contract.receipt import Receipt
from contract.receipt_sheet import receipt_sheet
from contract.sheet_words import SheetLanguage
from hub.web.problems import ProblemKind, problem_page
from hub.web.receipt_view import view_receipt
from hub.web.sheet_pdf import sheet_pdf
from hub.web.sources import Outstanding

if TYPE_CHECKING:
    from hub.web.pages import Pages
    from hub.web.sources import ReceiptSource

LOOK_AGAIN_S = 10


def receipt_routes(source: ReceiptSource, pages: Pages) -> APIRouter:
    """Show receipts; whoever holds an order's number may see its receipt."""
    router = APIRouter()

    @router.api_route("/receipts/{order}.pdf", methods=["GET", "HEAD"])
    async def save(request: Request, order: UUID) -> Response:
        found = await source.receipt(order)
        if isinstance(found, Receipt) and found.is_closed:
            return await asyncio.to_thread(_receipt_pdf, pages, request, found)
        if found is None:
            return problem_page(pages, request, ProblemKind.RECEIPT_UNKNOWN)
        waiting = _not_closed(found) if isinstance(found, Receipt) else found
        return _outstanding_page(pages, request, waiting)

    @router.api_route("/receipts/{order}", methods=["GET", "HEAD"])
    async def show(request: Request, order: UUID) -> Response:
        found = await source.receipt(order)
        match found:
            case None:
                return problem_page(pages, request, ProblemKind.RECEIPT_UNKNOWN)
            case Outstanding():
                return _outstanding_page(pages, request, found)
            case Receipt(signature=None, outage=None):
                return _outstanding_page(pages, request, _not_closed(found))
            case Receipt():
                # Drawing a QR code would hold up the event loop, and the ledger.
                return await asyncio.to_thread(_receipt_page, pages, request, found)

    return router


def _receipt_page(pages: Pages, request: Request, receipt: Receipt) -> Response:
    reader = pages.reader(request)
    view = view_receipt(receipt, reader.texts, reader.formats)
    return pages.render(reader, "receipt.html", receipt=view)


def _receipt_pdf(pages: Pages, request: Request, receipt: Receipt) -> Response:
    reader = pages.reader(request)
    language = SheetLanguage(reader.language.value)
    sheet = receipt_sheet(receipt, pages.zone, language=language, whole=True)
    name = f"{receipt.till}-{receipt.order.sequence}.pdf"
    return Response(
        sheet_pdf(sheet, receipt.issued_at),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}"',
            "Content-Language": reader.language.value,
            "Vary": "Accept-Language",
        },
    )


def _outstanding_page(
    pages: Pages, request: Request, outstanding: Outstanding
) -> Response:
    reader = pages.reader(request)
    return pages.render(
        reader,
        "outstanding.html",
        status=202,
        headers={"Retry-After": str(LOOK_AGAIN_S)},
        outstanding=outstanding,
        total=reader.formats.money(outstanding.total),
        look_again_s=LOOK_AGAIN_S,
    )


def _not_closed(receipt: Receipt) -> Outstanding:
    return Outstanding(
        till=receipt.till,
        total=receipt.order.total,
        event_name=receipt.event_name,
        demo=receipt.demo,
    )
