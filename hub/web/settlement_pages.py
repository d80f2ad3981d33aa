"""`/settlements`: the office settles with organizers and makes files for the bank."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response

from hub.core.bills.errors import NotAllowed
from hub.service.statements import print_statement
from hub.web.bank_pages import NUMBER_MAX, shown_money, titles, words_of
from hub.web.office_desk import AtWork, OfficeForm, OfficeSection
from hub.web.sessions import text_of

if TYPE_CHECKING:
    from hub.service.payout_files import PayoutFiles
    from hub.service.settlements import DrawnUp, Settlements
    from hub.web.office_desk import OfficeDesk

PATH = "/settlements"
KEY = "settlements"


def settlements_section(settlements: Settlements, files: PayoutFiles) -> OfficeSection:
    """Make the section."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()
        _add_list(router, desk, settlements, files)
        _add_one(router, desk, settlements)
        _add_files(router, files)
        return router

    return OfficeSection(key=KEY, path=PATH, titles=titles(KEY), routes=routes)


def _add_list(
    router: APIRouter, desk: OfficeDesk, settlements: Settlements, files: PayoutFiles
) -> None:
    async def page(request: Request, refusal: str = "") -> Response:
        return desk.page(
            request,
            "settlements.html",
            here=KEY,
            status=422 if refusal else 200,
            refusal=refusal,
            b=words_of(desk, request),
            money=shown_money(desk.reader(request)),
            due=await settlements.due(),
            settlements=await settlements.all(),
            files=await files.made(),
            now=datetime.now(UTC),
            today=datetime.now(UTC).date().isoformat(),
        )

    @router.get(PATH)
    async def show(request: Request, _: AtWork) -> Response:
        return await page(request)

    @router.post(PATH)
    async def draw_up(request: Request, member: AtWork, form: OfficeForm) -> Response:
        try:
            made = await settlements.draw_up(text_of(form, "competition"), member.id)
        except NotAllowed as error:
            return await page(request, str(error))
        return desk.go(request, f"{PATH}/{made.id}")

    @router.post("/payout-files")
    async def make(request: Request, member: AtWork, form: OfficeForm) -> Response:
        typed = text_of(form, "execute_on")
        try:
            await files.make(member.id, date.fromisoformat(typed))
        except ValueError:
            return await page(request, f"{typed!r} is no day. Write it as 2026-05-04.")
        except NotAllowed as error:
            return await page(request, str(error))
        return desk.go(request, PATH)


def _add_one(router: APIRouter, desk: OfficeDesk, settlements: Settlements) -> None:
    async def find(settlement: int) -> DrawnUp:
        found = await settlements.one(min(settlement, NUMBER_MAX))
        if found is None:
            raise HTTPException(404)
        return found

    async def page(request: Request, settlement: int, refusal: str = "") -> Response:
        found = await find(settlement)
        return desk.page(
            request,
            "settlement.html",
            here=KEY,
            status=422 if refusal else 200,
            refusal=refusal,
            b=words_of(desk, request),
            money=shown_money(desk.reader(request)),
            settlement=found,
            lines=await settlements.lines(found.id),
        )

    @router.get(PATH + "/{settlement}")
    async def show(request: Request, _: AtWork, settlement: int) -> Response:
        return await page(request, settlement)

    @router.get(PATH + "/{settlement}/statement.pdf")
    async def statement(request: Request, _: AtWork, settlement: int) -> Response:
        found = await find(settlement)
        language = desk.reader(request).language.value
        data = await print_statement(settlements, found, language)
        name = f'inline; filename="{found.competition}-{found.number}.pdf"'
        headers = {"Content-Disposition": name}
        return Response(data, media_type="application/pdf", headers=headers)

    @router.post(PATH + "/{settlement}/{verb}")
    async def decide(
        request: Request, member: AtWork, _: OfficeForm, settlement: int, verb: str
    ) -> Response:
        if verb not in {"approve", "withdraw"} or settlement > NUMBER_MAX:
            raise HTTPException(404)
        try:
            if verb == "approve":
                await settlements.approve(settlement, member.id)
            else:
                await settlements.withdraw(settlement, member.id)
        except NotAllowed as error:
            return await page(request, settlement, str(error))
        return desk.go(request, f"{PATH}/{settlement}")


def _add_files(router: APIRouter, files: PayoutFiles) -> None:
    @router.get("/payout-files/{file}")
    async def download(_: AtWork, file: int) -> Response:
        found = await files.read(min(file, NUMBER_MAX))
        if found is None:
            raise HTTPException(404)
        name, body = found
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(body, media_type="application/xml", headers=headers)
