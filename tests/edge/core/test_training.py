from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from contract.closing import decode_closing
from contract.ids import OrderId, WalletSerial
from contract.messages import decode_advice
from contract.order import BookingModel, CashMove, CashPlace, OrderKind, PlaceRole
from contract.staff import Right
from edge.core import acts, effects, events, intents, texts
from edge.core.picture import picture
from edge.core.records import ClosingMade, ShiftOrder
from edge.core.state import ChargeInDoubt, LoggedIn
from edge.core.view import Phase, TillView
from tests.contract.orders import BEER, BILL, CUP
from tests.edge.core.festival import Festival
from tests.edge.core.test_signing import START, signature


def seen(desk: Festival) -> TillView:
    return picture(desk.state)


def trained(**profile: object) -> Festival:
    desk = Festival().profile(**profile).wallet().up()
    desk.do(intents.SwitchTraining(on=True))
    assert seen(desk).training
    return desk


def practice(desk: Festival, pay: intents.Intent) -> None:
    desk.pick_all(BEER.id, CUP.id)
    desk.do(pay)


def asked(desk: Festival) -> list[effects.Effect]:
    """What the till has to send to the hub since it was switched on."""
    return [each for each in desk.done if isinstance(each, effects.SendRequest)]


def test_a_practiced_sale_asks_nobody_and_charges_no_wallet() -> None:
    desk = trained()
    practice(desk, intents.PayByWristband())
    desk.tap(1)

    assert seen(desk).phase is Phase.APPROVED
    approval = seen(desk).approval
    assert approval is not None
    assert approval.training
    order = desk.last()
    assert order.training
    assert order.payment is not None
    assert order.payment.wallet == 1
    decision = desk.decisions()[-1]
    assert decision.process_data == "AVTraining^6.50_0.00_0.00_0.00_0.00^6.50:Unbar"
    assert (decision.charges, decision.wallet, decision.path) == ((), None, None)
    assert not desk.state.book.spends
    assert asked(desk) == []


def test_practiced_cash_is_not_in_the_register() -> None:
    desk = trained()
    practice(desk, intents.PayByCash())

    assert seen(desk).phase is Phase.APPROVED
    assert seen(desk).register_minor == 0
    assert desk.decisions()[-1].cash_minor == 0


def test_no_card_terminal_is_asked() -> None:
    desk = trained()
    practice(desk, intents.PayByCard())

    assert seen(desk).phase is Phase.CHARGE
    assert seen(desk).training
    assert not any(isinstance(each, effects.ChargeCard) for each in desk.done)
    [alarm] = [e for e in desk.done if isinstance(e, effects.SetAlarm)]
    assert isinstance(alarm.alarm, events.ChargeDue)
    desk.do(replace(alarm.alarm, reference="of an earlier try"))
    assert seen(desk).phase is Phase.CHARGE
    desk.do(alarm.alarm)
    assert seen(desk).phase is Phase.APPROVED
    assert desk.last().training
    assert not any(isinstance(each, effects.FindCharge) for each in desk.done)
    desk.do(alarm.alarm)
    assert len(desk.decisions()) == 1


@pytest.mark.parametrize("act", [acts.TopUp(2_000), acts.BillPayment(BILL, 500)])
def test_what_takes_cash_shows_so_and_waits(act: acts.Act) -> None:
    desk = trained()
    desk.begin(act)
    if seen(desk).phase is Phase.PRESENT:
        desk.tap(1)
    desk.do(intents.PayByCash())

    assert seen(desk).phase is Phase.COLLECT
    assert seen(desk).training
    assert desk.decisions() == []
    desk.do(intents.MoneyTaken())
    assert seen(desk).phase is Phase.APPROVED
    [decision] = desk.decisions()
    assert decision.cash_minor == 0
    assert decision.process_data.startswith("AVTraining^")


def test_a_practiced_card_payment_cut_short_asks_no_terminal() -> None:
    desk = trained()
    practice(desk, intents.PayByCard())
    again = desk.restarted()

    assert seen(again).phase is Phase.SELLING
    assert again.state.charges == ()
    assert not any(isinstance(each, effects.FindCharge) for each in again.done)
    [decision] = again.decisions()
    assert decision.process_data == "AVTraining^0.00_0.00_0.00_0.00_0.00^"


