"""Baskets that recur are looked into once, and never taken for others."""

from __future__ import annotations

import msgspec
import pytest

from contract.acts import PaymentMethod
from contract.attempt import Order
from contract.order import OrderKind, Payment, make_line, voucher_lines
from hub.core import baskets
from hub.core.baskets import Baskets, Found, plain_basket
from hub.core.booking import request_item
from hub.core.orders import recall, remember, request_refusal
from tests.hub.core.test_booking import AGREED
from tests.hub.service.shop import CATALOGUE, a_sale

# Which parts of an order say nothing of what its basket posts, are in the basket's
# name, or must be empty. A new part of an order must be put in one of the three.
OF_NO_MATTER = {
    "version", "id", "event", "till", "sequence", "z_number", "attempt", "opened_at",
    "currency", "catalogue", "cashier", "register",
}  # fmt: skip
IN_THE_NAME = {"lines", "taxes", "total_minor", "booking_model"}
MUST_BE_PLAIN = {
    "kind", "payment", "cancels", "undoes", "credits", "wristband", "cash", "bill",
    "granted_by", "presale", "training",
}  # fmt: skip

FIRST, SECOND = CATALOGUE.products[:2]


def a_basket(wallet: int, quantity: int = 1) -> Order:
    return a_sale(wallet, make_line(FIRST, quantity), make_line(SECOND, 1))


def test_every_part_of_an_order_was_thought_of() -> None:
    names = {field.name for field in msgspec.structs.fields(Order)}
    assert names == OF_NO_MATTER | IN_THE_NAME | MUST_BE_PLAIN


def test_a_basket_that_was_sound_is_booked_as_if_it_was_looked_into() -> None:
    first, second = a_basket(1), a_basket(2)
    fresh = request_item(first, b"first", None)
    remember(first, AGREED, Found(postings=fresh.postings))
    known = recall(second, AGREED)
    assert known is not None
    again = request_item(second, b"second", None, known)
    looked_into = request_item(second, b"second", None)
    assert again == looked_into
    assert request_refusal(second, None, AGREED, known) == request_refusal(
        second, None, AGREED
    )


def test_another_total_or_line_is_another_basket() -> None:
    sale = a_basket(1)
    assert plain_basket(sale) == plain_basket(a_basket(2))
    assert plain_basket(sale) != plain_basket(a_basket(1, quantity=2))
    dearer = msgspec.structs.replace(sale, total_minor=sale.total_minor + 1)
    assert plain_basket(sale) != plain_basket(dearer)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": OrderKind.GRANT},
        {"payment": Payment(method=PaymentMethod.CASH)},
        {"granted_by": "s1"},
        {"presale": ("0" * 64,)},
        {"bill": "0" * 27},
        {"training": True},
    ],
    ids=lambda each: next(iter(each)),
)
def test_what_is_more_than_a_plain_sale_is_never_remembered(
    changed: dict[str, object],
) -> None:
    sale = a_basket(1)
    assert plain_basket(sale) is not None
    assert plain_basket(msgspec.structs.replace(sale, **changed)) is None


def test_vouchers_leave_the_wallet_however_often_the_same_is_sold() -> None:
    beers = make_line(FIRST, 2)
    products = {each.id: each for each in CATALOGUE.products}
    first, second = (
        a_sale(wallet, beers, *voucher_lines((beers,), products, 1))
        for wallet in (1, 2)
    )
    fresh = request_item(first, b"first", None)
    remember(first, AGREED, Found(postings=fresh.postings))
    known = recall(second, AGREED) or Found()
    (move,) = request_item(second, b"second", None, known).moves
    assert (move.serial, move.minor, move.vouchers) == (2, -450, -1)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baskets, "REMEMBERED_MAX", 2)
    memory = Baskets()
    for number in range(5):
        memory.remember((number,), Found())
    assert memory.recall((4,)) is not None
    assert memory.recall((1,)) is None
    assert memory.recall(None) is None
