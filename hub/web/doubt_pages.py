"""`/doubts`: the office sees which payments nobody knows about, and what was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response  # noqa: TC002 - as above

from hub.service.bills import hub_time
from hub.service.polling import doubtful
from hub.web.office_desk import AtWork, OfficeSection
from hub.web.texts import Language

if TYPE_CHECKING:
    from datetime import datetime

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from hub.web.office_desk import OfficeDesk

PATH = "/doubts"
ALARMS_MAX = 50


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a provider said that somebody has to look at."""

    bill: str
    method: str
    status: str
    sentences: tuple[str, ...]
    heard_at: datetime


def doubt_section(store: Store, context: ContextKeeper) -> OfficeSection:
    """Make the section."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()

        @router.get(PATH)
        async def show(request: Request, _: AtWork) -> Response:
            event = context.current.number
            rows = await store.fetch("payment_alarms", event, ALARMS_MAX)
            return desk.page(
                request,
                "doubts.html",
                here="doubts",
                doubts=await doubtful(store, event, hub_time()),
                alarms=[
                    Alarm(
                        row["bill"],
                        row["method"],
                        row["status"],
                        tuple(row["alarms"]),
                        row["heard_at"],
                    )
                    for row in rows
                ],
            )

        return router

    return OfficeSection(
        key="doubts",
        path=PATH,
        titles={Language.DE: "Ungeklärte Zahlungen", Language.EN: "Payments in doubt"},
        routes=routes,
    )
