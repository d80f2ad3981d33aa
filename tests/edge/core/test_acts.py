"""Orders that are no sale: who is asked, what is booked, and what a silence means."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from contract.ids import WalletSerial
from contract.messages import (
    DeclineReason,
    Facts,
    Note,
    OrderBooked,
    OrderCheck,
    OrderRequest,
)
from contract.money import Money
from contract.order import (
    CashMove,
    CashPlace,
    OrderKind,
    Outcome,
    Path,
    PaymentMethod,
    PlaceRole,
    decode_order,
)
from contract.presale import code_digest
from contract.stocking import Pieces, Stocking
from edge.core import effects, events, intents
from edge.core.acts import (
    Act,
    BillPayment,
    CashAct,
    Payout,
    TicketSale,
    TopUp,
    VoucherGrant,
    WristbandAct,
)
from edge.core.picture import picture
from edge.core.state import Checking, Collecting, Declined, Presenting, Selling
from edge.core.view import Phase
from tests.contract.orders import BAG, BILL, FESTIVAL, VAULT
from tests.edge.core.desk import ANCHOR
from tests.edge.core.festival import RECEIPT, Festival

CODE = "pretix-4711"
OURS = CashPlace(role=PlaceRole.REGISTER, key="bar-1")
OTHER = CashPlace(role=PlaceRole.REGISTER, key="bar-2")
FLOAT = Stocking(
    name="Bar float",
    pieces=(
        Pieces(value_minor=10_00, count=5),
        Pieces(value_minor=2_00, count=2, in_roll=25),
    ),
)


def band(kind: OrderKind, serial: int | None = None, **said: object) -> WristbandAct:
    wristband = None if serial is None else WalletSerial(serial)
    return WristbandAct(kind, wristband, **said)  # type: ignore[arg-type]


# --- money that comes in -------------------------------------------------------------


def test_a_top_up_is_checked_before_money_is_taken() -> None:
    desk = Festival().up()
    desk.begin(TopUp(2_000))
    desk.tap()
    desk.do(intents.PayByCash())
    order = desk.check_passes()
    assert isinstance(desk.state.counter, Collecting)
    assert desk.decisions() == []
    desk.do(intents.MoneyTaken())
    assert desk.last() == order
    assert desk.decisions()[0].path is None
    assert order.credits[0].amount_minor == 2_000
    assert desk.state.registers == {"bar-1": 2_000}


def test_a_top_up_too_high_takes_no_money() -> None:
    desk = Festival().up()
    desk.begin(TopUp(90_000))
    desk.tap()
    desk.do(intents.PayByCash())
    desk.decline(DeclineReason.BALANCE_CAP, Facts(cap_room=Money(500)))
    counter = desk.state.counter
    assert isinstance(counter, Declined)
    assert "5.00 EUR" in counter.decline.text
    desk.do(intents.AbortOrder())
    assert desk.decisions()[-1].outcome is Outcome.ABORTED


@pytest.mark.parametrize(
    ("pay", "phase"),
    [(intents.PayByCash(), Phase.COLLECT), (intents.PayByCard(), Phase.CHARGE)],
)
def test_a_top_up_goes_on_without_the_hub(pay: intents.Intent, phase: Phase) -> None:
    desk = Festival()
    desk.begin(TopUp(2_000))
    desk.tap()
    desk.do(pay)
    assert desk.showing() is phase
    if phase is Phase.CHARGE:
        charge = desk.only(effects.ChargeCard)
        desk.do(events.CardPaid(charge.order, charge.reference, RECEIPT))
    else:
        desk.do(intents.MoneyTaken())
    assert desk.decisions()[-1].path is Path.STAND_IN
    assert desk.last().credits[0].wallet == 1


def test_money_asked_for_may_be_given_up() -> None:
    desk = Festival()
    desk.begin(TopUp(2_000))
    desk.tap()
    desk.do(intents.PayByCash())
    desk.do(intents.AbortOrder())
    assert desk.decisions()[-1].outcome is Outcome.ABORTED
    assert desk.state.registers == {}


def test_a_top_up_is_not_paid_from_a_wristband() -> None:
    desk = Festival().up()
    desk.begin(TopUp(2_000))
    desk.tap()
    desk.do(intents.PayByWristband())
    assert desk.state.banner is not None
    assert isinstance(desk.state.counter, Selling)


@pytest.mark.parametrize("act", [TopUp(0), Payout(-1), VoucherGrant(0)])
def test_nothing_is_no_amount(act: Act) -> None:
    desk = Festival().up()
    desk.begin(act)
    assert desk.records == []
    assert desk.state.banner is not None


def test_a_group_pays_its_tickets_in_one_order() -> None:
    desk = Festival().up()
    desk.begin(TicketSale(FESTIVAL, top_up_minor=300))
    desk.tap(1, variant=2)
    desk.tap(2, variant=1)
    desk.tap(2, variant=1)  # held there again
    assert isinstance(desk.state.counter, Presenting)
    desk.do(intents.PayByCash())
    desk.check_passes()
    desk.do(intents.MoneyTaken())
    order = desk.last()
    assert [(e.wallet, e.amount_minor) for e in order.credits] == [(1, 800), (2, 300)]
    assert order.total_minor == 2 * 1_000 + 800 + 300


def test_a_wristband_may_pay_tickets_after_more_were_added() -> None:
    desk = Festival().up()
    desk.begin(TicketSale(FESTIVAL))
    desk.tap(1)
    desk.do(intents.BackToBasket())
    desk.do(intents.AddWristband())
    desk.tap(2)
    desk.do(intents.PayByWristband())
    desk.tap(7)
    order = desk.book()
    assert order.payment is not None
    assert order.payment.wallet == 7
    assert [each.wallet for each in order.credits] == [1, 2]


def test_a_free_entry_says_who_gave_it() -> None:
    desk = Festival().up()
    desk.begin(TicketSale(FESTIVAL, free=True))
    desk.tap(1, variant=1)
    desk.do(intents.PayByCash())
    order = desk.book()
    assert (order.total_minor, order.granted_by, order.payment) == (0, "bar-1", None)


def test_ticket_sale_with_a_presale_code_takes_one_price_off() -> None:
    desk = Festival().up()
    desk.begin(TicketSale(FESTIVAL, top_up_minor=300))
    desk.tap(1, variant=1)
    desk.do(intents.ScanTicket(f" {CODE}\n"))
    desk.tap(2, variant=1)
    assert isinstance(desk.state.counter, Presenting)
    desk.do(intents.PayByCash())
    order = desk.check_passes()
    assert desk.showing() is Phase.COLLECT
    desk.do(intents.MoneyTaken())
    assert order.presale == (code_digest(CODE),)
    assert order.total_minor == 1_000 + 2 * 300
    assert len(order.credits) == 2
    assert CODE not in repr(desk.records)


def test_ticket_sale_with_a_presale_code_may_leave_nothing_to_pay() -> None:
    desk = Festival().up()
    desk.begin(TicketSale(FESTIVAL))
    desk.tap(1, variant=1)
    desk.do(intents.ScanTicket(CODE))
    desk.do(intents.PayByCash())
    order = desk.book()
    assert (order.total_minor, order.payment, order.granted_by) == (0, None, "")
    assert desk.showing() is Phase.APPROVED


def test_ticket_sale_with_a_presale_code_scanned_again_leaves_it_off() -> None:
    desk = Festival().up()
    desk.begin(TicketSale(FESTIVAL))
    desk.tap(1, variant=1)
    desk.do(intents.ScanTicket(CODE))
    desk.do(intents.PayByCash())
    desk.decline(DeclineReason.PRESALE_USED)
    counter = desk.state.counter
    assert isinstance(counter, Declined)
    assert "used" in counter.decline.title
    desk.do(intents.ScanTicket(CODE))
    assert desk.showing() is Phase.SELLING
    desk.do(intents.PayByCash())
    order = desk.check_passes()
    assert (order.presale, order.total_minor) == ((), 1_000)


@pytest.mark.parametrize(
    ("taps", "codes", "title"),
    [
        (1, ("short",), "Not a ticket's code"),
        (0, (CODE,), "No wristband for this ticket"),
        (1, (CODE, "another-code"), "No wristband for this ticket"),
    ],
)
def test_ticket_sale_with_a_presale_code_that_fits_nobody_says_so(
    taps: int, codes: tuple[str, ...], title: str
) -> None:
    desk = Festival().up()
    desk.begin(TicketSale(FESTIVAL))
    for serial in range(taps):
        desk.tap(serial + 1, variant=1)
    for code in codes:
        desk.do(intents.ScanTicket(code))
    assert desk.state.banner is not None
    assert desk.state.banner.title == title


def test_a_free_entry_needs_no_code_and_a_sale_takes_none() -> None:
    desk = Festival().up()
    desk.begin(TicketSale(FESTIVAL, free=True))
    desk.tap(1, variant=1)
    desk.do(intents.ScanTicket(CODE))
    assert desk.state.banner is not None
    desk.do(intents.AbortOrder())
    desk.pick()
    desk.do(intents.ScanTicket(CODE))
    assert desk.state.banner is not None
    assert desk.state.banner.title == "No ticket sale"


@pytest.mark.parametrize("pay", [intents.PayByCash(), intents.PayByWristband()])
def test_ticket_sale_with_a_presale_code_waits_for_the_hub(
    pay: intents.Intent,
) -> None:
    desk = Festival()
    desk.begin(TicketSale(FESTIVAL, top_up_minor=300))
    desk.tap(1, variant=1)
    desk.do(intents.ScanTicket(CODE))
    desk.do(pay)
    if isinstance(pay, intents.PayByWristband):
        desk.tap(7)
    counter = desk.state.counter
    assert isinstance(counter, Declined)
    assert counter.decline.reason is DeclineReason.HUB_SILENT
    assert "used already" in counter.decline.text
    assert desk.decisions() == []


def test_a_code_is_for_no_log() -> None:
    assert CODE not in repr(intents.ScanTicket(CODE))


def test_a_wristband_without_a_ticket_is_refused() -> None:
    desk = Festival().up()
    assert desk.state.terms is not None
    for_the_young = msgspec.structs.replace(FESTIVAL, tickets=FESTIVAL.tickets[1:])
    terms = replace(desk.state.terms, catalogue=for_the_young)
    desk.state = replace(desk.state, terms=terms)
    desk.begin(TicketSale(for_the_young))
    desk.tap(variant=2)
    assert desk.state.banner is not None
    counter = desk.state.counter
    assert isinstance(counter, Presenting)
    assert counter.order.content.is_empty


def test_a_bill_is_paid_with_what_is_due() -> None:
    desk = Festival().up()
    desk.begin(BillPayment(BILL))
    desk.do(intents.PayByCash())
    desk.decline(DeclineReason.WRONG_BILL_AMOUNT, Facts(due=Money(4_500)))
    assert desk.check_passes().total_minor == 4_500
    desk.do(intents.MoneyTaken())
    assert desk.last().bill == BILL


def test_a_bill_is_not_paid_without_the_hub() -> None:
    desk = Festival()
    desk.begin(BillPayment(BILL, 4_500))
    desk.do(intents.PayByCash())
    counter = desk.state.counter
    assert isinstance(counter, Declined)
    assert counter.decline.reason is DeclineReason.HUB_SILENT


# --- money and vouchers that go out --------------------------------------------------


def test_a_payout_is_booked_before_cash_is_given() -> None:
    desk = Festival().up().wallet()
    desk.begin(Payout(1_350))
    desk.tap()
    order = desk.book(balance=0)
    assert order.payment is not None
    assert order.payment.method is PaymentMethod.CASH
    (decision,) = desk.decisions()
    assert (decision.total_minor, decision.charges) == (-1_350, ((1, 1_350),))
    known = desk.state.book.wallets[WalletSerial(1)]
    assert desk.state.book.available(WalletSerial(1), known) == 5_000
    assert desk.state.registers == {"bar-1": -1_350}


def test_what_was_paid_out_is_not_sold_again_in_a_silence() -> None:
    desk = Festival().up().wallet()
    desk.begin(Payout(4_800))
    desk.tap()
    request = desk.asked(OrderRequest)
    later = msgspec.structs.replace(ANCHOR, batch=ANCHOR.batch + 1)
    desk.say(
        OrderBooked(
            id=UUID(int=3),
            regarding=request.id,
            order=decode_order(request.order).id,
            attempt=1,
            balance=Money(200),
            anchor=later,
        )
    )
    known = desk.state.book.wallets[WalletSerial(1)]
    assert desk.state.book.available(WalletSerial(1), known) == 200


@pytest.mark.parametrize(
    "act",
    [
        Payout(1_000),
        VoucherGrant(2),
        band(OrderKind.REGISTER),
        band(OrderKind.SWAP, 9),
        band(OrderKind.ANNOTATE, variant=1),
        band(OrderKind.BLOCK, blocked=False),
    ],
    ids=lambda act: act.kind.value,
)
def test_what_needs_the_hub_is_declined_without_it(act: Act) -> None:
    desk = Festival()
    desk.begin(act)
    desk.tap()
    counter = desk.state.counter
    assert isinstance(counter, Declined)
    assert counter.decline.reason is DeclineReason.HUB_SILENT
    desk.up()
    desk.do(intents.Submit())
    assert desk.book().attempt == 2
    assert desk.decisions()[-1].outcome is Outcome.COMPLETED


def test_vouchers_are_granted_by_somebody() -> None:
    desk = Festival().up()
    desk.begin(VoucherGrant(2))
    desk.tap()
    order = desk.book()
    assert (order.credits[0].vouchers, order.granted_by) == (2, "bar-1")
    assert desk.decisions()[0].process_data.startswith("grant ")


# --- wristbands ----------------------------------------------------------------------


def test_a_swap_names_the_old_and_reads_the_new() -> None:
    desk = Festival().up()
    desk.begin(band(OrderKind.SWAP, 1))
    desk.tap(1)
    assert desk.state.banner is not None  # the old one can't follow itself
    desk.tap(2)
    change = desk.book().wristband
    assert change is not None
    assert (change.wristband, change.successor) == (1, 2)


def test_a_comment_travels_beside_the_order() -> None:
    note = Note(key=UUID(int=9), text="Lost at the lake.")
    desk = Festival().up()
    desk.begin(band(OrderKind.ANNOTATE, 1, comment=note))
    request = desk.asked(OrderRequest)
    assert request.note == note
    assert b"lake" not in bytes(request.order)
    assert desk.book().wristband is not None


def test_a_wristband_is_blocked_here_even_without_the_hub() -> None:
    desk = Festival().up().wallet()
    desk.lose_hub()
    desk.begin(band(OrderKind.BLOCK, 1, blocked=True))
    assert desk.showing() is Phase.APPROVED
    desk.pick_all(1)
    desk.do(intents.PayByWristband())
    desk.tap(1)
    counter = desk.state.counter
    assert isinstance(counter, Declined)
    assert counter.decline.reason is DeclineReason.BLOCKED_WRISTBAND


# --- cash ----------------------------------------------------------------------------


def test_a_shift_starts_with_its_stocking_and_ends_with_a_count() -> None:
    desk = Festival().up()
    start = CashMove(source=VAULT, target=OURS, amount_minor=20_000, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_START, start))
    desk.pick_all(1)
    desk.do(intents.PayByCash())
    assert desk.state.registers == {"bar-1": 20_450}
    end = CashMove(source=OURS, target=VAULT, counted_minor=20_400, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, end))
    desk.check_passes()
    assert desk.showing() is Phase.APPROVED
    move = desk.last().cash
    assert move is not None
    assert (move.expected_minor, move.difference_minor) == (20_450, -50)
    assert desk.state.registers == {"bar-1": 0}
    assert desk.restarted().state.registers.get("bar-1", 0) == 0


def test_a_register_is_handed_out_with_the_rolls_and_notes_of_a_template() -> None:
    desk = Festival().up()
    terms = desk.state.terms
    assert terms is not None
    config = msgspec.structs.replace(terms.config, stockings=(FLOAT,))
    desk.state = replace(desk.state, terms=replace(terms, config=config))
    [template] = picture(desk.state).stockings
    act = CashAct.of_stocking(template, source=VAULT, register="bar-1", holder="c1")

    desk.begin(act)

    assert desk.showing() is Phase.APPROVED
    move = desk.last().cash
    assert move is not None
    assert (move.amount_minor, move.stocking) == (150_00, FLOAT)
    assert picture(desk.state).register_minor == 150_00
    assert picture(desk.restarted().state).register_minor == 150_00


def test_a_shift_does_not_end_while_its_cashier_is_logged_in() -> None:
    desk = Festival().up()
    end = CashMove(source=OURS, target=VAULT, counted_minor=400, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, end))
    desk.decline(DeclineReason.CASHIER_LOGGED_IN)
    assert desk.showing() is Phase.DECLINED
    assert desk.decisions() == []


def test_a_revoked_till_is_closed_out_by_advice() -> None:
    """Its drawer holds money, and its Z number would be open for ever."""
    desk = Festival().up()
    end = CashMove(source=OURS, target=VAULT, counted_minor=400, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, end))
    desk.decline(DeclineReason.UNKNOWN_TILL)
    assert desk.showing() is Phase.APPROVED
    assert desk.last().kind is OrderKind.SHIFT_END
    (decided,) = desk.decisions()
    assert decided.path is Path.STAND_IN


def test_a_silent_hub_holds_up_no_close_out() -> None:
    desk = Festival().up()
    end = CashMove(source=OURS, target=VAULT, counted_minor=400, holder="c1")
    desk.begin(CashAct(OrderKind.SHIFT_END, end))
    assert desk.decisions() == []
    desk.lose_hub()
    assert desk.last().kind is OrderKind.SHIFT_END


@pytest.mark.parametrize(
    ("kind", "move", "left"),
    [
        (OrderKind.CASH_MOVEMENT, (OURS, BAG), -500),
        (OrderKind.CASH_MOVEMENT, (BAG, OURS), 500),
        (OrderKind.CASH_MOVEMENT, (BAG, VAULT), 0),
        (OrderKind.CASH_TRANSFER, (OURS, OTHER), -500),
    ],
)
def test_cash_moves(
    kind: OrderKind, move: tuple[CashPlace, CashPlace], left: int
) -> None:
    desk = Festival()
    source, target = move
    desk.begin(CashAct(kind, CashMove(source=source, target=target, amount_minor=500)))
    assert desk.showing() is Phase.APPROVED
    assert desk.state.registers.get("bar-1", 0) == left


# --- rights --------------------------------------------------------------------------


def test_a_till_opens_only_what_its_profile_lists() -> None:
    desk = Festival().up().profile(kinds=(OrderKind.SALE,))
    desk.begin(TopUp(2_000))
    assert desk.records == []
    assert desk.state.banner is not None


def test_a_till_that_needs_a_log_in_sells_nothing_before() -> None:
    desk = Festival().up().profile(needs_login=True)
    desk.do(intents.Pick(1))
    assert desk.records == []
    assert desk.state.banner is not None
    assert "Log in" in desk.state.banner.title


def test_an_answer_that_never_comes_keeps_the_order() -> None:
    desk = Festival().up()
    desk.begin(Payout(1_000))
    desk.tap()
    counter = desk.state.counter
    assert isinstance(counter, Checking)
    desk.do(events.RequestExpired(counter.order.id, 1))
    assert isinstance(desk.state.counter, Declined)
    desk.do(intents.AbortOrder())
    decision = desk.decisions()[-1]
    assert (decision.outcome, decision.attempt) == (Outcome.ABORTED, 1)


def test_a_check_is_repeated_unchanged() -> None:
    desk = Festival().up()
    desk.begin(TopUp(2_000))
    desk.tap()
    desk.do(intents.PayByCash())
    first = desk.asked(OrderCheck)
    counter = desk.state.counter
    assert isinstance(counter, Checking)
    desk.do(events.RepeatRequest(counter.order.id, 1))
    assert desk.asked(OrderCheck) == first
