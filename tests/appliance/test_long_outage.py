"""What a till took alone reaches the ledger once, and a filled ledger verifies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provisioning.bench.baseline import Pace, Servers
from provisioning.bench.figures import Figures
from provisioning.bench.outage import measure_outage
from provisioning.bench.verifying import measure_verifying
from provisioning.postgres import PrivatePostgres, which_from_environment
from provisioning.token_key import TokenKey

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDERS = 130  # three full batches of advices, and one that is not
PACE = Pace(seconds=1, repetitions=1)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    place = tmp_path_factory.mktemp("outage")
    key = TokenKey.create(place / "token.key")
    with PrivatePostgres(place / "postgres", which_from_environment()) as cluster:
        yield Servers(place, cluster, key)


def test_orders_taken_during_an_outage_are_delivered_once(servers: Servers) -> None:
    figures, said = Figures(), list[str]()
    targets = measure_outage(figures, servers, PACE, said.append, orders=ORDERS)
    (wrong,) = (each for each in targets if "lost or doubled" in each.name)
    assert wrong.value == 0
    (point,) = figures.points()
    assert point.median > 0
    assert {"till_us", "hub_us", "broker_us", "server_us"} == point.details.keys()


def test_a_ledger_that_was_filled_verifies(servers: Servers) -> None:
    figures, said = Figures(), list[str]()
    measure_verifying(figures, servers, PACE, said.append, orders=ORDERS)
    point = next(each for each in figures.points() if each.unit == "s")
    assert point.details["peak_mib"] > 10
    assert point.details["batches"] >= 2
