"""Thousands of seeded worlds: whatever happens, the ledger and the tills agree."""

from __future__ import annotations

from functools import cache

import pytest

from edge.core.checkout import EDGES
from edge.core.view import Phase
from tests.world.judgement import judge
from tests.world.simulation import World

SEEDS = 2000
PER_TEST = 100


@cache
def played(seed: int) -> frozenset[tuple[Phase, str, Phase]]:
    world = World(seed)
    try:
        world.run()
        judge(world)
    except BaseException as error:
        error.add_note(f"Replay it: python -m tests.world {seed}")
        raise
    return frozenset(world.edges)


@pytest.mark.parametrize("first", range(0, SEEDS, PER_TEST))
def test_shown_approved_means_completed_and_booked_once(first: int) -> None:
    for seed in range(first, first + PER_TEST):
        played(seed)


def test_the_worlds_walk_the_ways_that_matter() -> None:
    walked = frozenset[tuple[Phase, str, Phase]]().union(*map(played, range(PER_TEST)))
    assert walked <= set(EDGES)
    for edge in (
        (Phase.CHECKING, "OrderBooked", Phase.APPROVED),
        (Phase.CHECKING, "OrderDeclined", Phase.DECLINED),
        (Phase.CHECKING, "RequestExpired", Phase.APPROVED),
        (Phase.PRESENT, "CardRead", Phase.APPROVED),
        (Phase.HANDED_OUT, "AnswerHandedOut", Phase.SELLING),
    ):
        assert edge in walked
