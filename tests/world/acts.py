"""Orders of every kind, drawn at random; as of attempt 0, and how they will be paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.order import (
    CardReceipt,
    CashMove,
    CashPlace,
    Credit,
    Line,
    LineRole,
    Order,
    OrderKind,
    Payment,
    PaymentMethod,
    PlaceRole,
    WristbandChange,
    discount_lines,
    make_line,
    plain_line,
    sum_taxes,
    undone,
    voucher_lines,
)
from tests.contract.samples import EVENT
from tests.world.wares import (
    BLANK,
    CATALOGUES,
    CODES,
    CUP,
    GUESTS,
    TICKET,
    UNKNOWN_CODE,
    UNKNOWN_WALLET,
    VARIANT,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from random import Random

    from contract.catalogue import Catalogue
    from contract.ids import TillId

VAULT = CashPlace(role=PlaceRole.VAULT, key="office")
CASH = Payment(method=PaymentMethod.CASH)
CARD = Payment(
    method=PaymentMethod.CARD, card=CardReceipt(provider="terminals", id="1")
)


@dataclass(frozen=True)
class Opening:
    """What an order has from its till and its moment."""

    id: UUID
    till: TillId
    sequence: int
    at: datetime
    catalogue: int


@dataclass(frozen=True)
class Act:
    """An order nobody has tried to pay yet, and how it is meant to be paid."""

    order: Order
    payment: Payment | None
    wristband: int | None = None
    """The one that is presented."""


def draw_act(draw: Random, opening: Opening, decided: list[Order]) -> Act:
    """Make an order of some kind; cancellations undo one of those decided before."""
    if decided and draw.random() < 0.3:
        return _cancellation(draw, opening, draw.choice(decided))
    return draw.choice(ACTS)(draw, opening)


def _sale(draw: Random, opening: Opening) -> Act:
    catalogue = CATALOGUES[opening.catalogue]
    products = [draw.choice(catalogue.products[:2]) for _ in range(2)]
    lines = [make_line(each, draw.randint(1, 3)) for each in dict.fromkeys(products)]
    if draw.random() < 0.4:
        lines.append(make_line(CUP, draw.choice([-1, 1, 2])))
    wallet = _someone(draw)
    payment = draw.choice([_by(wallet), _by(wallet), CASH, CARD])
    if payment.wallet is not None:
        by_id = {each.id: each for each in catalogue.products}
        lines += voucher_lines(lines, by_id, draw.choice([0, 1, 3]))
    return Act(_order(opening, OrderKind.SALE, lines), payment, payment.wallet)


def _top_up(draw: Random, opening: Opening) -> Act:
    wallet, amount = _someone(draw), draw.choice([500, 1000, 5000])
    line = plain_line(LineRole.CREDIT, amount, "Top-up")
    credit = Credit(wallet=wallet, amount_minor=amount)
    order = _order(opening, OrderKind.TOP_UP, [line], credits=(credit,))
    return Act(order, draw.choice([CASH, CARD]), wallet)


def _payout(draw: Random, opening: Opening) -> Act:
    wallet, amount = _someone(draw), draw.choice([100, 500, 3000])
    line = plain_line(LineRole.CREDIT, -amount, "Payout")
    credit = Credit(wallet=wallet, amount_minor=-amount)
    order = _order(opening, OrderKind.PAYOUT, [line], credits=(credit,))
    return Act(order, CASH, wallet)


def _ticket(draw: Random, opening: Opening) -> Act:
    guests = draw.sample([*GUESTS, UNKNOWN_WALLET, 10], draw.randint(1, 3))
    catalogue = CATALOGUES[opening.catalogue]
    entry = next(each for each in catalogue.products if each.id == TICKET.product)
    lines = [make_line(entry, len(guests))]
    is_free = draw.random() < 0.4
    if is_free:
        lines += discount_lines(lines, "Free")
    codes = _codes(draw, 0 if is_free else len(guests))
    lines += discount_lines([make_line(entry, len(codes))], "Presale")
    top_up = draw.choice([TICKET.top_up_minor, 2000])
    lines.append(plain_line(LineRole.CREDIT, top_up * len(guests), "Top-up"))
    credits_ = tuple(
        Credit(wallet=guest, amount_minor=top_up, vouchers=TICKET.vouchers)
        for guest in guests
    )
    order = _order(opening, OrderKind.TICKET, lines, credits=credits_)
    order = msgspec.structs.replace(order, presale=codes)
    if is_free:
        order = msgspec.structs.replace(order, granted_by="c17")
    return Act(order, draw.choice([CASH, CARD]), guests[0])


def _codes(draw: Random, most: int) -> tuple[str, ...]:
    count = draw.choice([0, 0, 1, 1, 2])
    return tuple(draw.sample([*CODES, UNKNOWN_CODE], min(count, most)))


def _grant(draw: Random, opening: Opening) -> Act:
    guests = draw.sample([*GUESTS, UNKNOWN_WALLET], draw.choice([1, 1, 2]))
    credits_ = tuple(Credit(wallet=guest, vouchers=2) for guest in guests)
    order = _order(opening, OrderKind.GRANT, [], credits=credits_)
    return Act(msgspec.structs.replace(order, granted_by="c17"), None)


def _swap(draw: Random, opening: Opening) -> Act:
    successor = draw.choice(BLANK)
    change = WristbandChange(wristband=_someone(draw), successor=successor)
    order = _order(opening, OrderKind.SWAP, [])
    return Act(msgspec.structs.replace(order, wristband=change), None)


def _block(draw: Random, opening: Opening) -> Act:
    change = WristbandChange(wristband=_someone(draw), blocked=draw.random() < 0.5)
    order = _order(opening, OrderKind.BLOCK, [])
    return Act(msgspec.structs.replace(order, wristband=change), None)


def _register(draw: Random, opening: Opening) -> Act:
    wristband = _someone(draw)
    change = WristbandChange(wristband=wristband, variant=draw.choice([None, VARIANT]))
    order = _order(opening, OrderKind.REGISTER, [])
    return Act(msgspec.structs.replace(order, wristband=change), None, wristband)


def _annotate(draw: Random, opening: Opening) -> Act:
    change = WristbandChange(
        wristband=_someone(draw),
        note=UUID(int=draw.getrandbits(128)),
        variant=draw.choice([None, VARIANT]),
    )
    order = _order(opening, OrderKind.ANNOTATE, [])
    return Act(msgspec.structs.replace(order, wristband=change), None)


def _shift(draw: Random, opening: Opening) -> Act:
    mine = CashPlace(role=PlaceRole.REGISTER, key=opening.till)
    kind = draw.choice(
        [OrderKind.SHIFT_START, OrderKind.CASH_MOVEMENT, OrderKind.SHIFT_END]
    )
    amount = draw.randint(1, 20) * 100
    out = kind is OrderKind.SHIFT_END or draw.random() < 0.5
    if kind is OrderKind.SHIFT_START:
        out = False
    move = CashMove(
        source=mine if out else VAULT,
        target=VAULT if out else mine,
        amount_minor=amount,
        holder="" if kind is OrderKind.CASH_MOVEMENT else "c17",
    )
    lines = [plain_line(LineRole.TRANSIT, -amount if out else amount, "Cash")]
    if kind is OrderKind.SHIFT_END:
        expected = amount + draw.choice([0, 0, 50, -50])
        move = msgspec.structs.replace(
            move, counted_minor=amount, expected_minor=expected
        )
        if amount != expected:
            difference = amount - expected
            lines.append(plain_line(LineRole.DIFFERENCE, difference, "Count"))
    order = _order(opening, kind, lines)
    return Act(msgspec.structs.replace(order, cash=move), CASH)


def _cancellation(draw: Random, opening: Opening, original: Order) -> Act:
    numbers = range(1, len(original.lines) + 1)
    by_line = draw.sample(numbers, 1) if numbers and draw.random() < 0.5 else None
    try:
        order = undone(original, by_line)
    except ValueError:  # not of this kind, or not by line
        return _sale(draw, opening)
    order = msgspec.structs.replace(
        order,
        id=opening.id,
        till=opening.till,
        sequence=opening.sequence,
        opened_at=opening.at,
        register=None,
    )
    payment = original.payment
    if payment is not None and payment.wallet is not None and draw.random() < 0.1:
        payment = _by(_someone(draw))  # who did not pay gets nothing back
    return Act(order, payment, payment.wallet if payment else None)


ACTS: tuple[Callable[[Random, Opening], Act], ...] = (
    _sale,
    _sale,
    _sale,
    _top_up,
    _payout,
    _ticket,
    _grant,
    _swap,
    _block,
    _register,
    _annotate,
    _shift,
)


def _order(
    opening: Opening,
    kind: OrderKind,
    lines: Iterable[Line],
    *,
    credits: tuple[Credit, ...] = (),  # noqa: A002 - as the order calls them
) -> Order:
    catalogue: Catalogue = CATALOGUES[opening.catalogue]
    all_lines = tuple(lines)
    return Order(
        id=opening.id,
        event=EVENT,
        till=opening.till,
        sequence=opening.sequence,
        z_number=1,
        attempt=0,
        kind=kind,
        opened_at=opening.at,
        currency=catalogue.currency,
        catalogue=catalogue.version,
        lines=all_lines,
        taxes=sum_taxes(all_lines, catalogue.tax_rates()),
        total_minor=sum(line.total_minor for line in all_lines),
        credits=credits,
    )


def _someone(draw: Random) -> int:
    return draw.choice([*GUESTS, *GUESTS, *BLANK, UNKNOWN_WALLET])


def _by(wallet: int) -> Payment:
    return Payment(method=PaymentMethod.WALLET, wallet=wallet)
