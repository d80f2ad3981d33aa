"""Items made of any order that can be read: none of them breaks the judge or the books.

Orders are drawn from all that the contract can write, sense or nonsense, and judged on
wallets that some of them name. Whatever comes of them, each entry balances, no request
takes a wallet below nothing, and a repeat hears what was said before.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.ids import new_uuid7
from contract.money import MINOR_MAX, Currency
from contract.order import (
    CardReceipt,
    CashMove,
    CashPlace,
    Credit,
    Line,
    LineRole,
    Order,
    OrderKind,
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    PlaceRole,
    WristbandChange,
    decode_order,
    encode_order,
    sum_taxes,
)
from hub.core import chain
from hub.core.baskets import Found
from hub.core.booking import Item, ResultCode, advice_item, request_item
from hub.core.content import is_beyond
from hub.core.draft import Draft
from hub.core.orders import (
    Agreed,
    Till,
    advice_flags,
    check_refusal,
    looked_into,
    recall,
    remember,
    request_refusal,
    wallet_refusal,
)
from hub.core.state import Band, LedgerState, Wallet
from tests.hub import samples
from tests.hub.service.shop import BAR, CATALOGUE, DESK, a_sale, a_top_up, by, canceling
from tests.hub.store.ledgers import posted

if TYPE_CHECKING:
    from collections.abc import Sequence

WALLETS = (1, 2, 3)
AGREED = Agreed(
    event=CATALOGUE.event,
    number=samples.EVENT.number,
    currency=Currency.EUR,
    catalogues={CATALOGUE.version: CATALOGUE},
    tills={till: Till(till, till) for till in samples.TILLS},
    token_keys=(samples.SIGNER.public,),
)
RATES = CATALOGUE.tax_rates()


def amounts() -> st.SearchStrategy[int]:
    return st.one_of(
        st.integers(-2000, 2000),
        st.sampled_from([0, MINOR_MAX, -MINOR_MAX, 10**12, 10**12 + 1]),
    )


@st.composite
def lines(draw: st.DrawFn) -> Line:
    quantity = draw(st.sampled_from([1, 2, 1, -1, 0, 99]))
    known = draw(st.sampled_from(CATALOGUE.products))
    price = draw(st.one_of(st.just(known.price_minor), st.integers(-500, 500)))
    role = draw(st.sampled_from([LineRole.ITEM, LineRole.ITEM, *LineRole]))
    return Line(
        product=draw(st.sampled_from([known.id, known.id, 0, 77])),
        name=known.name,
        quantity=quantity,
        unit_price_minor=price,
        total_minor=draw(st.sampled_from([price * quantity] * 9 + [price])),
        tax_code=draw(st.sampled_from([known.tax_code, 1, 5])),
        role=role,
        vouchers=draw(st.sampled_from([0, 0, 1, -1])),
        cancels_line=draw(st.sampled_from([None, None, None, 1, 2])),
    )


payments = st.one_of(
    st.none(),
    st.sampled_from([by(1), by(2), by(9), Payment(method=PaymentMethod.CASH)]),
    st.sampled_from(
        [
            Payment(method=PaymentMethod.CARD),
            Payment(
                method=PaymentMethod.CARD, card=CardReceipt(provider="sumup", id="1")
            ),
        ]
    ),
)
credited = st.lists(
    st.builds(
        Credit,
        wallet=st.sampled_from([1, 2, 9]),
        amount_minor=amounts(),
        vouchers=st.integers(-3, 3),
    ),
    max_size=3,
).map(tuple)
places = st.builds(
    CashPlace, role=st.sampled_from(PlaceRole), key=st.sampled_from(["bar-1", "a"])
)
moved = st.one_of(
    st.none(),
    st.builds(
        CashMove,
        source=places,
        target=places,
        amount_minor=amounts(),
        counted_minor=st.one_of(st.none(), amounts()),
        expected_minor=st.one_of(st.none(), amounts()),
        holder=st.sampled_from(["", "anna"]),
    ),
)
bands = st.one_of(
    st.none(),
    st.builds(
        WristbandChange,
        wristband=st.sampled_from([1, 2, 9]),
        successor=st.sampled_from([None, 1, 3]),
        blocked=st.sampled_from([None, True, False]),
        variant=st.sampled_from([None, 0, 18]),
    ),
)


@st.composite
def orders(draw: st.DrawFn) -> Order | None:
    """Draw an order as the contract can write it; None where it can't."""
    kind = draw(st.sampled_from([OrderKind.SALE, *OrderKind]))
    sold = tuple(draw(st.lists(lines(), max_size=3)))
    total = sum(line.total_minor for line in sold)
    values: dict[str, Any] = {
        "id": new_uuid7(),
        "event": CATALOGUE.event,
        "till": draw(st.sampled_from([BAR, DESK])),
        "sequence": 1,
        "z_number": 1,
        "attempt": draw(st.sampled_from([1, 1, 1, 2, 0])),
        "kind": kind,
        "opened_at": samples.NOW,
        "currency": Currency.EUR,
        "catalogue": CATALOGUE.version,
        "lines": sold,
        "taxes": sum_taxes(sold, RATES),
        "total_minor": draw(st.sampled_from([total] * 9 + [total + 1])),
        "payment": draw(payments),
        "credits": draw(credited),
        "wristband": draw(bands),
        "cash": draw(moved),
        "bill": draw(st.sampled_from([None, None, "0" * 27])),
        "granted_by": draw(st.sampled_from(["", "", "lead-1"])),
    }
    if kind is OrderKind.CANCELLATION:
        values["cancels"] = new_uuid7()
        values["undoes"] = draw(st.sampled_from([None, *OrderKind]))
    try:
        return decode_order(encode_order(Order(**values)))
    except (ValueError, msgspec.ValidationError):
        return None