@pytest.mark.parametrize(
    "act",
    [
        acts.TopUp(2_000),
        acts.Payout(500),
        acts.VoucherGrant(2),
        acts.WristbandAct(OrderKind.BLOCK, blocked=True),
    ],
    ids=lambda act: act.kind.value,
)
def test_every_kind_can_be_practiced_without_the_hub(act: acts.Act) -> None:
    desk = trained()
    desk.lose_hub()
    desk.begin(act)
    desk.tap(1)
    if seen(desk).phase is Phase.SELLING:
        desk.do(intents.PayByCash())
        desk.do(intents.MoneyTaken())

    assert seen(desk).phase is Phase.APPROVED, seen(desk)
    assert desk.decisions()[-1].process_data.startswith("AVTraining^")
    assert desk.decisions()[-1].charges == ()
    assert asked(desk) == []


def test_a_practiced_stocking_moves_no_cash() -> None:
    desk = trained()
    vault = CashPlace(role=PlaceRole.VAULT, key="main")
    drawer = CashPlace(role=PlaceRole.REGISTER, key="bar-1")
    move = CashMove(source=vault, target=drawer, amount_minor=15_000, holder="c1")
    desk.begin(acts.CashAct(OrderKind.SHIFT_START, move))

    assert desk.last().training
    assert seen(desk).register_minor == 0


def test_an_aborted_practice_is_signed_as_training() -> None:
    desk = trained()
    desk.do(intents.Pick(BEER.id))
    desk.do(intents.AbortOrder())

    [decision] = desk.decisions()
    assert decision.process_data == "AVTraining^0.00_0.00_0.00_0.00_0.00^"


def test_it_is_signed_and_told_to_the_hub_like_anything_else() -> None:
    desk = trained()
    practice(desk, intents.PayByCash())
    order = OrderId(desk.last().id)
    desk.do(events.FiscalStarted(order, START))
    text = desk.decisions()[-1].process_data
    desk.do(events.FiscalFinished(order, signature(text)))

    advice = decode_advice(desk.journal.sealed([order])[order])
    assert advice.signature is not None
    assert advice.signature.process_data == text


def test_switching_needs_an_empty_basket() -> None:
    desk = Festival().up()
    desk.do(intents.Pick(BEER.id))
    desk.do(intents.SwitchTraining(on=True))

    assert not seen(desk).training
    assert seen(desk).banner == texts.FINISH_FIRST
    desk.do(intents.AbortOrder())
    desk.do(intents.SwitchTraining(on=True))
    assert seen(desk).training
    desk.do(intents.Pick(BEER.id))
    desk.do(intents.SwitchTraining(on=False))
    assert seen(desk).training, "the order in hand is still practice"


def test_switching_waits_for_what_is_in_doubt() -> None:
    desk = Festival().up()
    desk.do(intents.Pick(BEER.id))
    desk.do(intents.PayByCash())
    desk.do(intents.Dismiss())
    [found] = [each for each in desk.journal.read().orders if not each.sealed]
    desk.state = replace(desk.state, charges=(ChargeInDoubt(found),))
    desk.do(intents.SwitchTraining(on=True))

    assert not seen(desk).training
    assert seen(desk).banner == texts.NOT_YET_SWITCHED


LEAD = LoggedIn("s1", "Ada", "lead", frozenset({Right.SUPERVISE, Right.SELL}))
CASHIER = LoggedIn("c1", "Bob", "cashier", frozenset({Right.SELL}))


@pytest.mark.parametrize(
    ("cashier", "needs_login", "allowed"),
    [
        (LEAD, True, True),
        (CASHIER, True, False),
        (None, True, False),
        (None, False, True),
    ],
)
def test_training_is_begun_by_who_supervises(
    cashier: LoggedIn | None, needs_login: bool, allowed: bool
) -> None:
    desk = Festival().profile(needs_login=needs_login).up()
    desk.state = replace(desk.state, cashier=cashier)
    desk.do(intents.SwitchTraining(on=True))
    assert seen(desk).training is allowed


