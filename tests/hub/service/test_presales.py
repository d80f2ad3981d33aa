"""Tickets bought beforehand: a code takes the price off, for one guest, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from contract.ids import new_uuid7
from contract.messages import (
    AdviceFlag,
    DeclineReason,
    OrderBooked,
    OrderChecked,
    OrderDeclined,
)
from contract.order import (
    Credit,
    LineRole,
    Order,
    OrderKind,
    Outcome,
    discount_lines,
    make_line,
    plain_line,
)
from contract.presale import code_digest
from hub.core import chain
from hub.core.state import LedgerState, Missing
from hub.service.presales import Told, find, take_in
from hub.service.verification import verify
from hub.store.loading import load
from tests.hub import samples
from tests.hub.service.shop import (
    CATALOGUE,
    DESK,
    ENTRY,
    YOUTH,
    YOUTH_ENTRY,
    Shop,
    again,
    an_order,
    by,
    canceling,
)

if TYPE_CHECKING:
    from contract.catalogue import Product
    from tests.hub.hubs import Parts

NUMBER = samples.EVENT.number
ADULT_CODE, OTHER_ADULT_CODE, YOUTH_CODE = "adult-0001", "adult-0002", "youth-0001"
INCLUDED = 500  # comes with an adult's ticket, paid beside its price


@pytest_asyncio.fixture
async def sold(parts: Parts) -> Shop:
    """A shop whose guests have bought tickets elsewhere."""
    shop = await Shop(parts).open()
    codes = ((ADULT_CODE, ENTRY), (OTHER_ADULT_CODE, ENTRY), (YOUTH_CODE, YOUTH_ENTRY))
    told = [Told("line", code, product.id, "pretix") for code, product in codes]
    await take_in(shop.parts.store, NUMBER, CATALOGUE, told)
    return shop


def digest_of(code: str) -> str:
    found = code_digest(code)
    assert found is not None
    return found


def entry(
    wallet: int,
    *codes: str,
    top_up: int = INCLUDED,
    off: tuple[Product, ...] = (ENTRY,),
    **more: Any,
) -> Order:
    """An adult's entry, with codes that take off what is said."""
    lines = (
        make_line(ENTRY, 1),
        *discount_lines([make_line(each, 1) for each in off], "Presale"),
        plain_line(LineRole.CREDIT, top_up, "Top-up"),
    )
    values: dict[str, Any] = {
        "till": DESK,
        "credits": (Credit(wallet=wallet, amount_minor=top_up),),
        "presale": tuple(digest_of(code) for code in codes),
    }
    return an_order(OrderKind.TICKET, lines, **(values | more))


async def refused(shop: Shop, order: Order) -> DeclineReason:
    answer = await shop.check(order)
    assert isinstance(answer, OrderDeclined), answer
    assert answer.text.endswith(".")
    return answer.reason


async def uses(shop: Shop, code: str) -> list[bool]:
    """Whether a code was used or freed, one after the other."""
    known = await find(shop.parts.store, NUMBER, code)
    assert known is not None
    return [row["holder"] is not None for row in known.history]


async def proved(shop: Shop) -> None:
    """What `verify` finds: nothing, whatever was forgotten and read again."""
    report = await verify(
        shop.parts.store, NUMBER, shop.parts.context.current.incarnation
    )
    assert report.ok, report.findings


async def test_ticket_sale_with_a_presale_code_takes_the_price_off_whole(
    sold: Shop,
) -> None:
    guest = await sold.band()
    ticket = entry(guest, ADULT_CODE, top_up=1500)

    assert ticket.total_minor == 1500
    assert isinstance(await sold.check(ticket), OrderChecked)
    assert await uses(sold, ADULT_CODE) == []
    assert await sold.advise(ticket) == ()
    assert await sold.held(guest) == (1500, 0)
    assert await sold.posted("cash_register", "desk-1") == -1500
    assert await sold.posted("revenue", "2") == 0
    assert await uses(sold, ADULT_CODE) == [True]
    await proved(sold)


