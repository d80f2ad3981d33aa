"""Bad input, as tills could say it: each has a reason and a sentence.

The same orders are asked for, checked and reported as done. The first two are declined;
what was done is booked and flagged, or set aside where nobody may book it unseen.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import pytest_asyncio

from contract.ids import EventId, new_uuid7
from contract.messages import (
    AdviceBatch,
    AdviceFlag,
    AdviceRecorded,
    DeclineReason,
    OrderAdvice,
    OrderCheck,
    OrderChecked,
    OrderDeclined,
    OrderRequest,
    Rejected,
    RejectReason,
)
from contract.money import MINOR_MAX, Currency
from contract.order import (
    LINES_MAX,
    LineRole,
    encode_order,
    make_line,
    plain_line,
    voucher_lines,
)
from hub.core.content import AMOUNT_MINOR_MAX
from hub.service.verification import verify
from tests.hub import samples
from tests.hub.service.shop import (
    BAR,
    BEER,
    CATALOGUE,
    CUP,
    PRETZEL,
    Shop,
    a_sale,
    an_order,
    by,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from contract.order import Line, Order
    from hub.service.orders import Verdict
    from tests.hub.hubs import Parts

NUMBER = samples.EVENT.number
BALANCE = 100_000

Case = tuple[DeclineReason, "Callable[[int], Order]"]


def of(*lines: Line, **more: Any) -> Callable[[int], Order]:
    """A sale of some lines, by the wallet that will be named."""
    return lambda wallet: a_sale(wallet, *lines, **more)


def bent(line: Line, **changes: Any) -> Line:
    """A line that was tampered with; its total follows."""
    line = msgspec.structs.replace(line, **changes)
    return msgspec.structs.replace(
        line, total_minor=line.quantity * line.unit_price_minor
    )


ONE = make_line(BEER, 1)
CASES: dict[str, Case] = {
    "the largest amount": (
        DeclineReason.AMOUNT_TOO_LARGE,
        of(bent(ONE, unit_price_minor=MINOR_MAX)),
    ),
    "the smallest amount": (
        DeclineReason.AMOUNT_TOO_LARGE,
        of(bent(ONE, quantity=-1, unit_price_minor=MINOR_MAX)),
    ),
    "just above what is taken": (
        DeclineReason.AMOUNT_TOO_LARGE,
        of(bent(ONE, unit_price_minor=AMOUNT_MINOR_MAX + 1)),
    ),
    "99 lines of too much": (
        DeclineReason.AMOUNT_TOO_LARGE,
        of(*[bent(ONE, unit_price_minor=AMOUNT_MINOR_MAX // 9)] * LINES_MAX),
    ),
    "a zero quantity": (DeclineReason.INCONSISTENT_ORDER, of(bent(ONE, quantity=0))),
    "a negative quantity": (
        DeclineReason.NOT_RETURNABLE,
        of(make_line(BEER, -1), make_line(PRETZEL, 9)),
    ),
    "an unknown product": (DeclineReason.UNKNOWN_PRODUCT, of(bent(ONE, product=99))),
    "a product of another event": (
        DeclineReason.WRONG_EVENT,
        of(ONE, event=EventId("winter")),
    ),
    "another event's catalogue": (
        DeclineReason.UNKNOWN_PRODUCT,
        of(ONE, catalogue=CATALOGUE.version + 1),
    ),
    "another price": (DeclineReason.WRONG_PRICE, of(bent(ONE, unit_price_minor=449))),
    "another tax": (DeclineReason.WRONG_PRICE, of(bent(ONE, tax_code=2))),
    "another currency": (DeclineReason.WRONG_CURRENCY, of(ONE, currency=Currency.CHF)),
    "a total that is not the lines'": (
        DeclineReason.INCONSISTENT_ORDER,
        lambda wallet: msgspec.structs.replace(a_sale(wallet, ONE), total_minor=1),
    ),
    "nothing": (DeclineReason.INCONSISTENT_ORDER, of()),
    "vouchers that save too much": (
        DeclineReason.WRONG_PRICE,
        of(
            make_line(PRETZEL, 1),
            *voucher_lines((ONE,), {BEER.id: BEER}, 1),
        ),
    ),
    "a top-up within a sale": (
        DeclineReason.INCONSISTENT_ORDER,
        lambda wallet: an_order(
            lines=(ONE, plain_line(LineRole.CREDIT, 500, "Top-up")), payment=by(wallet)
        ),
    ),
}
LEFT_AT_THE_TILL = {DeclineReason.WRONG_EVENT, DeclineReason.WRONG_CURRENCY}


@pytest_asyncio.fixture
async def shop(parts: Parts) -> AsyncIterator[Shop]:
    opened = await Shop(parts).open()
    yield opened
    report = await verify(parts.store, NUMBER, parts.context.current.incarnation)
    assert report.ok, report.findings


async def test_what_is_asked_for_is_declined_with_a_reason(shop: Shop) -> None:
    wallet = await shop.band(BALANCE)
    for name, (reason, made) in CASES.items():
        declined = await shop.declined(made(wallet))
        assert declined.reason is reason, name
        assert declined.text[0].isupper(), name

    assert await shop.held(wallet) == (BALANCE, 0)
    await shop.booked(a_sale(wallet, ONE))


async def test_what_is_checked_is_declined_for_the_same_reason(shop: Shop) -> None:
    wallet = await shop.band(BALANCE)
    for name, (reason, made) in CASES.items():
        declined = await shop.check(made(wallet))
        assert isinstance(declined, OrderDeclined), name
        assert declined.reason is reason, name

    assert isinstance(await shop.check(a_sale(wallet, ONE)), OrderChecked)


async def test_what_was_done_is_booked_and_flagged_or_set_aside(shop: Shop) -> None:
    wallet = await shop.band(BALANCE)
    for name, (reason, made) in CASES.items():
        order = made(wallet)
        if reason in LEFT_AT_THE_TILL:
            answer = await rejected(shop, order)
            assert answer.text.endswith("."), name
            assert answer.order == order.id, name
            continue
        assert AdviceFlag.INCONSISTENT_ORDER in await shop.advise(order), name

    waiting = await shop.parts.orders.quarantine.listed()
    absurd = [
        name
        for name, (reason, _) in CASES.items()
        if reason is DeclineReason.AMOUNT_TOO_LARGE
    ]
    assert len(waiting) == len(absurd)
    assert await shop.advise(a_sale(wallet, ONE)) == ()


async def rejected(shop: Shop, order: Order) -> Rejected:
    """Report what the hub can't take: it stays in its till's journal."""
    said = AdviceBatch(id=new_uuid7(), advices=(msgspec.Raw(shop.advice(order)),))
    (answer,) = await shop.parts.orders.advise(said, order.till)
    assert isinstance(answer, Rejected), answer
    assert answer.reason in {RejectReason.UNKNOWN_EVENT, RejectReason.INVALID}
    return answer


INVALID = RejectReason.INVALID
REMEDIES = ("Enter it again.", "call the technician.")
EDGES: dict[str, tuple[object, str]] = {
    "above what is read": (MINOR_MAX + 1, "beyond what an order may hold"),
    "the largest of 64 bits": (2**63 - 1, "beyond what an order may hold"),
    "one more": (2**63, "beyond what an order may hold"),
    "the largest without a sign": (2**64 - 1, "beyond what an order may hold"),
    "65 bits": (2**64, "beyond what an order may hold"),
    "the smallest of 64 bits": (-(2**63), "beyond what an order may hold"),
    "one less": (-(2**63) - 1, "beyond what an order may hold"),
    "a number of 400 digits": (10**400, "beyond what an order may hold"),
    "a fraction": (4.5, "no whole number"),
    "a text": ("450", "can't be read"),
    "nothing": (None, "can't be read"),
}


async def test_an_amount_beyond_64_bits_is_answered_with_what_to_do(
    shop: Shop,
) -> None:
    """Asked, checked or told: the till hears why, and the queue goes on."""
    wallet = await shop.band(BALANCE)
    for edge, (amount, said) in EDGES.items():
        for field in ("total_minor", "lines[0].total_minor"):
            order = a_sale(wallet, ONE)
            for answer in await refusals(shop, order, field, amount):
                assert isinstance(answer, Rejected), edge
                assert (answer.reason, answer.order) == (INVALID, order.id), edge
                assert said in answer.text, edge
                assert field in answer.text, edge
                assert answer.text.endswith(REMEDIES), edge
    sold = 2 * len(EDGES) * ONE.total_minor
    assert await shop.held(wallet) == (BALANCE - sold, 0)


@pytest.mark.parametrize("field", ["cashier", "granted_by", "lines[0].name"])
async def test_a_name_that_no_database_takes_is_answered_with_what_to_do(
    shop: Shop, field: str
) -> None:
    """It would be the ledger's fault otherwise, and said again for ever."""
    order = a_sale(await shop.band(BALANCE), ONE)
    for answer in await refusals(shop, order, field, "an\0n"):
        assert isinstance(answer, Rejected)
        assert (answer.reason, answer.order) == (INVALID, order.id)
        said = f"The text at {field} holds what it can't hold. Enter it again."
        assert answer.text == said


