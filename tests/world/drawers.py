"""Cash as it really lies in drawers, and cashiers who move, hand on and count it.

Nobody here miscounts. So whatever a close-out calls a difference is an error of the
books: at the end of a world all of them must add up to nothing, drawer by drawer.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from contract.order import (
    CashMove,
    CashPlace,
    OrderKind,
    Outcome,
    PaymentMethod,
    PlaceRole,
    decode_order,
)
from contract.shift import Turn, turn_of
from edge.core import intents, registers
from edge.core.acts import CashAct
from hub.core.ledger import Role

if TYPE_CHECKING:
    from random import Random

    from contract.order import Order
    from edge.core.intents import Intent
    from tests.world.simulation import World
    from tests.world.tills import SimulatedTill

SHARED = "drawer-0"
"""The register of whoever logs in, at whichever till."""
VAULT = CashPlace(role=PlaceRole.VAULT, key="office")
BAG = CashPlace(role=PlaceRole.BAG, key="bag-1")


class Drawers:
    """What really lies in each cash register, by its key; in minor units."""

    def __init__(self) -> None:
        self.held: Counter[str] = Counter()

    def moved(self, order: Order) -> None:
        """Let a completed order move cash."""
        if order.training:
            return
        if order.cash is not None:
            for place, sign in ((order.cash.source, -1), (order.cash.target, 1)):
                if place.role is PlaceRole.REGISTER:
                    self.held[place.key] += sign * order.cash.amount_minor
        elif order.payment is not None and order.payment.method is PaymentMethod.CASH:
            self.held[order.cash_register] += order.total_minor


def draw(till: SimulatedTill, random: Random) -> Intent:
    """Choose what a cashier does about cash, or about who works here."""
    key = registers.key(till.state)
    ours, chance = _register(key), random.random()
    amount = random.randint(1, 20) * 100
    kind = OrderKind.CASH_TRANSFER
    if chance < 0.15:
        return intents.LogIn() if till.state.cashier is None else intents.LogOut()
    if chance < 0.35:
        kind, move = OrderKind.SHIFT_START, _move(VAULT, ours, amount, holder="ann")
    elif chance < 0.6:
        every = {SHARED, *(each.identity.till for each in till.world.tills)}
        move = _move(ours, _register(random.choice(sorted(every - {key}))), amount)
    elif chance < 0.7:
        move = _move(ours, ours, holder="ben")
    elif chance < 0.8 or till.world.drawers.held[key] < 0:
        kind, move = OrderKind.CASH_MOVEMENT, _move(ours, BAG, amount)
    else:
        return count(till)
    return intents.Begin(CashAct(kind, move))


def count(till: SimulatedTill) -> Intent:
    """Count the drawer at hand, to the cent."""
    key = registers.key(till.state)
    held = till.world.drawers.held[key]
    move = CashMove(
        source=_register(key), target=VAULT, counted_minor=held, holder="ann"
    )
    return intents.Begin(CashAct(OrderKind.SHIFT_END, move))


def at_last(till: SimulatedTill) -> Intent | None:
    """Say what is left to do until each drawer was counted once more; None: wait."""
    world, key = till.world, registers.key(till.state)
    left = drawers_of(till) - till.counted
    if not left or not world.is_delivered():
        return None
    if till.state.training:
        return intents.SwitchTraining(on=False)
    if key not in left:
        return intents.LogIn() if till.state.cashier is None else intents.LogOut()
    if world.drawers.held[key] >= 0:
        return count(till)
    move = _move(VAULT, _register(key), -world.drawers.held[key])
    return intents.Begin(CashAct(OrderKind.CASH_MOVEMENT, move))


def drawers_of(till: SimulatedTill) -> set[str]:
    """Name the drawers that a till counts at last: its own; the first's, the shared."""
    own: str = till.identity.till
    is_first = till is till.world.tills[0]
    return {own, SHARED} if is_first else {own}


def judge_drawers(world: World) -> None:
    """Hold that the books have in each drawer what lies there, and lost nothing."""
    database = world.site.database
    sums: Counter[int] = Counter()
    for postings in database.postings.values():
        for account, _, amount in postings:
            sums[account] += amount
    for key in {SHARED, *(each.identity.till for each in world.tills)}:
        assert world.drawers.held[key] == 0, f"{key} was not counted"
        for role in (Role.CASH_REGISTER, Role.DIFFERENCE):
            number = database.accounts.get((role.value, key))
            left = 0 if number is None else sums[number]
            assert left == 0, f"{role.value} {key} is left with {left}"


def judge_shifts(till: SimulatedTill) -> None:
    """Hold that each Z number of a till has one shift at most."""
    seen: dict[int, Turn] = {}
    for row in sorted(till.journal.rows.values(), key=lambda each: each.order.sequence):
        decision = row.order.decision
        if decision is None or decision.outcome is not Outcome.COMPLETED:
            continue
        decided = decode_order(decision.document)
        turn, before = turn_of(decided), seen.get(decided.z_number)
        is_another = turn is Turn.BEGINS and before is not None
        assert not is_another, f"Z {decided.z_number} has two shifts"
        assert before is not Turn.PASSES, f"Z {decided.z_number} went on"
        if turn is not None:
            seen[decided.z_number] = turn


def _move(
    source: CashPlace, target: CashPlace, amount_minor: int = 0, *, holder: str = ""
) -> CashMove:
    return CashMove(
        source=source, target=target, amount_minor=amount_minor, holder=holder
    )


def _register(key: str) -> CashPlace:
    return CashPlace(role=PlaceRole.REGISTER, key=key)
