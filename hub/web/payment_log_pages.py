"""`/payment-log`: the office searches what providers called and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response  # noqa: TC002 - as above

from contract.fields import EARLIEST, LATEST
from hub.payments.routes import ENTRANCES
from hub.service.payment_log import PAGE_ENTRIES, Search, Severity
from hub.web.noted_calls import CONTROLLERS as NOTED
from hub.web.office_desk import AtWork, OfficeSection
from hub.web.texts import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.service.payment_log import Entry
    from hub.web.office_desk import OfficeDesk

PATH = "/payment-log"
CONTROLLERS = (
    *(entrance.controller_name for entrance in ENTRANCES.values()),
    *NOTED.values(),
)
_TEXT_CHARACTERS_MAX = 200
_NUMBER_MAX = 2**62


class LogSource(Protocol):
    """Where the payment log is read."""

    async def search(self, search: Search) -> Sequence[Entry]:
        """Find entries, newest first."""


def payment_log_section(log: LogSource, zone: tzinfo) -> OfficeSection:
    """Make the section; days are those of the zone."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()

        @router.get(PATH)
        async def show(request: Request, _: AtWork) -> Response:
            asked = {
                name: value.strip()[:_TEXT_CHARACTERS_MAX].replace("\x00", "")
                for name, value in request.query_params.items()
            }
            search = _search(asked, zone)
            entries = await log.search(search)
            return desk.page(
                request,
                "payment_log.html",
                here="payment-log",
                entries=entries,
                values=asked,
                controllers=CONTROLLERS,
                severities=list(Severity),
                older=_older(asked, entries),
                is_first=search.before is None,
            )

        return router

    return OfficeSection(
        key="payment-log",
        path=PATH,
        titles={Language.DE: "Zahlungsprotokoll", Language.EN: "Payment log"},
        routes=routes,
    )


def _search(asked: dict[str, str], zone: tzinfo) -> Search:
    until = _day(asked.get("until", ""), zone)
    severity = _number(asked.get("severity", "")) or Severity.INFO
    return Search(
        severity=Severity(min(max(severity, Severity.INFO), Severity.FATAL)),
        controller_name=asked.get("controller", ""),
        payment=asked.get("payment", ""),
        text=asked.get("text", ""),
        since=_day(asked.get("since", ""), zone),
        until=until and until + timedelta(days=1),
        before=_number(asked.get("before", "")),
        entries_max=PAGE_ENTRIES,
    )


def _older(asked: dict[str, str], entries: Sequence[Entry]) -> str:
    """Make the address of the next page; '' where there is none."""
    if len(entries) < PAGE_ENTRIES:
        return ""
    wanted = {name: value for name, value in asked.items() if value}
    return f"{PATH}?{urlencode(wanted | {'before': str(entries[-1].number)})}"


def _day(text: str, zone: tzinfo) -> datetime | None:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        return None
    return min(max(day, EARLIEST), LATEST)  # another day still fits on the calendar


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    return min(int(text), _NUMBER_MAX)
