"""Which parts an order of each kind has, as data that `inconsistency` reads."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contract.acts import OrderKind, PaymentMethod
from contract.lines import LineRole

if TYPE_CHECKING:
    from collections.abc import Mapping


class Need(enum.Enum):
    """Whether a kind of order has a part."""

    NEVER = "never"
    MAY = "may"
    MUST = "must"


class Sign(enum.Enum):
    """Which way an order's money goes at the till."""

    ANY = "any"
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What an order of one kind is made of.

    `methods`: how it may be paid; with none it has no total, or cash moves by it.
    `credits`: wallets that gain or give beside the payment; `one` is just one of them.
    `presale`: whether what it sells may have been paid beforehand.
    """

    roles: frozenset[LineRole] = frozenset()
    methods: frozenset[PaymentMethod] = frozenset()
    sign: Sign = Sign.ANY
    credits: Need = Need.NEVER
    one: bool = False
    cash: bool = False
    wristband: bool = False
    bill: bool = False
    granted_by: Need = Need.NEVER
    presale: bool = False
    cancelable: bool = True


_MONEY_IN: Final = frozenset({PaymentMethod.CASH, PaymentMethod.CARD})
_CASH_ONLY: Final = frozenset({PaymentMethod.CASH})
_SOLD: Final = frozenset(
    {
        LineRole.ITEM,
        LineRole.DEPOSIT,
        LineRole.VOUCHER,
        LineRole.ROUNDING,
        LineRole.DONATION,
        LineRole.TIP_STAFF,
        LineRole.TIP_HOUSE,
    }
)
_CREDITED: Final = frozenset({LineRole.CREDIT, LineRole.ROUNDING, LineRole.DONATION})
_ENTRY: Final = frozenset(
    {LineRole.ITEM, LineRole.DISCOUNT, LineRole.CREDIT, LineRole.ROUNDING}
)
_BILLED: Final = frozenset({LineRole.BILL, LineRole.ROUNDING})
_MOVED: Final = frozenset({LineRole.TRANSIT})
_COUNTED: Final = frozenset({LineRole.TRANSIT, LineRole.DIFFERENCE})

FORMS: Final[Mapping[OrderKind, Form]] = {
    OrderKind.SALE: Form(roles=_SOLD, methods=frozenset(PaymentMethod)),
    OrderKind.TOP_UP: Form(
        roles=_CREDITED, methods=_MONEY_IN, sign=Sign.IN, credits=Need.MUST, one=True
    ),
    OrderKind.PAYOUT: Form(
        roles=_CREDITED, methods=_CASH_ONLY, sign=Sign.OUT, credits=Need.MUST, one=True
    ),
    OrderKind.TICKET: Form(
        roles=_ENTRY,
        methods=frozenset(PaymentMethod),
        sign=Sign.IN,
        credits=Need.MUST,
        granted_by=Need.MAY,
        presale=True,
    ),
    OrderKind.GRANT: Form(credits=Need.MUST, granted_by=Need.MUST),
    OrderKind.BILL_PAYMENT: Form(
        roles=_BILLED, methods=_MONEY_IN, sign=Sign.IN, bill=True
    ),
    # What is done to a wristband is undone by doing the opposite to it.
    OrderKind.REGISTER: Form(wristband=True, cancelable=False),
    OrderKind.SWAP: Form(wristband=True, cancelable=False),
    OrderKind.BLOCK: Form(wristband=True, cancelable=False),
    OrderKind.ANNOTATE: Form(wristband=True, cancelable=False),
    OrderKind.SHIFT_START: Form(
        roles=_MOVED, methods=_CASH_ONLY, sign=Sign.IN, cash=True
    ),
    OrderKind.CASH_MOVEMENT: Form(roles=_MOVED, methods=_CASH_ONLY, cash=True),
    OrderKind.CASH_TRANSFER: Form(roles=_MOVED, methods=_CASH_ONLY, cash=True),
    # A shift that was closed stays closed; what was counted wrong is moved again.
    OrderKind.SHIFT_END: Form(
        roles=_COUNTED, methods=_CASH_ONLY, cash=True, cancelable=False
    ),
}
"""A cancellation has the form of the kind it undoes, with every sign turned."""
