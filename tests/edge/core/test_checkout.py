"""The checkout's rules, one by one; tests/world plays them all at once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from uuid import UUID

import pytest

from contract.catalogue import Product
from contract.ids import OrderId
from contract.messages import (
    AdviceFlag,
    AdviceRecorded,
    DeclineReason,
    HubStatus,
    Message,
    OrderBooked,
    OrderConflict,
    OrderDeclined,
    OrderRequest,
    RecordedOrder,
    Rejected,
    RejectReason,
    WalletChanges,
)
from contract.money import Money
from contract.order import LINES_MAX, Outcome, Path
from edge.core import effects, events, intents
from edge.core.basket import Basket, Item
from edge.core.checkout import EDGES, mermaid
from edge.core.records import AttemptMade, Decided, OrderOpened
from edge.core.state import UNDELIVERED_MAX, Approved, Checking, Declined, Starting
from edge.core.view import Phase
from tests.contract.samples import CATALOGUE
from tests.edge.core.desk import ANCHOR, TERMS, Desk
from tests.edge.parts import CONFIG, wristband


def booked(checking: Checking, *, attempt: int = 1) -> OrderBooked:
    return OrderBooked(
        id=UUID(int=3),
        regarding=checking.request,
        order=checking.order.id,
        attempt=attempt,
        balance=Money(500),
        anchor=ANCHOR,
    )


def declined(checking: Checking) -> OrderDeclined:
    return OrderDeclined(
        id=UUID(int=3),
        regarding=checking.request,
        order=checking.order.id,
        attempt=1,
        reason=DeclineReason.BLOCKED_WRISTBAND,
        text="Blocked.",
        anchor=ANCHOR,
    )


def rejected(checking: Checking, reason: RejectReason) -> Rejected:
    return Rejected(
        id=UUID(int=3), regarding=checking.request, reason=reason, text="No such till."
    )


def conflict(checking: Checking) -> OrderConflict:
    return OrderConflict(
        id=UUID(int=3),
        regarding=checking.request,
        order=checking.order.id,
        attempt=1,
        text="Other bytes.",
        anchor=ANCHOR,
    )


def test_an_order_is_on_disk_before_the_tse_hears_of_it() -> None:
    desk = Desk().online()
    desk.pick()
    first, second = desk.done
    assert isinstance(first, effects.Commit)
    assert isinstance(first.records[0], OrderOpened)
    assert isinstance(second, effects.BeginFiscal)


def test_an_attempt_is_on_disk_before_the_hub_hears_of_it() -> None:
    desk = Desk().online()
    desk.check()
    first, second, *_ = desk.done
    assert isinstance(first, effects.Commit)
    made = first.records[0]
    assert isinstance(made, AttemptMade)
    assert isinstance(second, effects.SendRequest)
    assert isinstance(second.request, OrderRequest)
    assert bytes(second.request.order) == made.document


def test_a_repeat_is_the_very_same_message() -> None:
    desk = Desk().online()
    checking = desk.check()
    sent = [e for e in desk.done if isinstance(e, effects.SendRequest)]
    desk.do(events.RepeatRequest(checking.order.id, 1))
    assert list(desk.done) == sent


def test_a_decision_is_one_commit_before_anything_else() -> None:
    desk = Desk().online()
    checking = desk.check()
    desk.say(booked(checking))
    assert desk.showing() is Phase.APPROVED
    assert isinstance(desk.done[0], effects.Commit)
    assert sum(isinstance(e, effects.Commit) for e in desk.done) == 1
    decided = next(r for r in desk.records if isinstance(r, Decided))
    assert (decided.outcome, decided.path) == (Outcome.COMPLETED, Path.ONLINE)


def test_a_late_verdict_changes_nothing() -> None:
    desk = Desk().online()
    checking = desk.check()
    desk.do(events.RequestExpired(checking.order.id, 1))
    approved = desk.state.counter
    assert isinstance(approved, Approved)
    assert approved.approval.stand_in
    desk.say(declined(checking))
    assert desk.state.counter is approved
    assert sum(isinstance(r, Decided) for r in desk.records) == 1


def test_a_verdict_on_another_attempt_is_not_this_ones() -> None:
    desk = Desk().online()
    checking = desk.check()
    desk.say(booked(checking, attempt=2))
    assert desk.showing() is Phase.CHECKING


@pytest.mark.parametrize(
    ("event", "phase"),
    [
        (events.NobodyListens(), Phase.APPROVED),
        (events.NotSent(), Phase.APPROVED),
        (events.LinkDown(), Phase.APPROVED),
    ],
)
@pytest.mark.parametrize("available", [100_000, 0])
def test_a_lost_hub_is_not_waited_for(
    event: events.Event, phase: Phase, available: int
) -> None:
    desk = Desk().online(available)
    desk.check()
    desk.do(event)
    assert desk.showing() is (phase if available else Phase.DECLINED)


def test_a_link_that_comes_and_goes_does_not_renew_the_stand_ins_limit() -> None:
    desk = Desk().online()
    desk.do(events.LinkDown())
    fell_at = desk.state.connection.outage_since
    assert fell_at is not None
    for event in (events.LinkUp(), events.NobodyListens(), events.LinkDown()):
        desk.do(event)
    desk.say(HubStatus(id=UUID(int=9), online=False))  # kept by the broker
    desk.do(events.LinkUp())
    desk.say(CONFIG)  # kept by the broker, too
    assert desk.state.connection.outage_since == fell_at
    desk.say(HubStatus(id=UUID(int=10), online=True))
    assert desk.state.connection.outage_since is None


@pytest.mark.parametrize("available", [100_000, 0])
def test_a_hub_that_says_goodbye_is_not_waited_for(available: int) -> None:
    desk = Desk().online(available)
    desk.check()
    desk.say(HubStatus(id=UUID(int=9), online=False))
    assert desk.showing() is (Phase.APPROVED if available else Phase.DECLINED)


def test_a_dead_hubs_last_will_does_not_outlive_the_hub_that_took_over() -> None:
    desk = Desk().online()
    desk.say(HubStatus(id=UUID(int=9), online=False))  # fires late
    desk.say(WalletChanges(id=UUID(int=10), number=2, anchor=ANCHOR, changes=()))
    assert desk.state.connection.outage_since is None
    desk.check()
    assert desk.performed(effects.SendRequest)


def test_an_open_breaker_asks_nobody_and_closes_at_a_sign_of_life() -> None:
    desk = Desk().online()
    desk.do(events.NobodyListens())
    desk.present()
    desk.tap()
    assert desk.showing() is Phase.APPROVED
    assert not desk.performed(effects.SendRequest)
    desk.do(events.ProbeDue())
    assert desk.performed(effects.Probe)
    desk.say(HubStatus(id=UUID(int=9), online=True))
    desk.check()
    assert desk.performed(effects.SendRequest)


@pytest.mark.parametrize("answer", [declined, conflict])
def test_a_refusal_keeps_the_basket_and_its_fiscal_transaction(answer: object) -> None:
    assert callable(answer)
    desk = Desk().online()
    checking = desk.check()
    message = answer(checking)
    assert isinstance(message, OrderDeclined | OrderConflict)
    desk.say(message)
    counter = desk.state.counter
    assert isinstance(counter, Declined)
    assert counter.order.content == Basket(CATALOGUE, (Item(1, 1),))
    assert not desk.performed(effects.FinishFiscal)
    desk.do(intents.PayByWristband())
    desk.tap(2)
    again = desk.state.counter
    assert isinstance(again, Checking)
    assert again.attempt.number == 2


@pytest.mark.parametrize(
    ("reason", "phase"),
    [
        (RejectReason.FORGED_TILL, Phase.DECLINED),
        (RejectReason.HUB_FAULT, Phase.APPROVED),  # as good as no answer
    ],
)
def test_a_rejected_request(reason: RejectReason, phase: Phase) -> None:
    desk = Desk().online()
    checking = desk.check()
    desk.say(rejected(checking, reason))
    assert desk.showing() is phase


def test_a_card_counts_only_if_it_came_after_the_screen_began_to_wait() -> None:
    desk = Desk().online()
    desk.present()
    since = desk.ns
    uid, message = wristband(1)
    desk.do(events.WristbandRead(uid, message, since))
    assert desk.showing() is Phase.PRESENT
    desk.do(events.WristbandRead(uid, message, since + 1))
    assert desk.showing() is Phase.CHECKING


def test_a_basket_ends_at_its_limit_with_a_word() -> None:
    products = tuple(
        Product(id=n, name=f"P{n}", label="P", price_minor=1, tax_code=1, group=1)
        for n in range(1, LINES_MAX + 10)
    )
    big = CATALOGUE.__class__(
        event=CATALOGUE.event,
        version=9,
        currency=CATALOGUE.currency,
        taxes=CATALOGUE.taxes,
        groups=CATALOGUE.groups,
        products=products,
    )
    desk = Desk()
    desk.state = replace(desk.state, terms=replace(TERMS, catalogue=big))
    for number in range(1, LINES_MAX):
        desk.pick(number)
        assert desk.state.banner is None
    desk.pick(LINES_MAX)
    assert desk.state.banner is not None
    assert "full" in desk.state.banner.title


def test_a_full_journal_refuses_to_sell_and_sells_again_when_emptied() -> None:
    desk = Desk().online()
    waiting = {OrderId(UUID(int=n)): None for n in range(UNDELIVERED_MAX)}
    desk.state = replace(desk.state, undelivered=waiting)
    desk.do(intents.Pick(1))
    assert desk.showing() is Phase.HALTED
    assert desk.records == []
    desk.say(
        AdviceRecorded(
            id=UUID(int=4),
            regarding=UUID(int=5),
            recorded=(RecordedOrder(order=UUID(int=7)),),
            anchor=ANCHOR,
        )
    )
    assert desk.showing() is Phase.SELLING


def test_what_the_hub_flags_on_many_orders_is_noted_once() -> None:
    desk = Desk().online()
    orders = [OrderId(UUID(int=n)) for n in range(1, 41)]
    desk.state = replace(desk.state, undelivered=dict.fromkeys(orders))
    odd = (AdviceFlag.STAND_IN_LOSS,)
    desk.say(
        AdviceRecorded(
            id=UUID(int=4),
            regarding=UUID(int=5),
            recorded=tuple(RecordedOrder(order=each, flags=odd) for each in orders),
            anchor=ANCHOR,
        )
    )
    notes = [each.text for each in desk.done if isinstance(each, effects.Note)]
    assert notes == [
        f"The hub booked order {orders[0]} and 39 more, but flagged it: stand_in_loss."
    ]


def test_a_full_journal_halts_after_the_last_approval_too() -> None:
    desk = Desk().online()
    desk.say(booked(desk.check()))
    waiting = {OrderId(UUID(int=n)): None for n in range(UNDELIVERED_MAX)}
    desk.state = replace(desk.state, undelivered=waiting)
    desk.do(intents.Pick(1))
    assert desk.showing() is Phase.HALTED


@pytest.mark.parametrize(
    "phase",
    [
        Phase.SELLING,
        Phase.PRESENT,
        Phase.CHECKING,
        Phase.APPROVED,
        Phase.DECLINED,
    ],
)
def test_a_broken_journal_halts_the_till_wherever_it_stands(phase: Phase) -> None:
    desk = Desk().online()
    if phase is Phase.PRESENT:
        desk.present()
    elif phase is not Phase.SELLING:
        checking = desk.check()
        message: Message = booked(checking)
        if phase is Phase.APPROVED:
            assert isinstance(message, OrderBooked)
            desk.say(message)
        elif phase is Phase.DECLINED:
            desk.say(declined(checking))
    assert desk.showing() is phase
    desk.do(events.JournalFailed("The disk is full."))
    assert desk.showing() is Phase.HALTED
    desk.do(intents.Pick(1))
    assert desk.showing() is Phase.HALTED


def test_a_till_without_a_configuration_says_what_it_waits_for() -> None:
    desk = Desk()
    desk.state = replace(desk.state, terms=None, counter=Starting())
    desk.do(intents.Pick(1))
    assert desk.showing() is Phase.STARTING
    desk.do(events.JournalFailed("The disk is full."))
    assert desk.showing() is Phase.HALTED


def test_no_way_is_declared_twice_and_all_are_drawn() -> None:
    assert len(set(EDGES)) == len(EDGES)
    drawn = mermaid()
    for start, name, end in EDGES:
        line = next(
            each
            for each in drawn.splitlines()
            if each.strip().startswith(f"{start.value} --> {end.value}:")
        )
        assert name in line


def test_the_diagram_comes_from_the_command_line() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "edge.core.checkout", "--mermaid"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == mermaid()
