"""`/`: where people begin in the office, with what waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response  # noqa: TC002 - as above

from hub.service.office import OFFICE_RIGHTS
from hub.service.office_tasks import Task
from hub.web.office_desk import AtWork, OfficeSection
from hub.web.office_texts import office_texts
from hub.web.texts import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.service.office import OfficeMember
    from hub.service.office_tasks import OfficeTasks, Waiting
    from hub.web.office_desk import OfficeDesk

PATH = "/"
KEY = "overview"

PLACES: Mapping[Task, str] = {
    Task.REFUSED: "doubts",
    Task.DOUBTS: "doubts",
    Task.CLAIMS: "doubts",
    Task.ALARMS: "doubts",
    Task.FLAGGED: "flags",
    Task.CREDITS: "bank",
    Task.OVERPAID: "refunds",
    Task.REFUNDS: "refunds",
    Task.SETTLE: "settlements",
    Task.SETTLEMENTS: "settlements",
    Task.PAYOUTS: "settlements",
    Task.SLIPS: "slips",
    Task.CLOSINGS: "closings",
}
"""Where each is done: the key of a section."""


@dataclass(frozen=True, slots=True)
class TaskView:
    """Something that waits, and where to do it."""

    what: str
    todo: str
    place: str
    path: str


def overview_section(tasks: OfficeTasks) -> OfficeSection:
    """Make the section."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()

        @router.api_route(PATH, methods=["GET", "HEAD"])
        async def show(request: Request, member: AtWork) -> Response:
            found = await tasks.waiting()
            return desk.page(
                request,
                "overview.html",
                here=KEY,
                tasks=_views(desk, request, member, found),
            )

        return router

    titles = {each: office_texts(each).overview.title for each in Language}
    return OfficeSection(
        key=KEY, path=PATH, titles=titles, routes=routes, rights=OFFICE_RIGHTS
    )


def _views(
    desk: OfficeDesk,
    request: Request,
    member: OfficeMember,
    found: tuple[Waiting, ...],
) -> list[TaskView]:
    """Write out what waits in the sections that somebody may open."""
    reader = desk.reader(request)
    texts = desk.texts(request).overview.waiting
    mine = {each.key: each for each in desk.open_to(member)}
    views = []
    for each in found:
        section = mine.get(PLACES[each.task])
        if section is None:
            continue
        words = texts[each.task]
        form = words.one if each.count == 1 else words.other
        views.append(
            TaskView(
                what=form.format(count=reader.formats.count(each.count)),
                todo=words.todo,
                place=section.titles[reader.language],
                path=reader.link(section.path),
            )
        )
    return views