def test_anybody_may_end_training() -> None:
    desk = trained()
    desk.state = replace(desk.state, cashier=CASHIER)
    desk.do(intents.SwitchTraining(on=False))

    assert not seen(desk).training
    practice(desk, intents.PayByCash())
    assert not desk.last().training
    assert seen(desk).register_minor == 650


def test_what_was_real_is_not_canceled_in_training_nor_the_other_way() -> None:
    desk = Festival().up()
    practice(desk, intents.PayByCash())
    real = desk.last()
    desk.do(intents.SwitchTraining(on=True))
    cancel(desk, real.id)
    assert len(desk.decisions()) == 1
    assert seen(desk).banner == texts.NOT_PRACTICED

    practice(desk, intents.PayByCash())
    practiced = desk.last()
    cancel(desk, practiced.id)
    back = desk.last()
    assert (back.kind, back.training) == (OrderKind.CANCELLATION, True)
    assert seen(desk).register_minor == 650

    practice(desk, intents.PayByCard())
    [alarm] = [e for e in desk.done if isinstance(e, effects.SetAlarm)]
    desk.do(alarm.alarm)
    by_card = desk.last()
    cancel(desk, by_card.id)
    assert desk.last().cancels == by_card.id, "no terminal refunds what it never took"

    desk.do(intents.SwitchTraining(on=False))
    desk.do(intents.SwitchTraining(on=True))
    practice(desk, intents.PayByCash())
    left = desk.last()
    desk.do(intents.SwitchTraining(on=False))
    cancel(desk, left.id)
    assert desk.last().id == left.id
    assert seen(desk).banner == texts.ONLY_PRACTICED


def cancel(desk: Festival, order: object) -> None:
    assert isinstance(order, type(desk.last().id))
    desk.do(intents.CancelOrder(order))
    found, undoing = desk.journal.found(OrderId(order))
    desk.do(events.OrderFound(OrderId(order), found, undoing))


def test_a_restart_ends_training_and_asks_about_no_practice() -> None:
    desk = trained()
    practice(desk, intents.PayByCash())
    again = desk.restarted()

    assert seen(again).phase is Phase.SELLING
    assert not seen(again).training


def test_what_was_cut_short_is_closed_as_training() -> None:
    desk = trained()
    desk.do(intents.Pick(BEER.id))
    again = desk.restarted()

    [decision] = again.decisions()
    assert decision.process_data == "AVTraining^0.00_0.00_0.00_0.00_0.00^"


def test_a_closing_counts_practice_apart() -> None:
    desk = Festival().up()
    practice(desk, intents.PayByCash())
    desk.do(intents.SwitchTraining(on=True))
    practice(desk, intents.PayByCash())
    desk.do(intents.Pick(BEER.id))
    desk.do(intents.AbortOrder())
    orders = tuple(
        ShiftOrder(number, each.document, each.outcome)
        for number, each in enumerate(desk.decisions(), start=1)
    )
    for each in desk.decisions():
        desk.do(events.FiscalFailed(each.order, "gone"))
    desk.do(intents.CloseTill())
    desk.do(events.SummedUp(1, orders, None))

    [made] = [each for each in desk.records if isinstance(each, ClosingMade)]
    report = decode_closing(made.report)
    assert (report.completed, report.aborted, report.trained) == (1, 0, 2)
    assert [each.total_minor for each in report.totals] == [650]


def test_orders_carry_the_events_booking_model() -> None:
    desk = Festival().up()
    assert desk.state.terms is not None
    config = msgspec.structs.replace(
        desk.state.terms.config, booking_model=BookingModel.VOUCHER
    )
    desk.state = replace(desk.state, terms=replace(desk.state.terms, config=config))
    practice(desk, intents.PayByWristband())
    desk.tap(1)
    order = desk.book()

    assert order.booking_model is BookingModel.VOUCHER
    data = desk.decisions()[-1].process_data
    assert data == "Beleg^6.50_0.00_0.00_0.00_-6.50^"


def test_stand_in_is_left_as_it_was() -> None:
    desk = trained()
    desk.lose_hub()
    before = desk.state.book
    practice(desk, intents.PayByWristband())
    desk.tap(1)

    assert desk.state.book == before
    assert desk.last().total_minor == 650
    assert WalletSerial(1) not in dict(desk.decisions()[-1].charges)
