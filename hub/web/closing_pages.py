"""`/closings`: the tills' Z reports, each compared with ledger and TSE."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response

from contract.closing_sheet import cash_minor, closing_sheet
from contract.messages import ClosingFlag
from contract.money import Money
from contract.sheet_words import SheetLanguage
from hub.core.closing_sentences import sentence
from hub.service.office import OFFICE_RIGHTS
from hub.web.closing_texts import closing_texts
from hub.web.office_desk import AtWork, OfficeSection
from hub.web.sheet_pdf import sheet_pdf
from hub.web.sheet_view import view_sheet
from hub.web.texts import Language

if TYPE_CHECKING:
    from datetime import datetime

    from contract.sheet import Sheet
    from hub.service.closing_reports import (
        ClosingReports,
        ComparedClosing,
        ListedClosing,
    )
    from hub.web.office_desk import OfficeDesk
    from hub.web.pages import Reader

PATH = "/closings"
KEY = "closings"
# Z numbers are counted by each till: what a path names must be found as a number.
Z_NUMBER_MAX = 2**53


@dataclass(frozen=True, slots=True)
class ClosingRow:
    """A closing in the list."""

    till: str
    z_number: int
    path: str
    closed_at: datetime
    orders: int
    total: str
    cash: str
    follows: bool
    look: bool


def closings_section(reports: ClosingReports) -> OfficeSection:
    """Make the section."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()
        _add_routes(router, desk, reports)
        return router

    return OfficeSection(
        key=KEY,
        path=PATH,
        titles={each: closing_texts(each).title for each in Language},
        routes=routes,
        rights=OFFICE_RIGHTS,
    )


def _add_routes(router: APIRouter, desk: OfficeDesk, reports: ClosingReports) -> None:
    async def compared(till: str, z_number: int) -> ComparedClosing:
        found = None
        if 0 < z_number < Z_NUMBER_MAX:
            found = await reports.compared(till, z_number)
        if found is None:
            raise HTTPException(404)
        return found

    @router.get(PATH)
    async def show_all(request: Request, _: AtWork) -> Response:
        reader = desk.reader(request)
        found = await reports.listed()
        newest = sorted(found, key=lambda each: each.report.closed_at, reverse=True)
        return desk.page(
            request,
            "closings.html",
            here=KEY,
            c=closing_texts(reader.language),
            closings=[_row(each, reader) for each in newest],
        )

    @router.get(PATH + "/{till}/{z_number}.pdf")
    async def pdf(request: Request, _: AtWork, till: str, z_number: int) -> Response:
        found = await compared(till, z_number)
        sheet = _sheet(desk, request, reports, found)
        made_at = found.listed.report.closed_at
        data = await asyncio.to_thread(sheet_pdf, sheet, made_at)
        name = f'inline; filename="{found.listed.report.till}-Z{z_number}.pdf"'
        return Response(
            data,
            media_type="application/pdf",
            headers={"Content-Disposition": name},
        )

    @router.get(PATH + "/{till}/{z_number}")
    async def show(request: Request, _: AtWork, till: str, z_number: int) -> Response:
        found = await compared(till, z_number)
        reader = desk.reader(request)
        language = SheetLanguage(reader.language.value)
        sheet = _sheet(desk, request, reports, found)
        label = reader.texts.fiscal.qr_label
        return desk.page(
            request,
            "closing.html",
            here=KEY,
            c=closing_texts(reader.language),
            till=till,
            sheet=sheet,
            rows=await asyncio.to_thread(lambda: list(view_sheet(sheet, label))),
            agrees=found.agrees,
            findings=[
                (each.is_alarm, sentence(each, language)) for each in found.findings
            ],
            pdf=f"{PATH}/{till}/{z_number}.pdf",
        )


def _sheet(
    desk: OfficeDesk, request: Request, reports: ClosingReports, found: ComparedClosing
) -> Sheet:
    language = SheetLanguage(desk.reader(request).language.value)
    shift = reports.shift(found.listed)
    return closing_sheet(shift, desk.pages.zone, language=language, whole=True)


def _row(listed: ListedClosing, reader: Reader) -> ClosingRow:
    report = listed.report
    total = sum(each.total_minor for each in report.totals)
    # Signatures that are no order's are normal: a TSE also signs that its time is set.
    grave = set(listed.flags) - {ClosingFlag.COUNTERS_HAVE_GAPS.value}
    return ClosingRow(
        till=report.till,
        z_number=report.z_number,
        path=f"{PATH}/{report.till}/{report.z_number}",
        closed_at=report.closed_at,
        orders=report.completed,
        total=reader.formats.money(Money(total, report.currency)),
        cash=reader.formats.money(Money(cash_minor(report.totals), report.currency)),
        follows=listed.follows,
        look=bool(grave),
    )
