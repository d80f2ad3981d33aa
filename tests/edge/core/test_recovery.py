"""After a restart: decided orders go on, undecided ones end, doubts are asked about."""

from __future__ import annotations

from dataclasses import replace

from contract.catalogue import encode_catalogue
from contract.messages import LampState, decode_advice, encode
from contract.order import OrderKind, Outcome
from edge.core import effects, events, intents
from edge.core.clock import clock_lamp
from edge.core.records import (
    AdviceSealed,
    Decided,
    OrderOpened,
    OrderShown,
    Recovered,
)
from edge.core.view import Phase
from edge.journal.memory import MemoryJournal
from tests.contract.samples import AT, CATALOGUE
from tests.edge.core.desk import Desk
from tests.edge.core.test_signing import START, signature
from tests.edge.parts import CONFIG


def stopped(desk: Desk, *, with_terms: bool = True) -> Recovered:
    """Cut the power: only what was committed is left."""
    journal = MemoryJournal()
    journal.write(desk.records)
    found = journal.read()
    if not with_terms:
        return found
    catalogue = encode_catalogue(CATALOGUE)
    return replace(found, config=encode(CONFIG), catalogue=catalogue)


def test_an_undecided_order_is_aborted_and_its_transaction_closed() -> None:
    before = Desk().online()
    order = before.pick()
    before.do(events.FiscalStarted(order, START))
    after = Desk(stopped(before))
    assert after.showing() is Phase.SELLING
    (decided,) = [each for each in after.records if isinstance(each, Decided)]
    assert (decided.order, decided.outcome) == (order, Outcome.ABORTED)
    assert decided.process_data.startswith("AVBelegabbruch^")
    assert effects.FinishFiscal(order, START, decided.process_data) in after.done


def test_an_attempt_under_way_is_aborted_with_the_bytes_that_were_sent() -> None:
    before = Desk().online()
    checking = before.check()
    after = Desk(stopped(before))
    (decided,) = [each for each in after.records if isinstance(each, Decided)]
    assert decided.document == checking.attempt.document
    assert decided.attempt == 1


def test_a_decided_order_is_looked_up_before_it_is_signed_again() -> None:
    before = Desk()
    order = before.pick()
    before.do(events.FiscalStarted(order, START))
    before.do(intents.PayByCash())
    after = Desk(stopped(before))
    assert effects.FindFiscal(order, START) in after.done
    after.do(events.FiscalFinished(order, signature("found")))
    (sealed,) = [each for each in after.records if isinstance(each, AdviceSealed)]
    assert decode_advice(sealed.advice).signature == signature("found")


def test_a_decided_order_that_was_not_signed_is_signed_once() -> None:
    before = Desk()
    order = before.pick()
    before.do(events.FiscalStarted(order, START))
    before.do(intents.PayByCash())
    after = Desk(stopped(before))
    after.do(events.FiscalNotFound(order))
    assert after.performed(effects.FinishFiscal)


def test_numbers_go_on_without_a_gap() -> None:
    before = Desk()
    before.pick()
    after = Desk(stopped(before))
    after.pick()
    opened = [each for each in after.records if isinstance(each, OrderOpened)]
    assert [each.sequence for each in opened] == [2]


def test_the_cashier_is_asked_what_nobody_may_have_seen() -> None:
    before = Desk()
    before.pick()
    before.do(intents.PayByCash())
    after = Desk(stopped(before))
    assert after.showing() is Phase.HANDED_OUT
    after.do(intents.AnswerHandedOut(handed_out=True))
    assert after.showing() is Phase.SELLING
    assert any(isinstance(each, OrderShown) for each in after.records)
    assert Desk(stopped(after_all(before, after))).showing() is Phase.SELLING


def test_cash_given_back_is_a_cancellation_of_its_own() -> None:
    before = Desk()
    original = before.pick()
    before.do(intents.PayByCash())
    after = Desk(stopped(before))
    after.do(intents.AnswerHandedOut(handed_out=False))
    opened = [each for each in after.records if isinstance(each, OrderOpened)]
    assert [(each.kind, each.cancels) for each in opened] == [
        (OrderKind.CANCELLATION, original)
    ]
    decided = [each for each in after.records if isinstance(each, Decided)]
    assert decided[-1].total_minor == -450


def test_a_seen_order_is_not_asked_about() -> None:
    before = Desk()
    order = before.pick()
    before.do(intents.PayByCash())
    before.do(events.Shown(order, before.ns))
    assert Desk(stopped(before)).showing() is Phase.SELLING


def test_without_its_terms_the_till_asks_first_and_then_waits() -> None:
    before = Desk()
    before.pick()
    before.do(intents.PayByCash())
    after = Desk(stopped(before, with_terms=False))
    assert after.showing() is Phase.HANDED_OUT
    after.do(intents.AnswerHandedOut(handed_out=True))
    assert after.showing() is Phase.STARTING


def test_a_lost_start_is_an_outage_with_its_reason() -> None:
    before = Desk()
    before.pick()
    after = Desk(stopped(before))
    (sealed,) = [each for each in after.records if isinstance(each, AdviceSealed)]
    outage = decode_advice(sealed.advice).outage
    assert outage is not None
    assert "before the TSE's answer" in outage.reason


def test_the_clock_is_judged_by_what_the_till_knows() -> None:
    assert clock_lamp(AT, None).state is LampState.GOOD
    assert clock_lamp(AT.replace(year=2000), None).state is LampState.BAD
    behind = clock_lamp(AT, AT.replace(year=2027))
    assert behind.state is LampState.BAD
    assert "last order" in behind.text


def after_all(before: Desk, after: Desk) -> Desk:
    """Join what two lives of a till have written."""
    before.records += after.records
    return before
