from __future__ import annotations

import pytest

from contract.ids import WristbandUid
from contract.order import OrderKind, undone
from contract.staff import (
    RIGHTS,
    Right,
    StaffRole,
    rights_for,
    rights_of,
    staff_hash,
)
from tests.contract.orders import ORDERS

SELLER = StaffRole(name="seller", rights=(Right.LOG_IN, Right.SELL))
FINANCE = StaffRole(name="finance", rights=(Right.LOG_IN, Right.MOVE_CASH))


def test_every_kind_asks_for_a_right() -> None:
    assert set(RIGHTS) == set(OrderKind) - {OrderKind.CANCELLATION}


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("sale", Right.SELL),
        ("ticket", Right.SELL_TICKETS),
        ("free_ticket", Right.GRANT_TICKETS),
        ("grant", Right.GRANT_VOUCHERS),
        ("shift_end", Right.CLOSE_SHIFTS),
    ],
)
def test_an_order_needs_the_right_of_what_it_does(name: str, right: Right) -> None:
    assert rights_for(ORDERS[name], own_till=True) == {right}


def test_who_cancels_at_another_till_needs_more() -> None:
    back = undone(ORDERS["sale"])
    assert rights_for(back, own_till=True) == {Right.CANCEL_OWN, Right.CANCEL_ANY}
    assert rights_for(back, own_till=False) == {Right.CANCEL_ANY}


def test_roles_add_up() -> None:
    both = rights_of((SELLER, FINANCE), ("seller", "finance"))
    assert both == {Right.LOG_IN, Right.SELL, Right.MOVE_CASH}
    assert rights_of((SELLER, FINANCE), ("cook",)) == frozenset()


def test_the_staff_list_knows_wristbands_by_keyed_hash() -> None:
    # HMAC-SHA-256 by the openssl command line.
    uid = WristbandUid.parse("04a1b2c3d4e5f6")
    assert staff_hash(b"key", uid) == HASH
    assert staff_hash(b"other", uid) != HASH


HASH = "4041426ab85a772a5c0bf580fbb7b3e8aba88797391eb6bbe8f1e7028b8f670f"