async def test_ticket_sale_with_a_presale_code_leaves_nothing_to_pay(
    sold: Shop,
) -> None:
    young = await sold.band(variant=YOUTH)
    lines = (make_line(YOUTH_ENTRY, 1),)
    ticket = an_order(
        OrderKind.TICKET,
        (*lines, *discount_lines(lines, "Presale")),
        None,
        till=DESK,
        credits=(Credit(wallet=young, vouchers=2),),
        presale=(digest_of(YOUTH_CODE),),
    )

    assert isinstance(await sold.ask(ticket), OrderBooked)
    assert await sold.advise(ticket) == ()
    assert await sold.held(young) == (0, 2)
    await proved(sold)


async def test_ticket_sale_with_a_presale_code_copied_lets_one_in(sold: Shop) -> None:
    lines = (make_line(YOUTH_ENTRY, 1),)
    first, copied = [
        an_order(
            OrderKind.TICKET,
            (*lines, *discount_lines(lines, "Presale")),
            None,
            till=DESK,
            credits=(Credit(wallet=await sold.band(variant=YOUTH), vouchers=2),),
            presale=(digest_of(YOUTH_CODE),),
        )
        for _ in range(2)
    ]

    assert isinstance(await sold.ask(first), OrderBooked)
    declined = await sold.ask(copied)
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.PRESALE_USED
    await proved(sold)


async def test_ticket_sale_with_a_presale_code_for_one_of_a_group(sold: Shop) -> None:
    adult, young = await sold.band(), await sold.band(variant=YOUTH)
    lines = (
        make_line(ENTRY, 1),
        make_line(YOUTH_ENTRY, 1),
        *discount_lines((make_line(YOUTH_ENTRY, 1),), "Presale"),
        plain_line(LineRole.CREDIT, INCLUDED, "Top-up"),
    )
    ticket = an_order(
        OrderKind.TICKET,
        lines,
        till=DESK,
        credits=(
            Credit(wallet=adult, amount_minor=INCLUDED),
            Credit(wallet=young, vouchers=2),
        ),
        presale=(digest_of(YOUTH_CODE),),
    )

    assert isinstance(await sold.check(ticket), OrderChecked)
    assert await sold.advise(ticket) == ()
    assert await sold.posted("cash_register", "desk-1") == -1500
    assert await uses(sold, YOUTH_CODE) == [True]


@pytest.mark.parametrize(
    ("codes", "off", "reason"),
    [
        (("nobody-sold-it",), (ENTRY,), DeclineReason.PRESALE_UNKNOWN),
        ((YOUTH_CODE,), (ENTRY,), DeclineReason.PRESALE_OTHER_TICKET),
        ((YOUTH_CODE,), (YOUTH_ENTRY,), DeclineReason.PRESALE_OTHER_TICKET),
        ((ADULT_CODE,), (YOUTH_ENTRY,), DeclineReason.PRESALE_OTHER_TICKET),
    ],
    ids=["unknown", "another ticket", "a cheaper ticket", "part of it"],
)
async def test_ticket_sale_with_a_presale_code_that_is_not_right_is_declined(
    sold: Shop, codes: tuple[str, ...], off: tuple[Product, ...], reason: DeclineReason
) -> None:
    ticket = entry(await sold.band(), *codes, off=off)
    assert await refused(sold, ticket) is reason
    assert await sold.advise(ticket) == (AdviceFlag(reason.value),)
    assert await sold.posted("cash_register", "desk-1") == -ticket.total_minor
    await proved(sold)


async def test_ticket_sale_with_a_presale_code_that_takes_nothing_off_is_declined(
    sold: Shop,
) -> None:
    ticket = entry(await sold.band(), ADULT_CODE, off=())

    assert await refused(sold, ticket) is DeclineReason.INCONSISTENT_ORDER
    assert await uses(sold, ADULT_CODE) == []