def items_of(order: Order, path: Path, outcome: Outcome) -> list[Item]:
    """What the hub's services make of an order's request, and of its advice."""
    token = samples.credential(1)
    body = encode_order(order)
    check_refusal(order, token, AGREED)
    refusal = request_refusal(order, token, AGREED)
    reason = refusal.reason if refusal else None
    found = looked_into(order, AGREED)
    made = [request_item(order, body, reason, found)]
    if refusal is None:
        # Whatever basket comes again is booked as when it was looked into.
        remember(order, AGREED, found._replace(postings=made[0].postings))
        known = recall(order, AGREED)
        assert known is None or request_item(order, body, None, known) == made[0]
    completed = outcome is Outcome.COMPLETED
    if completed and (order.attempt == 0 or is_beyond(order)):
        return made  # such advices never come this far
    said = samples.advice(order, outcome, path, credential=token)
    charged = wallet_refusal(order, token, AGREED) if completed else None
    made.append(
        advice_item(
            said,
            order,
            body,
            refusal=charged.reason if charged else None,
            flags=advice_flags(said, order, AGREED, now=samples.NOW),
            found=looked_into(order, AGREED),
        )
    )
    return made


def a_state() -> LedgerState:
    state = LedgerState(0, chain.first_head("incarnation"), 0)
    for number in WALLETS:
        state.bands[number] = Band(number)
        state.wallets[number] = Wallet(number, balance=1000, cap=1500)
    state.guests_money.held = 3000
    return state


def book(state: LedgerState, made: Sequence[Item]) -> Draft:
    """Judge items in one batch, of which nothing is missing."""
    missing = state.missing(made)
    state.bands.update(dict.fromkeys(missing.bands))
    for account in missing.accounts:
        state.accounts[account] = 100 + len(state.accounts)
        state.holdings[state.accounts[account]] = 0
    for number in missing.orders | missing.originals:
        state.order(number)
    state.originals.update(missing.originals)
    draft = Draft(state)
    for item in made:
        draft.take(item)
    draft.close()
    return draft


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(orders(), st.sampled_from(Path), st.sampled_from(Outcome)),
        min_size=1,
        max_size=4,
    )
)
def test_no_order_breaks_the_judge_or_the_books(
    drawn: list[tuple[Order | None, Path, Outcome]],
) -> None:
    state = a_state()
    for order, path, outcome in drawn:
        if order is None:
            continue
        made = items_of(order, path, outcome)
        first = book(state, made[:1])
        if first.results()[0].code is ResultCode.BOOKED:
            assert all(wallet.balance >= 0 for wallet in state.wallets.values())
        draft = book(state, [*made, made[0]])
        told = [(each.code, each.reason) for each in draft.results()]
        assert told[0] == told[-1]
        sums = Counter[tuple[int, str]]()
        for batch in (first, draft):
            for entry, *_ in batch.records.entries.rows:
                for _, unit, amount in posted(batch.records, entry):
                    sums[entry, unit] += amount
        assert not any(sums.values())
        for wallet in state.wallets.values():
            assert wallet.balance + wallet.overdraft >= 0
            assert wallet.vouchers >= 0
            assert wallet.balance - wallet.excess <= 1500


def test_an_item_knows_what_its_order_is() -> None:
    top_up = a_top_up(1, 500)
    canceled = canceling(top_up)

    first = request_item(top_up, b"", None)
    second = request_item(canceled, b"", None)

    assert (first.kind, first.is_capped) == (OrderKind.TOP_UP, True)
    assert (second.kind, second.is_capped) == (OrderKind.TOP_UP, False)
    assert second.cancels == top_up.id
    sale = request_item(a_sale(1), b"", None, Found(frozenset({18})))
    assert (sale.kind, sale.barred) == (OrderKind.SALE, frozenset({18}))
