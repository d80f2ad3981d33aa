"""What a scripted cashier does beside selling: one errand after the other."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from contract.ids import WalletSerial
from contract.messages import Note
from contract.order import CashMove, CashPlace, OrderKind, PlaceRole
from contract.stocking import Pieces, Stocking
from edge.core.acts import (
    BillPayment,
    CashAct,
    Payout,
    TicketSale,
    TopUp,
    VoucherGrant,
    WristbandAct,
)
from edge.core.intents import Begin, CancelOrder, PayByCard, PayByCash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from edge.core.acts import Act
    from edge.core.intents import Intent
    from edge.core.view import TillView

CHANGE = Stocking(name="Change", pieces=(Pieces(value_minor=10_00, count=20),))
BILL = "000000000000000000000000000"  # nobody wrote it: the hub declines
VAULT = CashPlace(role=PlaceRole.VAULT, key="office")
BAG = CashPlace(role=PlaceRole.BAG, key="bag-1")
SPARE = CashPlace(role=PlaceRole.REGISTER, key="spare")


class Who(enum.Enum):
    """Whose wristband is presented."""

    NEXT = "next"
    SAME = "same"
    """The one of the errand before."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One order that is no sale: how it begins, who presents, how it is paid."""

    begin: Intent
    taps: int = 0
    who: Who = Who.NEXT
    pay: Intent | None = None


def shift_start(view: TillView, holder: str) -> Errand:
    """Hand the register out to a cashier with the first stocking there is."""
    stocking = next(iter(view.stockings), CHANGE)
    return _of(
        CashAct.of_stocking(
            stocking, source=VAULT, register=view.register, holder=holder
        )
    )


def shift_end(view: TillView, holder: str, random: Random) -> Errand:
    """Count the register, at times some coins too few or too many."""
    counted = max(0, view.register_minor + random.choice((0, 0, -50, 20)))
    move = CashMove(
        source=_register(view), target=VAULT, counted_minor=counted, holder=holder
    )
    return _of(CashAct(OrderKind.SHIFT_END, move))


def errands(
    view: TillView, sold: UUID | None, random: Random, bill: str = BILL
) -> Iterator[Errand]:
    """List all errands of a round: the order sold last is canceled, a bill is paid."""
    assert view.catalogue is not None
    amount = random.randrange(5, 31) * 100
    comment = Note(key=UUID(int=random.getrandbits(128)), text="Asked for a receipt.")
    yield _of(TopUp(amount), taps=1, pay=PayByCash())
    yield _of(TopUp(amount), taps=1, pay=PayByCard())
    yield _of(Payout(100), taps=1)
    group = random.randint(1, 3)
    yield _of(TicketSale(view.catalogue), taps=group, pay=PayByCash())
    yield _of(TicketSale(view.catalogue, free=True), taps=1, pay=PayByCash())
    yield _of(VoucherGrant(random.randint(1, 3)), taps=1)
    yield _of(WristbandAct(OrderKind.ANNOTATE, comment=comment), taps=1)
    yield _of(WristbandAct(OrderKind.REGISTER), taps=1)
    yield _of(WristbandAct(OrderKind.BLOCK, blocked=True), taps=1)
    unblock = _of(WristbandAct(OrderKind.BLOCK, blocked=False), taps=1)
    yield replace(unblock, who=Who.SAME)
    if sold is not None:
        lines = random.choice((None, (1,)))
        yield Errand(CancelOrder(sold, lines))
    yield _of(BillPayment(bill, 4_500), pay=PayByCash())
    yield _moved(OrderKind.CASH_MOVEMENT, _register(view), BAG)
    yield _moved(OrderKind.CASH_MOVEMENT, BAG, VAULT)
    yield _moved(OrderKind.CASH_TRANSFER, _register(view), SPARE)


def swap(serial: int) -> Errand:
    """Move a wallet to the wristband presented."""
    return _of(WristbandAct(OrderKind.SWAP, WalletSerial(serial)), taps=1)


def _of(act: Act, *, taps: int = 0, pay: Intent | None = None) -> Errand:
    return Errand(Begin(act), taps, pay=pay)


def _moved(kind: OrderKind, source: CashPlace, target: CashPlace) -> Errand:
    move = CashMove(source=source, target=target, amount_minor=1_000)
    return _of(CashAct(kind, move))


def _register(view: TillView) -> CashPlace:
    return CashPlace(role=PlaceRole.REGISTER, key=view.register)
