"""`/flags`: orders that were booked although something was odd, to be looked at.

Each says what happened and what to do about it. Whoever has done so ticks it off with
a note, one by one or all that the page was narrowed down to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response  # noqa: TC002 - as above

from contract.messages import AdviceFlag
from contract.order import Outcome
from contract.sheet_words import SheetLanguage, sheet_words
from hub.core.bills.errors import NotAllowed
from hub.service.flagged_orders import (
    ORDERS_PER_PAGE,
    FlaggedOrders,
    Place,
    Wanted,
)
from hub.service.seen_to import SeenTo
from hub.web.office_desk import AtWork, OfficeForm, OfficeSection
from hub.web.office_texts import office_texts
from hub.web.sessions import text_of
from hub.web.texts import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import FormData

    from hub.service.context import ContextKeeper
    from hub.service.flagged_orders import FlaggedOrder
    from hub.service.office import OfficeMember
    from hub.service.seen import Seen
    from hub.store.store import Store
    from hub.web.office_desk import OfficeDesk
    from hub.web.office_texts import FlagTexts
    from hub.web.pages import Reader

PATH = "/flags"
KEY = "flags"
SEEN = "seen"
BATCH_DIGITS_MAX = 18
TILL_CHARACTERS_MAX = 100

GRAVE = frozenset(
    {
        AdviceFlag.STAND_IN_LOSS,
        AdviceFlag.CONTRADICTS_ADVICE,
        AdviceFlag.BAD_SIGNATURE,
        AdviceFlag.INCONSISTENT_ORDER,
        AdviceFlag.BILL_NOT_DUE,
        AdviceFlag.ALREADY_CANCELED,
        AdviceFlag.NOTHING_TO_CANCEL,
        AdviceFlag.OTHER_PAYMENT,
        AdviceFlag.REGISTER_DIFFERS,
        AdviceFlag.AGE_RESTRICTED,
        AdviceFlag.WRONG_TICKET,
        AdviceFlag.OTHER_HOLDER,
        AdviceFlag.CASHIER_LOGGED_IN,
    }
)
"""What costs the event something, or may be against the law."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OddOrder:
    """An order as the page shows it."""

    id: UUID
    digest: str
    till: str
    kind: str
    numbers: str
    """Its number at the till, and its Z number."""
    total: str
    lost: str
    """What no wallet could be charged for; "" where nothing was lost."""
    aborted: bool
    training: bool
    booked_at: str
    iso: str
    receipt: str
    """The portal's page of it, if it has one."""
    flags: tuple[FlagTexts, ...]
    grave: bool
    seen: Seen | None


