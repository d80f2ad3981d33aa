"""What the records of one order must say of one another; more: test_verification."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import pytest

from contract.order import encode_order
from hub.core.booking import block_item, credit_item
from hub.core.books import Books
from hub.core.ledger import Role
from hub.core.proof import OrderRecords, own_entry, prove
from tests.hub.samples import order

ORDER = UUID(int=9)
OLD, NEW = 1, 2
ACCOUNTS = [
    {"id": 11, "role": "wallet", "key": "1"},
    {"id": 12, "role": "wallet", "key": "2"},
    {"id": 21, "role": "revenue", "key": "1"},
    {"id": 22, "role": "tax", "key": "1"},
    {"id": 31, "role": "provider_clearing", "key": "test"},
]
SWAP = [{"serial": NEW, "entry": 5, "wallet": 11}]


def books(*bands: dict[str, int]) -> Books:
    return Books(ACCOUNTS, bands)


def test_a_swapped_wristband_opens_the_other_wallet_from_then_on() -> None:
    known = books(*SWAP, {"serial": NEW, "entry": 8, "wallet": 11})
    assert [known.wallet_of(NEW, entry) for entry in (4, 5, 9)] == [12, 11, 11]
    assert known.wallet_of(OLD, 9) == 11
    assert known.wallet_of(3, 9) is None


def test_what_the_hub_books_by_itself_can_be_read_again() -> None:
    credit = credit_item(ORDER, 1, 500, "online")
    entry = own_entry(credit.body)
    assert entry is not None
    assert {(each.account.role, each.amount_minor) for each in entry.postings} == {
        (Role.PROVIDER_CLEARING, -500),
        (Role.WALLET, 500),
    }
    blocked = own_entry(block_item(ORDER, 1, blocked=True).body)
    assert blocked is not None
    assert blocked.postings == ()
    assert own_entry(b"anything else") is None
    assert own_entry(b"\xff:\xff") is None


def sale(wallet: int, **changed: Any) -> OrderRecords:
    """A sale over 119 cents by the newer wristband, booked by entry 7."""
    body = encode_order(order(119, NEW, order_id=ORDER))
    asked = {
        "order_id": ORDER,
        "attempt": 1,
        "digest": hashlib.sha256(body).digest(),
        "till": "bar-1",
        "body": body,
        "reason": None,
        "batch": 3,
    }
    entry = {
        "order_id": ORDER,
        "id": 7,
        "batch": 3,
        "cause": "request",
        "attempt": 1,
        "reverses": None,
        "cancels": None,
        "accounts": [wallet, 21, 22],
        "amounts": [-119, 100, 19],
        "voucher_accounts": None,
        "voucher_amounts": None,
    }
    return OrderRecords(ORDER, attempts=[asked], entries=[{**entry, **changed}])


def test_the_wallet_in_force_is_charged() -> None:
    assert prove(sale(11), books(*SWAP)).findings == ()
    assert prove(sale(12), books()).findings == ()


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"accounts": [12, 21, 22]}, "order"),
        ({"amounts": [-119, 119, 0]}, "order"),
        ({"amounts": [-119, 100, 20]}, "entry"),
        ({"accounts": [11, 21, 99]}, "entry"),
        ({"amounts": [-119, 100, None]}, "entry"),
        ({"amounts": [-119, 119]}, "order"),
        ({"voucher_accounts": [11, 21], "voucher_amounts": [-1, 1]}, "order"),
        ({"voucher_accounts": [11], "voucher_amounts": [1]}, "entry"),
        ({"voucher_accounts": [11], "voucher_amounts": [None]}, "entry"),
        ({"voucher_accounts": [11], "voucher_amounts": None}, "entry"),
        ({"voucher_accounts": [[11, 21]], "voucher_amounts": [[1, -1]]}, "entry"),
        ({"accounts": [[11, 21, 22]], "amounts": [[-119, 100, 19]]}, "entry"),
        ({"accounts": [21, 11, 21, 22], "amounts": [-50, -119, 100, 19]}, "entry"),
        (
            {"accounts": [11, 21, 22] * 2, "amounts": [-119, 100, 19] * 2},
            "entry",
        ),
        ({"batch": 4}, "verdict"),
        ({"attempt": 2}, "verdict"),
        ({"cancels": UUID(int=1)}, "order"),
        ({"cause": "advice"}, "outcome"),
        ({"cause": "reversal", "reverses": 6}, "reversal"),
    ],
)
def test_any_change_of_an_entry_shows(changed: dict[str, Any], check: str) -> None:
    findings = prove(sale(11, **changed), books(*SWAP)).findings
    assert check in {each.check for each in findings}
    assert all(str(ORDER) in each.where for each in findings)
