"""Whose word counts for the time that a TSE is given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contract.messages import LampState
from edge.core.clock import ClockFacts, Warrant, clock_lamp, warrant
from tests.contract.samples import AT

HOUR = timedelta(hours=1)


def test_a_server_of_time_is_believed() -> None:
    assert warrant(ClockFacts(AT, synchronized=True), (), confirmed=False) is (
        Warrant.SYNCHRONIZED
    )


def test_nobody_vouches_until_a_person_does() -> None:
    facts = ClockFacts(AT, synchronized=False)
    assert warrant(facts, (AT - HOUR,), confirmed=False) is None
    assert warrant(facts, (AT - HOUR,), confirmed=True) is Warrant.PERSON


@pytest.mark.parametrize(
    ("chip", "seen", "agrees"),
    [
        (AT, (AT - HOUR,), True),
        (AT, (AT - HOUR, AT), True),
        (AT, (), False),  # nothing to agree with
        (AT, (AT - HOUR, AT + HOUR), False),  # the TSE has signed later
        (AT - HOUR, (AT - 2 * HOUR,), False),  # not what the clock says
        (AT.replace(year=2000), (AT - HOUR,), False),  # its battery is empty
        (None, (AT - HOUR,), False),
    ],
)
def test_a_clock_chip_counts_if_it_agrees_with_what_has_been(
    chip: object, seen: tuple[object, ...], *, agrees: bool
) -> None:
    facts = ClockFacts(AT, synchronized=False, chip=chip)  # type: ignore[arg-type]
    found = warrant(facts, seen, confirmed=False)  # type: ignore[arg-type]
    assert found is (Warrant.CHIP if agrees else None)


def test_a_clock_behind_the_last_order_is_shown() -> None:
    assert clock_lamp(AT, AT - HOUR).state is LampState.GOOD
    assert clock_lamp(AT - HOUR, AT).state is LampState.BAD
