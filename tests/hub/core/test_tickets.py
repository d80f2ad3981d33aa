from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contract.messages import AdviceFlag, DeclineReason, encode_advice
from contract.order import (
    Credit,
    LineRole,
    Order,
    OrderKind,
    Outcome,
    Path,
    discount_lines,
    encode_order,
    make_line,
    plain_line,
)
from hub.core.booking import Item, ResultCode, advice_item, request_item
from hub.core.content import Prices
from hub.core.draft import Draft
from hub.core.orders import Agreed, Till, looked_into
from hub.core.state import Band, LedgerState, Wallet
from hub.core.tickets import FLAGS, SENTENCES, admission_of, objection
from tests.hub import samples
from tests.hub.service.shop import (
    BEER,
    CASH,
    CATALOGUE,
    DESK,
    ENTRY,
    YOUTH,
    YOUTH_ENTRY,
    a_sale,
    an_order,
    by,
)

AGREED = Agreed(
    event=CATALOGUE.event,
    number=samples.EVENT.number,
    currency=CATALOGUE.currency,
    catalogues={CATALOGUE.version: CATALOGUE},
    tills={DESK: Till(DESK, DESK)},
    token_keys=(samples.SIGNER.public,),
)
ADULT_BAND, YOUTH_BAND, UNKNOWN, PAYER = 5, 6, 7, 8
INCLUDED = 500


def a_state() -> LedgerState:
    """A ledger that knows an adult, a young guest and one who pays for others."""
    state = LedgerState(0, b"", 0)
    state.bands = {
        ADULT_BAND: Band(ADULT_BAND),
        YOUTH_BAND: Band(YOUTH_BAND, variant=YOUTH),
        PAYER: Band(PAYER),
    }
    state.wallets = {each: Wallet(each) for each in (ADULT_BAND, YOUTH_BAND)}
    state.wallets[PAYER] = Wallet(PAYER, balance=5000)
    return state


def youth_ticket(wallet: int, **more: Any) -> Order:
    values: dict[str, Any] = {"payment": CASH} | more
    lines = (make_line(YOUTH_ENTRY, 1),)
    given = (Credit(wallet=wallet, vouchers=2),)
    return an_order(OrderKind.TICKET, lines, till=DESK, credits=given, **values)


def adult_ticket(wallet: int, top_up_minor: int = INCLUDED) -> Order:
    credit = plain_line(LineRole.CREDIT, top_up_minor, "Top-up")
    lines = (make_line(ENTRY, 1), credit) if top_up_minor else (make_line(ENTRY, 1),)
    given = (Credit(wallet=wallet, amount_minor=top_up_minor),)
    return an_order(OrderKind.TICKET, lines, till=DESK, credits=given)


WHOSE = {
    "the youth's own": (youth_ticket(YOUTH_BAND), None),
    "the adult's own": (adult_ticket(ADULT_BAND), None),
    "the youth's for an adult": (youth_ticket(ADULT_BAND), DeclineReason.WRONG_PRICE),
    "the adult's for a youth": (adult_ticket(YOUTH_BAND), DeclineReason.WRONG_PRICE),
    "without its top-up": (adult_ticket(ADULT_BAND, 0), DeclineReason.WRONG_PRICE),
    "with more on top": (adult_ticket(ADULT_BAND, 2 * INCLUDED), None),
    "for whom nobody knows": (youth_ticket(UNKNOWN), DeclineReason.UNKNOWN_WRISTBAND),
}


@pytest.mark.parametrize("case", WHOSE)
def test_a_ticket_is_its_wristbands_or_is_objected_to(case: str) -> None:
    order, expected = WHOSE[case]
    admission = admission_of(order, CATALOGUE)
    assert admission is not None

    reason = objection(admission, {ADULT_BAND: 0, YOUTH_BAND: YOUTH})

    assert reason is expected
    assert reason is None or reason in FLAGS
    assert reason in {None, DeclineReason.UNKNOWN_WRISTBAND} or reason in SENTENCES


def test_a_restriction_laid_upon_a_wristband_goes_before_its_token() -> None:
    state = a_state()
    state.bands[ADULT_BAND] = Band(ADULT_BAND, restriction=YOUTH)

    assert judged(state, asked(free(ADULT_BAND))) == (None, ())


def test_no_ticket_is_for_a_wristband_of_a_sort_that_the_catalogue_leaves_out() -> None:
    only_youth = msgspec.structs.replace(CATALOGUE, tickets=CATALOGUE.tickets[1:])
    admission = admission_of(adult_ticket(ADULT_BAND), only_youth)

    assert admission is not None
    assert objection(admission, {ADULT_BAND: 0}) is DeclineReason.UNKNOWN_PRODUCT


def test_only_tickets_let_anybody_in() -> None:
    assert admission_of(a_sale(ADULT_BAND, make_line(BEER, 1)), CATALOGUE) is None
    assert admission_of(youth_ticket(YOUTH_BAND), None) is None
    assert Prices.of(CATALOGUE).tickets.keys() == {ENTRY.id, YOUTH_ENTRY.id}


def free(wallet: int) -> Order:
    entry = (make_line(YOUTH_ENTRY, 1),)
    return an_order(
        OrderKind.TICKET,
        (*entry, *discount_lines(entry, "Free ticket")),
        None,
        till=DESK,
        credits=(Credit(wallet=wallet, vouchers=2),),
        granted_by="lead-1",
    )


BOOKED_AT_ONCE = {
    "paid by a wristband": lambda wallet: youth_ticket(wallet, payment=by(PAYER)),
    "free": free,
}


@pytest.mark.parametrize("way", BOOKED_AT_ONCE)
def test_an_adult_does_not_come_in_at_the_youths_price_whoever_pays(way: str) -> None:
    wrong, right = (BOOKED_AT_ONCE[way](wallet) for wallet in (ADULT_BAND, YOUTH_BAND))
    state = a_state()

    assert judged(state, asked(wrong)) == (DeclineReason.WRONG_PRICE, ())
    assert state.wallets[ADULT_BAND].vouchers == 0
    assert judged(state, asked(right)) == (None, ())
    assert state.wallets[YOUTH_BAND].vouchers == 2


def test_a_guest_who_is_inside_by_a_wrong_ticket_is_booked_and_flagged() -> None:
    state = a_state()

    assert judged(state, told(youth_ticket(ADULT_BAND))) == (
        None,
        (AdviceFlag.WRONG_TICKET,),
    )
    assert state.wallets[ADULT_BAND].vouchers == 2
    assert judged(state, told(youth_ticket(YOUTH_BAND))) == (None, ())


def test_a_practiced_ticket_is_compared_with_nothing() -> None:
    practiced = youth_ticket(ADULT_BAND, training=True)

    assert judged(a_state(), told(practiced)) == (None, ())


def asked(order: Order) -> Item:
    found = looked_into(order, AGREED)
    return request_item(order, encode_order(order), None, found)


def told(order: Order) -> Item:
    advice = samples.advice(order, Outcome.COMPLETED, Path.ONLINE)
    found = looked_into(order, AGREED)
    return advice_item(advice, order, encode_advice(advice), found=found)


def judged(
    state: LedgerState, item: Item
) -> tuple[DeclineReason | None, tuple[AdviceFlag, ...]]:
    missing = state.missing([item])
    assert not missing.bands, "all guests are known"
    for account in missing.accounts:
        state.accounts[account] = 100 + len(state.accounts)
    for number in missing.orders:
        state.order(number)
    draft = Draft(state)
    draft.take(item)
    draft.close()
    (result,) = draft.results()
    assert result.code is not ResultCode.CONFLICT
    return result.reason, result.flags