async def refusals(
    shop: Shop, order: Order, field: str, value: object
) -> list[Verdict | OrderChecked]:
    """What is answered to an order with this in it; its neighbor is recorded."""
    whole = json.loads(encode_order(order))
    within = whole["lines"][0] if field.startswith("lines") else whole
    within[field.rpartition(".")[2]] = value
    body = msgspec.Raw(json.dumps(whole).encode())
    advice = msgspec.json.decode(shop.advice(order), type=OrderAdvice)
    told = msgspec.json.encode(msgspec.structs.replace(advice, order=body))
    good = shop.advice(a_sale(order.wallets[0], ONE))
    orders, number, at = shop.parts.orders, new_uuid7(), samples.NOW

    batch = AdviceBatch(id=number, advices=(msgspec.Raw(told), msgspec.Raw(good)))
    refused, recorded = await orders.advise(batch, BAR)
    assert isinstance(recorded, AdviceRecorded)
    assert isinstance(refused, Rejected)
    return [
        await orders.request(OrderRequest(id=number, order=body, answer_by=at), BAR),
        await orders.checks.check(OrderCheck(id=number, order=body, answer_by=at), BAR),
        refused,
    ]


async def test_99_lines_are_sold_and_a_hundred_are_not_read(shop: Shop) -> None:
    wallet = await shop.band(BALANCE)
    full = a_sale(wallet, *[make_line(CUP, 1)] * LINES_MAX)

    await shop.booked(full)
    longer = await shop.ask(a_sale(wallet, *[make_line(CUP, 1)] * (LINES_MAX + 1)))

    assert isinstance(longer, Rejected)
    assert "99" in longer.text
    assert await shop.held(wallet) == (BALANCE - 99 * CUP.price_minor, 0)
