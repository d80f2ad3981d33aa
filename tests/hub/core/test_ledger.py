from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.forms import FORMS
from contract.order import (
    CashMove,
    Order,
    OrderKind,
    inconsistency,
    make_line,
    sum_taxes,
    undone,
)
from hub.core.ledger import (
    CHART,
    RULES,
    UNCLEAR_TAX,
    Account,
    Entry,
    Posting,
    Role,
    Unit,
    WalletDelta,
    mirrored,
    order_entry,
    top_up_entry,
)
from tests.contract import orders
from tests.contract.orders import ORDERS, altered
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


BOOK = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text("utf-8")
BOOKED: dict[str, dict[str, int]] = {
    # 3 beers at 4.50 and 3 cups at 2.00 with 19 %, a pretzel at 3.00 with 7 %; two
    # vouchers pay two beers. The cups' 6.00 hold 0.96 of tax.
    "sale": {
        "wallet 4711": -1350,
        "deposit_liability 1": 504,
        "revenue 1": 378,
        "tax 1": 168,
        "revenue 2": 280,
        "tax 2": 20,
        "wallet 4711 voucher": -2,
        "voucher_pool all voucher": 2,
    },
    "sale_in_cash": {
        "cash_register bar-1": -300,
        "revenue 1": 210,
        "tax 1": 40,
        "donation all": 50,
    },
    "sale_by_card": {"card_clearing sumup": -450, "revenue 1": 378, "tax 1": 72},
    # A beer at 4.50 and 1.19 for the house with 19 %; 0.50 for the crew, untaxed.
    "sale_with_tips": {
        "wallet 4711": -619,
        "revenue 1": 478,
        "tax 1": 91,
        "tip_payable all": 50,
    },
    "deposit_back": {"wallet 4711": 400, "deposit_liability 1": -336, "tax 1": -64},
    "top_up": {"cash_register drawer-3": -2000, "wallet 5": 2000},
    # 13.57 from the wallet, 3.00 of it donated, 10.55 francs in cash.
    "payout": {
        "cash_register bar-1": 1055,
        "wallet 5": -1357,
        "donation all": 300,
        "rounding all": 2,
    },
    "ticket": {
        "card_clearing sumup": -3500,
        "revenue 2": 1869,
        "tax 2": 131,
        "wallet 5": 1000,
        "wallet 6": 500,
        "wallet 6 voucher": 1,
        "voucher_pool all voucher": -1,
    },
    "free_ticket": {},
    # Two entries at 10.00, one of them paid in another shop; 5.00 of top-up.
    "presale_ticket": {
        "cash_register bar-1": -1500,
        "revenue 2": 935,
        "tax 2": 65,
        "wallet 6": 500,
    },
    "grant": {"wallet 5 voucher": 3, "voucher_pool all voucher": -3},
    "bill_payment": {
        "cash_register bar-1": -12000,
        f"bill_receivable {orders.BILL}": 12000,
    },
    "register": {},
    "swap": {},
    "block": {},
    "annotate": {},
    "shift_start": {"vault main": 15000, "cash_register drawer-3": -15000},
    "cash_movement": {"cash_register drawer-3": 30000, "bag bag-1": -30000},
    "bank_deposit": {"vault main": 90000, "bank giro": -90000},
    "cash_transfer": {
        "cash_register drawer-3": 5000,
        "cash_register drawer-4": -5000,
    },
    "handed_over": {},
    # 500.00 were expected in the register and 498.00 were counted.
    "shift_end": {
        "cash_register drawer-3": 50000,
        "vault main": -49800,
        "difference drawer-3": -200,
    },
}


def told(entry: Entry) -> dict[str, int]:
    return {
        f"{each.account.role.value} {each.account.key}"
        + ("" if each.unit is Unit.MONEY else " voucher"): each.amount_minor
        for each in entry.postings
    }


@pytest.mark.parametrize("name", ORDERS)
def test_each_kind_of_order_is_booked_by_its_rule(name: str) -> None:
    assert told(order_entry(ORDERS[name])) == BOOKED[name]


@pytest.mark.parametrize(
    "name", [name for name in ORDERS if FORMS[ORDERS[name].kind].cancelable]
)
def test_a_cancellation_mirrors_what_it_undoes(name: str) -> None:
    original = ORDERS[name]
    back = altered(undone(original), attempt=1, payment=original.payment)

    assert inconsistency(back) is None
    turned = {account: -amount for account, amount in BOOKED[name].items()}
    assert told(order_entry(back)) == turned


@pytest.mark.parametrize("name", ORDERS)
def test_what_was_practiced_is_not_booked(name: str) -> None:
    assert told(order_entry(altered(ORDERS[name], training=True))) == {}


