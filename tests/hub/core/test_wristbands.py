from __future__ import annotations

from uuid import uuid4

import pytest

from contract.order import CashMove, Credit, Order, OrderKind, Path
from hub.core import chain
from hub.core.booking import Item, block_item, credit_item
from hub.core.draft import Draft
from hub.core.ledger import Account, Role
from hub.core.state import Band, LedgerState, Wallet
from tests.hub import acts
from tests.hub.acts import on_wristband, swap
from tests.hub.samples import order
from tests.hub.store.ledgers import aborted, asked, completed, told

OLD, NEW, USED, STRANGER = 1, 2, 3, 99


@pytest.fixture
def state() -> LedgerState:
    """Three wristbands of the same event: in use, fresh, in use."""
    state = LedgerState(0, chain.first_head("incarnation"), 0)
    for serial in (OLD, NEW, USED):
        state.bands[serial] = Band(serial)
        state.wallets[serial] = Wallet(serial, balance=0)
    book(state, credit_item(uuid4(), OLD, 1000, "test"))
    book(state, credit_item(uuid4(), USED, 500, "test"))
    return state


def book(
    state: LedgerState, *items: Item
) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Judge items in a batch of their own; what nobody has loaded is unknown."""
    missing = state.missing(items)
    state.bands.update(dict.fromkeys(missing.bands))
    for account in missing.accounts:
        state.accounts[account] = 100 + len(state.accounts)
        if account.role in {Role.CASH_REGISTER, Role.BAG, Role.VAULT}:
            state.holdings[state.accounts[account]] = 0
    draft = Draft(state)
    for item in items:
        draft.take(item)
    draft.close()
    return [told(result) for result in draft.results()]


def word(state: LedgerState, about: Order) -> str | None:
    [(_, reason, _)] = book(state, asked(about))
    return reason


def test_a_new_wristband_opens_the_old_ones_wallet(state: LedgerState) -> None:
    assert word(state, swap(OLD, NEW)) is None

    assert word(state, order(400, NEW)) is None
    assert state.wallets[OLD].balance == 600
    assert word(state, order(1, OLD)) == "already_swapped"


def test_an_offline_order_of_a_swapped_wristband_charges_its_wallet(
    state: LedgerState,
) -> None:
    book(state, asked(swap(OLD, NEW)))

    [(_, _, flags)] = book(state, completed(order(300, OLD), Path.STAND_IN))

    assert flags == ("swapped_wristband",)
    assert state.wallets[OLD].balance == 700
    assert word(state, order(700, NEW)) is None


def test_money_from_the_web_reaches_the_guest_by_the_old_wristband(
    state: LedgerState,
) -> None:
    book(state, asked(swap(OLD, NEW)))
    book(state, credit_item(uuid4(), OLD, 250, "paypal"))

    assert word(state, order(1250, NEW)) is None


def test_what_was_bought_before_a_swap_can_be_given_back(state: LedgerState) -> None:
    sale = order(400, OLD)
    book(state, asked(sale), completed(sale))
    book(state, asked(swap(OLD, NEW)))

    assert word(state, order(-400, OLD, cancels=sale.id)) is None
    assert state.wallets[OLD].balance == 1000


REFUSED_SWAPS = {
    "a used successor": ((OLD, USED), "already_registered"),
    "an unknown successor": ((OLD, STRANGER), "unknown_wristband"),
    "an unknown wristband": ((STRANGER, NEW), "unknown_wristband"),
}


@pytest.mark.parametrize("name", REFUSED_SWAPS)
def test_a_swap_is_refused(state: LedgerState, name: str) -> None:
    pair, reason = REFUSED_SWAPS[name]

    assert word(state, swap(*pair)) == reason
    assert state.bands[OLD] == Band(OLD)


def test_a_wristband_that_was_emptied_is_still_used(state: LedgerState) -> None:
    book(state, asked(order(500, USED)))

    assert word(state, swap(OLD, USED)) == "already_registered"


def test_a_wristband_is_swapped_once_and_its_successor_again(
    state: LedgerState,
) -> None:
    state.bands[7], state.wallets[7] = Band(7), Wallet(7)
    assert word(state, swap(OLD, NEW)) is None
    assert word(state, swap(OLD, 7)) == "already_swapped"
    assert word(state, swap(NEW, 7)) is None

    assert word(state, order(1000, 7)) is None
    assert word(state, order(1, NEW)) == "already_swapped"


def test_two_desks_can_not_hand_out_one_successor(state: LedgerState) -> None:
    first, second = swap(OLD, NEW), swap(USED, NEW)

    verdicts = book(state, asked(first), asked(second))

    assert [reason for _, reason, _ in verdicts] == [None, "already_registered"]
    assert word(state, order(500, USED)) is None


def test_an_aborted_swap_leaves_all_as_it_was(state: LedgerState) -> None:
    exchange = swap(OLD, NEW)
    book(state, asked(exchange))
    book(state, aborted(exchange))

    assert word(state, order(400, OLD)) is None
    assert state.bands[NEW] == Band(NEW)
    assert word(state, swap(OLD, NEW)) is None


def test_what_changed_since_is_not_taken_back(state: LedgerState) -> None:
    block = on_wristband(OrderKind.BLOCK, OLD, blocked=True)
    book(state, asked(block))
    book(state, asked(on_wristband(OrderKind.ANNOTATE, OLD, variant=2)))
    book(state, aborted(block))

    assert state.bands[OLD] == Band(OLD, blocked=True, restriction=2)


def test_a_completed_swap_stands_when_its_advice_comes(state: LedgerState) -> None:
    exchange = swap(OLD, NEW)
    book(state, asked(exchange))

    assert book(state, completed(exchange)) == [("recorded", None, ())]
    assert word(state, order(1000, NEW)) is None


def test_a_swap_that_nobody_was_asked_for_spares_a_used_wristband(
    state: LedgerState,
) -> None:
    [(code, _, flags)] = book(state, completed(swap(OLD, USED)))

    assert (code, flags) == ("recorded", ("swapped_wristband",))
    assert state.bands[USED] == Band(USED)
    assert word(state, order(500, USED)) is None


def test_a_wristband_is_registered_once(state: LedgerState) -> None:
    first = on_wristband(OrderKind.REGISTER, NEW, variant=3)

    assert word(state, first) is None
    assert word(state, on_wristband(OrderKind.REGISTER, NEW)) == "already_registered"
    assert state.bands[NEW] == Band(NEW, registered=True, restriction=3)
    assert word(state, swap(OLD, NEW)) == "already_registered"


def test_a_wristband_blocked_while_the_hub_was_silent_is_blocked(
    state: LedgerState,
) -> None:
    block = on_wristband(OrderKind.BLOCK, OLD, blocked=True)

    assert book(state, completed(block)) == [("recorded", None, ())]
    assert word(state, order(1, OLD)) == "blocked_wristband"
    assert word(state, on_wristband(OrderKind.BLOCK, OLD, blocked=False)) is None
    assert word(state, order(1, OLD)) is None


def test_the_block_of_an_unknown_wristband_is_flagged(state: LedgerState) -> None:
    block = on_wristband(OrderKind.BLOCK, STRANGER, blocked=True)

    assert book(state, completed(block)) == [("recorded", None, ("unknown_wristband",))]


def test_a_lost_wristband_is_blocked_and_then_swapped(state: LedgerState) -> None:
    book(state, block_item(uuid4(), OLD, blocked=True))

    assert word(state, swap(OLD, NEW)) is None
    assert word(state, order(1000, NEW)) is None


def test_a_restriction_and_a_note_move_on_to_the_successor(state: LedgerState) -> None:
    key = uuid4()
    book(state, asked(on_wristband(OrderKind.ANNOTATE, OLD, variant=1, note=key)))
    book(state, asked(swap(OLD, NEW)))

    band = state.bands[NEW]
    assert band is not None
    assert (band.restriction, band.note) == (1, key)


def test_an_order_may_name_both_wristbands_of_a_wallet(state: LedgerState) -> None:
    book(state, asked(swap(OLD, NEW)))
    given = (Credit(wallet=OLD, vouchers=1), Credit(wallet=NEW, vouchers=2))
    grant = acts.act(OrderKind.GRANT, credits=given, granted_by="boss")

    [(code, _, flags)] = book(state, completed(grant))

    assert (code, flags) == ("recorded", ("swapped_wristband",))
    assert state.wallets[OLD].vouchers == 3


def test_the_register_of_a_shift_is_compared_with_what_it_holds(
    state: LedgerState,
) -> None:
    book(state, completed(acts.shift_start(15_000, "c17")))
    book(state, completed(order(450)))

    [(_, _, right)] = book(state, completed(acts.shift_end(15_450, 15_450, "c17")))
    assert right == ()

    book(state, completed(acts.shift_start(10_000, "c17")))
    [(_, _, wrong)] = book(state, completed(acts.shift_end(9_000, 9_500, "c17")))
    assert wrong == ("register_differs",)
    register = state.accounts[Account(Role.CASH_REGISTER, "bar-1")]
    assert state.holdings[register] == -500


def test_a_register_that_is_somebody_elses_is_said_to_be(state: LedgerState) -> None:
    """Handed out while somebody has it, or closed out in the name of who has not."""
    handed_out = completed(acts.shift_start(15_000, "ann"))
    [(_, _, first)] = book(state, handed_out)
    [(_, _, twice)] = book(state, completed(acts.shift_start(15_000, "ben")))
    [(_, _, in_anns_name)] = book(
        state, completed(acts.shift_end(30_000, 30_000, "ann"))
    )
    [(_, _, anew)] = book(state, completed(acts.shift_start(15_000, "ann")))
    [(_, _, right)] = book(state, completed(acts.shift_end(15_000, 15_000, "ann")))

    assert (first, anew, right) == ((), (), ())
    assert twice == in_anns_name == ("other_holder",)
    assert state.holders == {"bar-1": None}


def test_a_register_that_was_handed_on_is_its_new_holders(state: LedgerState) -> None:
    till = acts.register()
    handed_on = CashMove(source=till, target=till, holder="ben")
    book(state, completed(acts.shift_start(15_000, "ann")))
    book(state, completed(acts.cash(OrderKind.CASH_TRANSFER, handed_on)))

    [(_, _, flags)] = book(state, completed(acts.shift_end(15_000, 15_000, "ben")))

    assert flags == ()