async def test_ticket_sale_with_a_presale_code_at_two_tills_flags_the_later(
    sold: Shop,
) -> None:
    first, second = entry(await sold.band(), ADULT_CODE), await sold.band()
    late = entry(second, ADULT_CODE)
    assert isinstance(await sold.check(first), OrderChecked)
    assert isinstance(await sold.check(late), OrderChecked)

    assert await sold.advise(first) == ()
    assert await refused(sold, entry(second, ADULT_CODE)) is DeclineReason.PRESALE_USED
    assert await sold.advise(late) == (AdviceFlag.PRESALE_USED,)
    assert await sold.held(second) == (INCLUDED, 0)
    assert await uses(sold, ADULT_CODE) == [True]
    await proved(sold)


async def test_ticket_sale_with_a_presale_code_paid_by_a_wristband_is_booked_once(
    sold: Shop,
) -> None:
    payer = await sold.band(5000)
    ticket = entry(await sold.band(), ADULT_CODE, payment=by(payer))

    assert (await sold.booked(ticket)).balance is not None
    assert await uses(sold, ADULT_CODE) == [True]
    other = entry(await sold.band(), ADULT_CODE, payment=by(payer))
    assert (await sold.declined(other)).reason is DeclineReason.PRESALE_USED
    assert isinstance(await sold.ask(ticket), OrderBooked)
    assert await sold.advise(ticket) == ()
    assert await uses(sold, ADULT_CODE) == [True]
    await proved(sold)


@pytest.mark.parametrize("remembered", [True, False])
async def test_ticket_sale_with_a_presale_code_that_is_aborted_frees_it(
    sold: Shop, *, remembered: bool
) -> None:
    payer = await sold.band(5000)
    ticket = entry(await sold.band(), ADULT_CODE, payment=by(payer))
    await sold.booked(ticket)
    if not remembered:
        sold.parts.booking.forget()
    assert await sold.advise(ticket, outcome=Outcome.ABORTED) == ()

    assert await uses(sold, ADULT_CODE) == [True, False]
    assert await sold.advise(entry(await sold.band(), ADULT_CODE)) == ()
    assert await uses(sold, ADULT_CODE) == [True, False, True]
    await proved(sold)


async def test_ticket_sale_with_a_presale_code_at_another_attempt_frees_it(
    sold: Shop,
) -> None:
    payer, guest = await sold.band(5000), await sold.band()
    ticket = entry(guest, ADULT_CODE, payment=by(payer))
    await sold.booked(ticket)
    full = again(
        msgspec.structs.replace(ticket, presale=()),
        2,
        [each for each in ticket.lines if each.role is not LineRole.DISCOUNT],
    )
    await sold.booked(full)

    assert await uses(sold, ADULT_CODE) == [True, False]
    assert await sold.advise(full) == ()
    await proved(sold)


@pytest.mark.parametrize("remembered", [True, False])
async def test_ticket_sale_with_a_presale_code_that_is_canceled_frees_it(
    sold: Shop, *, remembered: bool
) -> None:
    ticket = entry(await sold.band(), ADULT_CODE)
    await sold.advise(ticket)
    undo = canceling(ticket)
    if not remembered:
        sold.parts.booking.forget()
    await sold.booked(undo)

    assert await uses(sold, ADULT_CODE) == [True, False]
    assert await sold.advise(undo, outcome=Outcome.ABORTED) == ()
    assert await uses(sold, ADULT_CODE) == [True, False, True]
    once_more = msgspec.structs.replace(undo, id=new_uuid7())
    await sold.booked(once_more)
    assert await sold.advise(once_more) == ()
    assert await uses(sold, ADULT_CODE) == [True, False, True, False]
    assert isinstance(
        await sold.check(entry(await sold.band(), ADULT_CODE)), OrderChecked
    )
    await proved(sold)


