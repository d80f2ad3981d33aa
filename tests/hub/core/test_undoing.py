from __future__ import annotations

import msgspec
import pytest

from contract.order import (
    Credit,
    LineRole,
    Order,
    OrderKind,
    Path,
    Payment,
    PaymentMethod,
    make_line,
    plain_line,
    sum_taxes,
    undone,
    voucher_lines,
)
from hub.core import chain
from hub.core.draft import Draft
from hub.core.state import Band, LedgerState, OrderState, Undone, Wallet
from tests.hub import samples
from tests.hub.store.ledgers import aborted, asked, completed, posted

BEER = msgspec.structs.replace(samples.BEER, price_in_vouchers=1)


@pytest.fixture
def state() -> LedgerState:
    """A ledger with two wristbands, of which nothing has to be loaded."""
    state = LedgerState(0, chain.first_head("incarnation"), 0)
    for number in (1, 2):
        state.bands[number] = Band(number)
        state.wallets[number] = Wallet(number, balance=1000)
    return state


def book(state: LedgerState, *orders: Order, path: Path | None = None) -> None:
    """Request and complete orders; by stand-in nobody was asked."""
    for order in orders:
        items = [completed(order, path or Path.ONLINE)]
        if path is None:
            items.insert(0, asked(order))
        missing = state.missing(items)
        for account in missing.accounts:
            state.accounts[account] = 100 + len(state.accounts)
        for number in missing.orders | missing.originals:
            state.orders.setdefault(number, OrderState())
        state.originals.update(missing.originals)
        draft = Draft(state)
        for item in items:
            draft.take(item)
        draft.close()


def canceling(original: Order) -> Order:
    """The whole of an order taken back."""
    order = samples.order(1)
    return msgspec.structs.replace(
        undone(original), id=order.id, attempt=1, payment=original.payment
    )


def test_vouchers_that_a_sale_could_not_take_are_not_given_back(
    state: LedgerState,
) -> None:
    beers = make_line(BEER, 2)
    lines = (beers, *voucher_lines([beers], {BEER.id: BEER}, 1))
    sale = msgspec.structs.replace(
        samples.order(450, 1),
        lines=lines,
        taxes=sum_taxes(lines, samples.CATALOGUE.tax_rates()),
    )

    book(state, sale, path=Path.STAND_IN)
    assert (state.wallets[1].balance, state.wallets[1].vouchers) == (550, 0)
    book(state, canceling(sale))

    assert (state.wallets[1].balance, state.wallets[1].vouchers) == (1000, 0)


def test_what_a_group_gave_back_is_remembered_as_the_database_tells_it(
    state: LedgerState,
) -> None:
    line = plain_line(LineRole.CREDIT, 400, "Top-up")
    entry = make_line(samples.BEER, 2)
    ticket = msgspec.structs.replace(
        samples.order(1300),
        kind=OrderKind.TICKET,
        lines=(entry, line),
        taxes=sum_taxes((entry, line), samples.CATALOGUE.tax_rates()),
        credits=tuple(
            Credit(wallet=each, amount_minor=200, vouchers=1) for each in (1, 2)
        ),
        payment=Payment(method=PaymentMethod.CASH),
    )

    book(state, ticket, path=Path.ONLINE)
    cancellation = canceling(ticket)
    book(state, cancellation)

    assert state.order(ticket.id).undone == {cancellation.id: Undone(-400, -2, None)}


def test_vouchers_used_since_are_lost_when_their_grant_is_undone(
    state: LedgerState,
) -> None:
    grant = msgspec.structs.replace(
        samples.order(1),
        kind=OrderKind.GRANT,
        lines=(),
        taxes=(),
        total_minor=0,
        payment=None,
        credits=(Credit(wallet=1, vouchers=2),),
        granted_by="c17",
    )
    beer = make_line(BEER, 1)
    lines = (beer, *voucher_lines([beer], {BEER.id: BEER}, 1))
    sale = msgspec.structs.replace(
        samples.order(0, 1),
        lines=lines,
        taxes=sum_taxes(lines, samples.CATALOGUE.tax_rates()),
    )
    missing = state.missing([asked(grant), asked(sale)])
    for account in missing.accounts:
        state.accounts[account] = 100 + len(state.accounts)

    draft = Draft(state)
    for item in (asked(grant), asked(sale), completed(sale), aborted(grant)):
        draft.take(item)
    draft.close()

    assert state.wallets[1].vouchers == 0
    reversal = draft.records.entries.rows[-1][0]
    names = {number: account.key for account, number in state.accounts.items()}
    amounts = posted(draft.records, reversal)
    assert [(names.get(a, a), unit, n) for a, unit, n in amounts] == [
        ("all", "voucher", 2),
        (1, "voucher", -1),
        ("insufficient_balance", "voucher", -1),
    ]


def test_an_original_whose_cancellation_is_undone_is_not_forgotten_at_once(
    state: LedgerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database does not know yet that it can be canceled again."""
    monkeypatch.setattr("hub.core.state.ORDERS_KEPT", 2)
    sale = samples.order(450, 1)
    cancellation = canceling(sale)
    book(state, sale)
    draft = Draft(state)
    state.originals.add(sale.id)
    draft.take(asked(cancellation))
    draft.take(asked(samples.order(1, 2)))

    draft.take(aborted(cancellation))
    draft.close()

    assert sale.id in state.orders
