"""`/doubts`: the office sees which payments nobody knows about, and what was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response  # noqa: TC002 - as above

from contract.bill_reference import BadReference, read_order_id
from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.service.bills import hub_time
from hub.service.payment_log import Note, Severity
from hub.service.polling import doubtful
from hub.web.office_desk import AtWork, OfficeForm, OfficeSection
from hub.web.sessions import text_of
from hub.web.texts import Language

if TYPE_CHECKING:
    from datetime import datetime

    from hub.service.bill_payments import BillPayments
    from hub.service.context import ContextKeeper
    from hub.service.payment_log import PaymentLog
    from hub.store.store import Row, Store
    from hub.web.office_desk import OfficeDesk

PATH = "/doubts"
ALARMS_MAX = 50
CONTROLLER = "OfficeController"
"""Who closes an attempt in the payment log: staff, for whichever provider it was."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a provider said that somebody has to look at."""

    bill: str
    method: str
    status: str
    sentences: tuple[str, ...]
    heard_at: datetime


def doubt_section(
    store: Store, context: ContextKeeper, payments: BillPayments, log: PaymentLog
) -> OfficeSection:
    """Make the section."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()

        @router.get(PATH)
        async def show(request: Request, _: AtWork) -> Response:
            return await page(request)

        async def page(
            request: Request, *, status: int = 200, refusal: str = ""
        ) -> Response:
            event = context.current.number
            rows = await store.fetch("payment_alarms", event, ALARMS_MAX)
            return desk.page(
                request,
                "doubts.html",
                here="doubts",
                status=status,
                refusal=refusal,
                doubts=await doubtful(store, event, hub_time()),
                alarms=[_alarm(row) for row in rows],
            )

        @router.post(f"{PATH}/close")
        async def close(request: Request, member: AtWork, form: OfficeForm) -> Response:
            named, reason = text_of(form, "order_id"), text_of(form, "reason")
            about = f"{named} as not paid, by {member.id}: {reason}"
            call = await _note(log, request, Severity.INFO, f"To be closed: {about}")
            try:
                reference, number = read_order_id(named)
                await payments.close_unpaid(
                    reference, number, by=member.id, reason=reason
                )
            except (BadReference, NoSuchBill, NotAllowed) as error:
                await _note(log, request, Severity.WARNING, f"Refused: {error}", call)
                return await page(request, status=409, refusal=str(error))
            await _note(log, request, Severity.INFO, f"Closed: {about}", call)
            return desk.go(request, PATH)

        return router

    return OfficeSection(
        key="doubts",
        path=PATH,
        titles={Language.DE: "Ungeklärte Zahlungen", Language.EN: "Payments in doubt"},
        routes=routes,
    )


def _alarm(row: Row) -> Alarm:
    return Alarm(
        row["bill"],
        row["method"],
        row["status"],
        tuple(row["alarms"]),
        row["heard_at"],
    )


async def _note(
    log: PaymentLog,
    request: Request,
    severity: Severity,
    text: str,
    call: int | None = None,
) -> int:
    return await log.note(
        Note(
            severity=severity,
            controller_name=CONTROLLER,
            action="close",
            message=text,
            ip_address=request.client.host if request.client else "",
            regarding=call,
        )
    )
