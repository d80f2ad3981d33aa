from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.order import make_line, sum_taxes
from hub.core.ledger import (
    UNCLEAR_TAX,
    Account,
    Entry,
    Posting,
    Role,
    order_entry,
    top_up_entry,
)
from tests.hub import samples
from tests.hub.samples import order


def posted(entry: Entry) -> dict[tuple[str, str], int]:
    return {
        (each.account.role.value, each.account.key): each.amount_minor
        for each in entry.postings
    }


def test_a_sale_moves_money_from_the_wallet_to_revenue_and_tax() -> None:
    assert posted(order_entry(order(1190, 5))) == {
        ("wallet", "5"): -1190,
        ("revenue", "1"): 1000,
        ("tax", "1"): 190,
    }


def test_cash_lies_in_the_drawer_of_its_till() -> None:
    entry = order_entry(order(1190))

    assert posted(entry)["cash_register", "bar-1"] == -1190
    assert entry.wallet_minor == 0


def test_a_cancellation_is_the_sale_turned_round() -> None:
    sale = order(1190, 5)
    back = order(-1190, 5, cancels=sale.id)

    assert posted(order_entry(back)) == {
        account: -amount for account, amount in posted(order_entry(sale)).items()
    }


def test_unclear_taxes_are_kept_apart() -> None:
    odd = msgspec.structs.replace(order(1190, 5), taxes=())

    assert posted(order_entry(odd)) == {
        ("wallet", "5"): -1190,
        ("revenue", UNCLEAR_TAX): 1190,
    }


def test_a_top_up_is_owed_by_its_provider() -> None:
    assert posted(top_up_entry(5, 2000, "paypal")) == {
        ("provider_clearing", "paypal"): -2000,
        ("wallet", "5"): 2000,
    }


def test_an_entry_out_of_balance_is_a_programming_error() -> None:
    with pytest.raises(AssertionError, match="out of balance"):
        Entry((Posting(Account(Role.TAX, "1"), 1),))


@given(
    st.lists(
        st.tuples(
            st.sampled_from((samples.BEER, samples.PRETZEL, samples.CENT)),
            st.integers(-20, 200),
        ),
        max_size=12,
    )
)
def test_every_entry_balances(picks: list[tuple[samples.Product, int]]) -> None:
    lines = tuple(make_line(product, quantity) for product, quantity in picks)
    sale = msgspec.structs.replace(
        order(1, 5),
        lines=lines,
        taxes=sum_taxes(lines, samples.CATALOGUE.tax_rates()),
        total_minor=sum(line.total_minor for line in lines),
    )

    entry = order_entry(sale)  # asserts its balance
    assert entry.wallet_minor == -sale.total_minor
