"""`/bank`: the office imports banks' files and decides about what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import (
    Request,  # noqa: TC002 - FastAPI reads it at run time
)
from starlette.responses import Response  # noqa: TC002 - as above

from contract.money import Currency, Money, plain_amount
from hub.core.bills.errors import NotAllowed
from hub.core.bills.matching import Part
from hub.payments.by_hand import E_BANKING
from hub.payments.camt import FILE_BYTES_MAX
from hub.service.bank_queue import PAGE_ROWS
from hub.service.bank_report import Refused, sentences, take_files
from hub.web.amounts import typed_amount
from hub.web.bank_texts import bank_texts
from hub.web.noted_calls import noted
from hub.web.office_desk import AtWork, OfficeForm, OfficeSection
from hub.web.sessions import FormTooLarge, text_of
from hub.web.texts import Language
from hub.web.uploads import read_upload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.datastructures import FormData

    from hub.service.bank_queue import BankQueue, Opened
    from hub.service.office import OfficeMember
    from hub.service.payment_log import PaymentLog
    from hub.store.store import Store
    from hub.web.bank_texts import BankTexts
    from hub.web.noted_calls import Outcome
    from hub.web.office_desk import OfficeDesk
    from hub.web.pages import Reader

PATH = "/bank"
KEY = "bank"
SEARCHED_CHARACTERS_MAX = 100
NUMBER_MAX = 2**62
PART_LINES = 5
ROWS_SHOWN_MAX = 2000
"""Of one file on its page; the queue and the search have the rest."""


def bank_section(
    store: Store, event: int, queue: BankQueue, log: PaymentLog
) -> OfficeSection:
    """Make the section; what is done on its pages is noted in the payment log."""

    def routes(desk: OfficeDesk) -> APIRouter:
        router = APIRouter()
        _add_queue(router, desk, queue)
        _add_import(router, desk, queue, (store, event, log))
        _add_credit(router, desk, queue, log)
        return router

    return OfficeSection(key=KEY, path=PATH, titles=titles(KEY), routes=routes)


def titles(page: str) -> dict[Language, str]:
    """Name a page for the navigation."""
    return {
        language: getattr(bank_texts(language), page)["title"] for language in Language
    }


def words_of(desk: OfficeDesk, request: Request) -> BankTexts:
    """Find the texts in the reader's language."""
    return bank_texts(desk.reader(request).language)


def shown_money(reader: Reader) -> Callable[[int, str], str]:
    """Write amounts also of currencies that no event here has."""

    def show(minor: int, currency: str) -> str:
        if currency in {each.value for each in Currency}:
            return reader.formats.money(Money(minor, Currency(currency)))
        return f"{reader.formats.amount(minor)} {currency}".strip()

    return show


async def _queue_page(
    desk: OfficeDesk,
    request: Request,
    queue: BankQueue,
    *,
    status: int = 200,
    refusal: str = "",
) -> Response:
    asked = request.query_params.get("q", "").replace("\x00", "").strip()
    text = _searched(asked[:SEARCHED_CHARACTERS_MAX])
    after = request.query_params.get("after", "")
    number = int(after) if after.isdecimal() and len(after) < 19 else 0
    waiting = await queue.waiting(min(number, NUMBER_MAX))
    return desk.page(
        request,
        "bank.html",
        here=KEY,
        status=status,
        refusal=refusal,
        b=words_of(desk, request),
        money=shown_money(desk.reader(request)),
        waiting=waiting,
        more=waiting[-1].id if len(waiting) == PAGE_ROWS else 0,
        decided=await queue.decided(),
        asked=asked,
        found=await queue.find(text) if text else (),
    )


def _searched(asked: str) -> str:
    """Find an amount as it is stored, also one with a comma."""
    minor = typed_amount(asked) if "," in asked else None
    return asked if minor is None else plain_amount(minor)


def _add_queue(router: APIRouter, desk: OfficeDesk, queue: BankQueue) -> None:
    @router.get(PATH)
    async def show(request: Request, _: AtWork) -> Response:
        return await _queue_page(desk, request, queue)


