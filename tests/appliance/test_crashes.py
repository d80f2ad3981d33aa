"""The writing hub is killed under load, and PostgreSQL falls: nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.bench.crashes import Disaster, go_through
from provisioning.bench.faults import Fault

if TYPE_CHECKING:
    import pytest

KILLS = 5


def test_hubs_and_database_fall_under_load_and_nothing_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    faults = (
        *(Fault.HUB, Fault.SESSION),
        *(Fault.HUB, Fault.BACKEND),
        *(Fault.HUB, Fault.POSTGRES),
        *(Fault.HUB, Fault.HUB),
    )
    told: list[str] = []
    disaster = Disaster(faults, seed=4, tills=4, guests=15)
    after = go_through(disaster, tmp_path_factory.mktemp("crashes"), told.append)
    assert after.problems == (), "\n".join(after.problems[:20])
    assert after.lost == after.doubled == after.changed == 0
    assert len(after.recoveries_s[Fault.HUB]) == KILLS
    assert after.repeats > 0, "some messages fell with the hub and were said again"
    assert after.answers >= after.orders
    # After each fall every till is answered once more.
    assert after.answers > len(faults) * disaster.tills
