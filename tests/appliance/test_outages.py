"""Broker, hub and TSE fall over in the middle of selling; nothing is lost."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

import pytest

from contract.ids import TillId
from edge.core.errors import JournalBroken
from provisioning import demo_event
from provisioning.audit import Findings, audit
from provisioning.rehearsal import start_cashier
from provisioning.shop import Shop, ShopPlan
from provisioning.witnesses import ask_journals, ask_ledger, ask_tses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.journal.reading import JournaledOrder
    from provisioning.processes import Child

PATIENCE_S = 300
TILL = TillId("bar-1")
GUESTS = 10  # so few that each soon comes again: a till stands in for those it knows


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    plan = ShopPlan(
        (TILL,),
        tse_latency_ms=10,
        fast_poll=True,
        guests=lambda till: demo_event.crowd(till, GUESTS),
    )
    with Shop(tmp_path_factory.mktemp("shop"), plan) as opened:
        yield opened


def start(shop: Shop) -> Child:
    options = argparse.Namespace(pause_ms=50)
    return start_cashier(shop, shop.counters[0], options, seed=5)


def finish(shop: Shop, cashier: Child) -> Findings:
    cashier.popen.terminate()
    code = shop.await_end(cashier, timeout_s=PATIENCE_S)
    assert code == 0, cashier.log.read_text()
    booked, declined, ledger_findings = asyncio.run(ask_ledger(shop.dsn))
    return audit(
        ask_journals(shop.counters),
        booked,
        ask_tses(shop),
        declined=declined,
        ledger_findings=ledger_findings,
    )


def journal(shop: Shop) -> list[JournaledOrder]:
    try:
        return ask_journals(shop.counters)[TILL]
    except JournalBroken:  # the till has not made it yet
        return []


def await_orders(
    shop: Shop, cashier: Child, count: int, kind: Callable[[JournaledOrder], bool]
) -> None:
    """Wait until that many orders of a kind are journaled beyond those there now."""
    wanted = sum(map(kind, journal(shop))) + count
    cashier.await_ready(
        lambda: sum(map(kind, journal(shop))) >= wanted, timeout_s=PATIENCE_S
    )


def online(order: JournaledOrder) -> bool:
    return order.path == "online"


def stand_in(order: JournaledOrder) -> bool:
    return order.path == "stand_in"


def unsigned(order: JournaledOrder) -> bool:
    return order.outage is not None


def signed(order: JournaledOrder) -> bool:
    return order.signature is not None


def test_a_broker_that_falls_and_returns_costs_no_order(shop: Shop) -> None:
    cashier = start(shop)
    await_orders(shop, cashier, 9, online)
    shop.broker.kill()
    await_orders(shop, cashier, 2, stand_in)
    shop.broker.start()
    await_orders(shop, cashier, 2, online)
    findings = finish(shop, cashier)
    assert findings.problems == ()
    assert findings.orders_lost == findings.orders_doubled == 0
    assert "broke" in cashier.log.read_text()


def test_a_hub_that_is_killed_and_started_again_costs_no_order(shop: Shop) -> None:
    cashier = start(shop)
    await_orders(shop, cashier, 9, online)
    shop.hub.kill()
    await_orders(shop, cashier, 2, stand_in)
    shop.start_hub()
    await_orders(shop, cashier, 2, online)
    findings = finish(shop, cashier)
    assert findings.problems == ()
    assert findings.orders_lost == findings.orders_doubled == 0


def test_an_unplugged_tse_is_named_on_the_receipt_and_never_signs_later(
    shop: Shop,
) -> None:
    cashier = start(shop)
    await_orders(shop, cashier, 9, online)
    shop.unplug_tse(shop.counters[0])
    await_orders(shop, cashier, 2, unsigned)
    shop.plug_tse_in(shop.counters[0])
    await_orders(shop, cashier, 3, signed)
    findings = finish(shop, cashier)
    orders = ask_journals(shop.counters)[TILL]
    outages = [each for each in orders if each.outage is not None]
    assert outages
    assert all("TSE" in str(each.outage.reason) for each in outages if each.outage)
    assert findings.orders_lost == findings.orders_doubled == 0
    assert findings.ledger_balanced
    assert all("no signature" in problem for problem in findings.problems)
    assert len(findings.problems) == len(outages)