def flags_section(store: Store, context: ContextKeeper) -> OfficeSection:
    """Make the section."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()
        _add_routes(router, FlagDesk(desk, store, context))
        return router

    titles = {each: office_texts(each).flags.title for each in Language}
    return OfficeSection(key=KEY, path=PATH, titles=titles, routes=routes)


class FlagDesk:
    """What the page of flagged orders works with."""

    def __init__(self, desk: OfficeDesk, store: Store, context: ContextKeeper) -> None:
        event = context.current.number
        self.desk = desk
        self.seen_to = SeenTo(store, event)
        self._orders = FlaggedOrders(store, event)
        self._context = context

    async def page(
        self, request: Request, asked: Mapping[str, str], refusal: str = ""
    ) -> Response:
        """Show a page of them; a refusal is told above it."""
        wanted, before = _wanted(asked), _place(asked.get("before", ""))
        found = await self._orders.listed(wanted, before)
        counted = await self._orders.counted(wanted)
        reader = self.desk.reader(request)
        current = self._context.current
        is_first = before is None
        return self.desk.page(
            request,
            "flags.html",
            here=KEY,
            status=409 if refusal else 200,
            refusal=refusal,
            orders=[_view(each, reader, current.portal_url) for each in found],
            in_all=counted.all,
            counts=[
                (flag, count, _path(Wanted(flag, wanted.till, wanted.seen)))
                for flag, count in counted.by_flag.items()
            ],
            wanted=wanted,
            tills=sorted(current.agreed.tills),
            kinds=_kinds(reader.language),
            last=_named(found[0].place) if found and is_first else "",
            here_from="" if before is None else _named(before),
            newest="" if is_first else _path(wanted),
            older=(
                _path(wanted, found[-1].place) if len(found) == ORDERS_PER_PAGE else ""
            ),
            other=_path(Wanted(wanted.flag, wanted.till, not wanted.seen)),
        )

    async def see_to(
        self, request: Request, form: FormData, member: OfficeMember
    ) -> Response:
        """Tick off one, or all that the page was narrowed down to."""
        asked = {name: text_of(form, name) for name in ("kind", "till", "before")}
        wanted, note = _wanted(asked), text_of(form, "note")
        last, digest = _place(text_of(form, "last")), text_of(form, "digest")
        order = _order(text_of(form, "order"))
        try:
            if last is not None:
                await self.seen_to.flagged_orders(wanted, last, by=member.id, note=note)
            else:
                await self.seen_to.flagged_order(
                    order, _bytes(digest), by=member.id, note=note
                )
        except NotAllowed as error:
            return await self.page(request, asked, str(error))
        return self.desk.go(request, _path(wanted, _place(asked["before"])))


def _add_routes(router: APIRouter, flags: FlagDesk) -> None:
    @router.get(PATH)
    async def show(request: Request, _: AtWork) -> Response:
        return await flags.page(request, request.query_params)

    @router.post(f"{PATH}/seen")
    async def seen(request: Request, member: AtWork, form: OfficeForm) -> Response:
        return await flags.see_to(request, form, member)


def _view(found: FlaggedOrder, reader: Reader, portal_url: str) -> OddOrder:
    order, formats = found.order, reader.formats
    words = sheet_words(SheetLanguage(reader.language.value))
    texts = office_texts(reader.language).flags
    link = reader.link(f"{portal_url.rstrip('/')}/receipts/{order.id}")
    return OddOrder(
        id=order.id,
        digest=found.place.digest.hex(),
        till=order.till,
        kind=words.kinds[order.kind],
        numbers=texts.numbers.format(number=order.sequence, z=order.z_number),
        total=formats.money(order.total),
        lost=formats.money(found.lost) if found.lost.minor else "",
        aborted=found.outcome is Outcome.ABORTED,
        training=order.training,
        booked_at=formats.minute(found.booked_at),
        iso=found.booked_at.isoformat(),
        receipt=link if found.has_receipt and portal_url else "",
        flags=tuple(texts.flags[each] for each in found.flags),
        grave=not GRAVE.isdisjoint(found.flags),
        seen=found.seen,
    )


def _kinds(language: Language) -> list[tuple[str, str]]:
    named = [
        (each.value, texts.name)
        for each, texts in office_texts(language).flags.flags.items()
    ]
    return sorted(named, key=lambda each: each[1].casefold())


# What an address and a form ask for; what makes no sense asks for nothing.


def _wanted(asked: Mapping[str, str]) -> Wanted:
    known = {each.value: each for each in AdviceFlag}
    till = asked.get("till", "").replace("\x00", "").strip()[:TILL_CHARACTERS_MAX]
    seen = asked.get("show", "") == SEEN
    return Wanted(known.get(asked.get("kind", "")), till, seen)


def _place(text: str) -> Place | None:
    batch, _, digest = text.partition("-")
    if not (batch.isdecimal() and len(batch) <= BATCH_DIGITS_MAX):
        return None
    return Place(int(batch), _bytes(digest))


def _named(place: Place) -> str:
    return f"{place.batch}-{place.digest.hex()}"


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _order(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _path(wanted: Wanted, before: Place | None = None) -> str:
    """Make the address of a page of these."""
    asked = {
        "show": SEEN if wanted.seen else "",
        "kind": "" if wanted.flag is None else wanted.flag.value,
        "till": wanted.till,
        "before": "" if before is None else _named(before),
    }
    said = {name: value for name, value in asked.items() if value}
    return f"{PATH}?{urlencode(said)}" if said else PATH
