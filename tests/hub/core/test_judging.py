from __future__ import annotations

import random
from uuid import uuid4

import pytest

from contract.messages import AdviceFlag
from hub.core import chain
from hub.core.bills.bill import LineKind
from hub.core.bills.steps import (
    BillStep,
    Share,
    StepKind,
    encode_step,
    step_item,
)
from hub.core.booking import ResultCode
from hub.core.draft import Draft
from hub.core.ledger import Account, Role
from hub.core.state import Band, LedgerState, Wallet
from tests.hub.store.ledgers import posted, told
from tests.hub.store.model import Model
from tests.hub.store.words import some_items

SEEDS = range(40)
WALLETS = (1, 2, 3, 4, 5)


def a_state() -> LedgerState:
    """A ledger with five funded wallets, of which nothing has to be loaded."""
    state = LedgerState(0, chain.first_head("incarnation"), 0)
    for number in WALLETS:
        state.bands[number] = Band(number)
        state.wallets[number] = Wallet(number, balance=500)
    return state


def supply(state: LedgerState, items: list[object]) -> None:
    """Stand in for the database, which knows nothing more."""
    missing = state.missing(items)  # type: ignore[arg-type]
    state.bands.update(dict.fromkeys(missing.bands))
    for account in missing.accounts:
        state.accounts[account] = 100 + len(state.accounts)
    for number in missing.orders | missing.originals:
        state.order(number)
    state.originals.update(missing.originals)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_says_what_the_model_says(seed: int) -> None:
    draw = random.Random(seed)
    state, model = a_state(), Model(dict.fromkeys(WALLETS, 500))
    items = some_items(draw, list(WALLETS))

    while items:
        part, items = items[:50], items[50:]
        supply(state, list(part))
        draft = Draft(state)
        for item in part:
            draft.take(item)
        draft.close()
        for item, result in zip(part, draft.results(), strict=True):
            assert told(result) == model.book(item)
        assert all(
            sum(amount for _, _, amount in posted(draft.records, number)) == 0
            for number, *_ in draft.records.entries.rows
        )

    assert {number: state.wallets[number].balance for number in WALLETS} == (
        model.balances
    )
    assert Account(Role.STAND_IN_LOSS, "insufficient_balance") in state.accounts


@pytest.mark.parametrize(
    ("step", "before", "balance", "flags"),
    [
        (StepKind.RELEASE, 0, 2500, {AdviceFlag.EXCEEDS_CAP}),
        (StepKind.RETAKE, 2000, -1500, {AdviceFlag.EXCEEDS_BALANCE}),
    ],
)
def test_money_that_has_moved_is_refused_by_no_wallet(
    step: StepKind, before: int, balance: int, flags: set[AdviceFlag]
) -> None:
    state = a_state()
    state.wallets[1].cap = 1000
    state.bands[1] = Band(1, blocked=True, successor=2)
    said = BillStep(
        step=step,
        reference="0" * 27,
        organizer="club",
        lines=(Share(LineKind.TOP_UP, 2000, 1),),
        before_minor=before,
        after_minor=2000 - before,
    )
    item = step_item(uuid4(), encode_step(said))
    supply(state, [item])

    draft = Draft(state)
    draft.take(item)
    draft.take(item)
    draft.close()

    booked, again = draft.results()
    assert (booked.code, again.code) == (ResultCode.BOOKED, ResultCode.BOOKED)
    assert state.wallets[1].balance == balance
    swapped = {AdviceFlag.SWAPPED_WRISTBAND}
    assert set(booked.flags) == set(again.flags) == flags | swapped