@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_ticket_sale_with_a_presale_code_is_freed_by_the_guest_who_used_it(
    sold: Shop, *, is_forgotten: bool
) -> None:
    one, two = await sold.band(), await sold.band()
    paid = (make_line(ENTRY, 1),)
    lines = (
        make_line(ENTRY, 2),
        *discount_lines(paid, "Presale"),
        plain_line(LineRole.CREDIT, 2 * INCLUDED, "Top-up"),
    )
    group = an_order(
        OrderKind.TICKET,
        lines,
        till=DESK,
        credits=tuple(Credit(wallet=e, amount_minor=INCLUDED) for e in (one, two)),
        presale=(digest_of(ADULT_CODE),),
    )
    assert await sold.advise(group) == ()
    if is_forgotten:
        sold.parts.booking.forget()

    payer = canceling(group, (1, 3), guest=one, till=DESK)
    await sold.booked(payer)
    assert await sold.advise(payer) == ()
    assert await uses(sold, ADULT_CODE) == [True]
    cheat = await sold.declined(canceling(group, (1, 3), guest=two, till=DESK))
    assert cheat.reason is DeclineReason.NOTHING_TO_CANCEL  # it was not paid here
    guest = canceling(group, (1, 2, 3), guest=two, till=DESK)
    await sold.booked(guest)
    assert await sold.advise(guest) == ()

    assert await uses(sold, ADULT_CODE) == [True, False]
    assert await sold.posted("cash_register", "desk-1") == 0
    assert await sold.held(two) == (0, 0)
    await proved(sold)


async def test_a_canceled_entry_that_was_flagged_frees_nobody_elses_code(
    sold: Shop,
) -> None:
    first, late = [entry(await sold.band(), ADULT_CODE) for _ in range(2)]
    await sold.advise(first)
    await sold.advise(late)
    undo = canceling(late)
    await sold.booked(undo)
    await sold.advise(undo)

    assert await uses(sold, ADULT_CODE) == [True]
    await proved(sold)


async def test_a_code_is_never_kept_only_its_digest(sold: Shop) -> None:
    await sold.advise(entry(await sold.band(), ADULT_CODE))
    async with sold.parts.store._pool.acquire() as connection:
        for table in ("presale", "presale_use", "attempt", "outcome"):
            rows = await connection.fetch(f"SELECT * FROM {table}")
            assert ADULT_CODE not in repr([tuple(row) for row in rows])


async def test_what_was_taken_in_can_be_changed_by_nobody(sold: Shop) -> None:
    async with sold.parts.store._pool.acquire() as connection:
        for change in ("DELETE FROM presale", "UPDATE presale_use SET holder = NULL"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM presale_use WHERE holder IS NOT NULL",
        "DELETE FROM presale_use WHERE holder IS NULL",
        "UPDATE presale_use SET holder = NULL",
        "UPDATE presale_use SET entry = entry + 100",
        "UPDATE presale_use SET code_hash ="
        " (SELECT max(code_hash) FROM presale WHERE product = 7)",
    ],
)
async def test_a_use_that_is_deleted_or_changed_is_found(
    sold: Shop, change: str
) -> None:
    ticket = entry(await sold.band(), ADULT_CODE)
    await sold.advise(ticket)
    undo = canceling(ticket)
    await sold.booked(undo)
    await sold.advise(undo)
    await proved(sold)
    owner = await asyncpg.connect(sold.parts.store.dsn)
    try:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(change)
    finally:
        await owner.close()

    report = await verify(
        sold.parts.store, NUMBER, sold.parts.context.current.incarnation
    )
    checks = {each.check for each in report.findings}
    assert "chain" in checks
    assert "presale" in checks or change.endswith("holder IS NULL")


async def test_codes_that_somebody_made_up_are_not_kept_in_mind(sold: Shop) -> None:
    none: frozenset[Any] = frozenset()
    state = LedgerState(0, chain.first_head("incarnation"), 0)
    codes = {digest_of(code) for code in (ADULT_CODE, "made-up-1", "made-up-2")}
    wanted = Missing(none, none, none, none, frozenset(codes))

    await load(sold.parts.store, NUMBER, state, wanted)

    assert list(state.presales) == [digest_of(ADULT_CODE)]