def test_a_line_canceled_is_given_back_with_its_tax() -> None:
    original = ORDERS["sale"]
    back = altered(undone(original, [3]), attempt=1, payment=original.payment)

    assert told(order_entry(back)) == {
        "wallet 4711": 300,
        "revenue 2": -280,
        "tax 2": -20,
    }


def test_each_wallet_is_told_what_it_gains() -> None:
    assert order_entry(ORDERS["sale"]).wallets == {4711: WalletDelta(-1350, -2)}
    assert order_entry(ORDERS["ticket"]).wallets == {
        5: WalletDelta(1000),
        6: WalletDelta(500, 1),
    }
    assert order_entry(ORDERS["cash_movement"]).wallets == {}


def test_a_guest_who_pays_for_a_friend_is_booked_once() -> None:
    ticket = altered(ORDERS["ticket"], payment=orders.wallet(5))

    assert inconsistency(ticket) is None
    assert order_entry(ticket).wallets[5] == WalletDelta(-2500)


def test_what_is_expected_too_little_is_a_gain() -> None:
    assert ORDERS["shift_end"].cash is not None
    move: CashMove = msgspec.structs.replace(
        ORDERS["shift_end"].cash, expected_minor=49_500
    )
    lines = (orders.transit(-49_800),)
    more = altered(ORDERS["shift_end"], cash=move, lines=lines)

    assert told(RULES[OrderKind.SHIFT_END](more)) == {
        "cash_register drawer-3": 49500,
        "vault main": -49800,
        "difference drawer-3": 300,
    }


def test_card_money_without_receipt_waits_for_someone_to_ask() -> None:
    card = msgspec.structs.replace(orders.CARD, card=None)
    entry = order_entry(altered(ORDERS["sale_by_card"], payment=card))

    assert told(entry)["card_clearing unknown"] == -450


@pytest.mark.parametrize("name", ORDERS)
def test_what_does_not_add_up_is_booked_as_unclear(name: str) -> None:
    given = ORDERS[name]
    entry = order_entry(given, adds_up=False)

    paid = given.total_minor if given.payment else 0
    assert told(entry).get("revenue unclear", 0) == paid
    assert all(each.unit is Unit.MONEY for each in entry.postings)


def test_a_reversal_is_an_entry_turned_round() -> None:
    entry = order_entry(ORDERS["sale"])

    assert told(mirrored(mirrored(entry))) == told(entry)
    assert mirrored(entry).wallets == {4711: WalletDelta(1350, 2)}


def test_vouchers_balance_apart_from_money() -> None:
    account, pool = Account(Role.WALLET, "5"), Account(Role.VOUCHER_POOL, "all")
    with pytest.raises(AssertionError, match="vouchers out of balance"):
        Entry((Posting(account, 1, Unit.VOUCHER), Posting(pool, -2, Unit.VOUCHER)))
    with pytest.raises(AssertionError, match="out of balance"):
        Entry((Posting(account, 1, Unit.VOUCHER), Posting(pool, -1)))
    with pytest.raises(AssertionError, match="twice"):
        Entry((Posting(account, 1), Posting(account, -1)))


def test_every_role_is_on_the_chart_and_in_the_book() -> None:
    assert set(CHART) == set(Role)
    for role, kind in CHART.items():
        assert f"| `{role.value}` | {kind.nature.value} | {kind.key} |" in BOOK


def test_every_kind_has_a_rule_that_the_book_tells() -> None:
    assert set(RULES) == set(OrderKind)
    for kind in OrderKind:
        assert f"| `{kind.value}` |" in BOOK


@given(
    st.lists(
        st.tuples(
            st.sampled_from((orders.BEER, orders.CUP, orders.PRETZEL, orders.CHICKEN)),
            st.integers(-5, 40).filter(bool),
        ),
        max_size=9,
    ),
    st.integers(0, 20),
)
def test_deposits_and_vouchers_never_upset_the_balance(
    picked: list[tuple[samples.Product, int]], vouchers: int
) -> None:
    sale: Order = orders.sale(*picked, vouchers=vouchers)

    entry = order_entry(sale)  # asserts its balance, in money and in vouchers
    assert UNCLEAR_TAX not in {each.account.key for each in entry.postings}
    taxed = sum(e.amount_minor for e in entry.postings if e.account.role is Role.TAX)
    assert taxed == sum(tax.tax_minor for tax in sale.taxes)
    delta = entry.wallets.get(4711, WalletDelta())
    assert delta == WalletDelta(-sale.total_minor, -sale.vouchers)