def _add_import(
    router: APIRouter,
    desk: OfficeDesk,
    queue: BankQueue,
    books: tuple[Store, int, PaymentLog],
) -> None:
    store, event, log = books

    @router.post(f"{PATH}/import")
    async def called(request: Request, member: AtWork) -> Response:
        async with noted(log, request, E_BANKING.code, "import") as outcome:
            return await take(request, member, outcome)

    async def take(
        request: Request, member: OfficeMember, outcome: Outcome
    ) -> Response:
        words = words_of(desk, request).bank
        try:
            form, name, data = await read_upload(request, desk, FILE_BYTES_MAX)
        except FormTooLarge:
            outcome.refuse("the file is too large.")
            # The rest of it is not read: the browser is told, and hangs up.
            return await _queue_page(
                desk, request, queue, status=413, refusal=words["too_large"]
            )
        if not data:
            outcome.refuse("there is no file.")
            return await _queue_page(
                desk, request, queue, status=422, refusal=words["no_file"]
            )
        taken = await take_files(
            store,
            event,
            [(name, data)],
            by=member.id,
            take_copies=text_of(form, "copies") == "yes",
        )
        said = "\n".join((f"By {member.id}.", *sentences(taken)))
        (outcome.refuse if taken.refused else outcome.say)(said)
        return desk.page(
            request,
            "bank_imported.html",
            here=KEY,
            status=422 if taken.refused else 200,
            b=words_of(desk, request),
            money=shown_money(desk.reader(request)),
            files=taken.files,
            is_refused=lambda each: isinstance(each, Refused),
            rows_max=ROWS_SHOWN_MAX,
        )


def _add_credit(
    router: APIRouter, desk: OfficeDesk, queue: BankQueue, log: PaymentLog
) -> None:
    async def page(request: Request, credit: int, refusal: str = "") -> Response:
        opened = await queue.open(credit) if credit <= NUMBER_MAX else None
        if opened is None:
            raise HTTPException(404)
        return desk.page(
            request,
            "bank_credit.html",
            here=KEY,
            status=422 if refusal else 200,
            refusal=refusal,
            b=words_of(desk, request),
            money=shown_money(desk.reader(request)),
            opened=opened,
            credit=opened.credit,
            part_lines=_part_lines(opened, desk.reader(request)),
        )

    @router.get(PATH + "/credits/{credit}")
    async def show(request: Request, _: AtWork, credit: int) -> Response:
        return await page(request, credit)

    @router.post(PATH + "/credits/{credit}/{verb}")
    async def decide(
        request: Request, member: AtWork, form: OfficeForm, credit: int, verb: str
    ) -> Response:
        if verb not in {"assign", "set-aside", "undo"} or credit > NUMBER_MAX:
            raise HTTPException(404)
        async with noted(log, request, E_BANKING.code, verb) as outcome:
            try:
                await _obey(queue, credit, verb, form, member.id)
            except NotAllowed as error:
                outcome.refuse(error)
                return await page(request, credit, str(error))
            outcome.say(f"Done by {member.id}.")
        return desk.go(request, PATH)


async def _obey(
    queue: BankQueue, credit: int, verb: str, form: FormData, by: str
) -> None:
    turn, note = _turn(form), text_of(form, "note")
    if verb == "assign":
        await queue.assign(credit, _parts(form), turn=turn, by=by, note=note)
    elif verb == "set-aside":
        await queue.set_aside(credit, turn=turn, by=by, note=note)
    else:
        await queue.undo(credit, turn=turn, by=by, note=note)


def _turn(form: FormData) -> int:
    text = text_of(form, "turn")
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def _parts(form: FormData) -> list[Part]:
    """Read the bills and amounts that were typed; raises NotAllowed."""
    parts = []
    for number in range(1, PART_LINES + 1):
        typed = "".join(text_of(form, f"bill-{number}").split())
        amount = text_of(form, f"amount-{number}")
        if not typed and not amount:
            continue
        minor = typed_amount(amount)
        if minor is None:
            raise NotAllowed(f"{amount!r} is no amount. Write it as 45.00.")
        parts.append(Part(typed.zfill(27), minor))
    return parts


def _part_lines(opened: Opened, reader: Reader) -> Sequence[tuple[str, str]]:
    """Offer the best suggestion filled in, if it is of the credit's amount."""
    credit = opened.credit
    best = [
        (each.reference, reader.formats.amount(credit.amount_minor))
        for each in opened.suggestions
        if each.open_minor == credit.amount_minor and each.currency == credit.currency
    ]
    return [*best[:1], *[("", "")] * PART_LINES][:PART_LINES]
