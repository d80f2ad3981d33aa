"""Thousands of seeded worlds: whatever happens, the ledger and the tills agree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest

from contract.messages import AdviceFlag, DeclineReason
from contract.order import OrderKind, Outcome
from edge.core.checkout import EDGES
from edge.core.view import Phase
from tests.world import closings
from tests.world.judgment import judge
from tests.world.simulation import World

SEEDS = 2000
PER_TEST = 100

Edge = tuple[Phase, str, Phase]


@dataclass(frozen=True)
class Story:
    """What happened in a world."""

    edges: frozenset[Edge]
    kinds: frozenset[OrderKind]
    """Of orders that completed."""
    practiced: frozenset[OrderKind]
    """The same of orders made for training."""
    reasons: frozenset[str]
    flags: frozenset[str]
    incidents: frozenset[str]


@cache
def played(seed: int) -> Story:
    world = World(seed)
    try:
        world.run()
        judge(world)
    except BaseException as error:
        error.add_note(f"Replay it: python -m tests.world {seed}")
        raise
    orders = world.site.database.orders.values()
    verdicts = (row for rows in orders for row in rows.attempts.values())
    ends = [rows.outcome for rows in orders if rows.outcome is not None]
    return Story(
        frozenset(world.edges),
        frozenset(each.kind for each in world.decided() if not each.training),
        frozenset(each.kind for each in world.decided() if each.training),
        frozenset(row[5] for row in verdicts if row[5] is not None),
        frozenset(flag for end in ends if end[9] for flag in end[9].split("+")),
        frozenset(world.site.incidents),
    )


@pytest.mark.parametrize("first", range(0, SEEDS, PER_TEST))
def test_tills_and_ledger_agree_whatever_happens(first: int) -> None:
    for seed in range(first, first + PER_TEST):
        played(seed)


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return [played(seed) for seed in range(2 * PER_TEST)]


def test_the_worlds_walk_the_ways_that_matter(stories: list[Story]) -> None:
    walked = frozenset[Edge]().union(*(each.edges for each in stories))
    assert walked <= set(EDGES)
    for edge in (
        (Phase.CHECKING, "OrderBooked", Phase.APPROVED),
        (Phase.CHECKING, "OrderDeclined", Phase.DECLINED),
        (Phase.CHECKING, "RequestExpired", Phase.APPROVED),
        (Phase.CHECKING, "OrderChecked", Phase.COLLECT),
        (Phase.PRESENT, "WristbandRead", Phase.APPROVED),
        (Phase.COLLECT, "MoneyTaken", Phase.APPROVED),
        (Phase.CHARGE, "CardPaid", Phase.APPROVED),
        (Phase.HANDED_OUT, "AnswerHandedOut", Phase.SELLING),
    ):
        assert edge in walked


@pytest.mark.parametrize(
    "kind",
    [
        OrderKind.SALE,
        OrderKind.CANCELLATION,
        OrderKind.TOP_UP,
        OrderKind.PAYOUT,
        OrderKind.TICKET,
        OrderKind.GRANT,
        OrderKind.REGISTER,
        OrderKind.SWAP,
        OrderKind.BLOCK,
        OrderKind.ANNOTATE,
        OrderKind.SHIFT_START,
        OrderKind.CASH_MOVEMENT,
        OrderKind.CASH_TRANSFER,
        OrderKind.SHIFT_END,
    ],
)
def test_orders_of_this_kind_complete(kind: OrderKind, stories: list[Story]) -> None:
    assert any(kind in each.kinds for each in stories)


def test_tills_practice(stories: list[Story]) -> None:
    practiced = frozenset[OrderKind]().union(*(each.practiced for each in stories))
    assert OrderKind.SALE in practiced


@pytest.mark.parametrize(
    "reason",
    [
        DeclineReason.INSUFFICIENT_BALANCE,
        DeclineReason.INSUFFICIENT_VOUCHERS,
        DeclineReason.UNKNOWN_WRISTBAND,
        DeclineReason.BLOCKED_WRISTBAND,
        DeclineReason.ALREADY_SWAPPED,
        DeclineReason.NOT_FINAL_YET,
        DeclineReason.ALREADY_CANCELED,
        DeclineReason.NOTHING_TO_CANCEL,
        DeclineReason.ABORTED,
        DeclineReason.SUPERSEDED,
        DeclineReason.UNKNOWN_TILL,
    ],
)
def test_orders_are_declined_for_this(
    reason: DeclineReason, stories: list[Story]
) -> None:
    assert any(reason.value in each.reasons for each in stories)


@pytest.mark.parametrize(
    "flag",
    [
        AdviceFlag.CONTRADICTS_DECLINE,
        AdviceFlag.OTHER_BYTES,
        AdviceFlag.STAND_IN_LOSS,
        AdviceFlag.EXCEEDS_ALLOWANCE,
        AdviceFlag.EXCEEDS_BALANCE,
        AdviceFlag.EXCEEDS_CAP,
        AdviceFlag.EXCEEDS_VOUCHERS,
        AdviceFlag.SUPERSEDED_CATALOGUE,
        AdviceFlag.SWAPPED_WRISTBAND,
        AdviceFlag.BLOCKED_WRISTBAND,
        AdviceFlag.ALREADY_CANCELED,
        AdviceFlag.PRESALE_UNKNOWN,
        AdviceFlag.PRESALE_USED,
        AdviceFlag.TILL_CLOCK_OFF,
    ],
)
def test_advices_are_booked_with_this_flag(
    flag: AdviceFlag, stories: list[Story]
) -> None:
    assert any(flag.value in each.flags for each in stories)


@pytest.mark.parametrize(
    "incident",
    [
        "a hub is killed",
        "what it sent is committed",
        "what it sent is lost",
        "a backup is restored",
        "another writer was faster",
        "a batch is refused",
        "an attempt has other bytes",
        "an advice contradicts",
        "a till is revoked",
        "the quarantine is released",
        "a till's power is cut",
        closings.CLOSED,
        closings.MISSED,
        closings.HELD,
    ],
)
def test_this_happens(incident: str, stories: list[Story]) -> None:
    assert any(incident in each.incidents for each in stories)


def test_most_orders_complete() -> None:
    world = World(0)
    world.run()
    ends = [rows.outcome for rows in world.site.database.orders.values()]
    completed = [end for end in ends if end and end[1] == Outcome.COMPLETED.value]
    assert 2 * len(completed) > len(ends)
