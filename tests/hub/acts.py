"""Orders that sell nothing: what becomes of wristbands, and where cash goes."""

from __future__ import annotations

from contract.catalogue import TaxRate
from contract.ids import new_uuid7
from contract.money import Currency
from contract.order import (
    NO_TAX,
    CashMove,
    CashPlace,
    Credit,
    Line,
    LineRole,
    Order,
    OrderKind,
    Payment,
    PaymentMethod,
    PlaceRole,
    WristbandChange,
    inconsistency,
    plain_line,
    sum_taxes,
)
from tests.hub import samples

VAULT = CashPlace(role=PlaceRole.VAULT, key="main")
BAG = CashPlace(role=PlaceRole.BAG, key="bag-1")
BANK = CashPlace(role=PlaceRole.BANK, key="savings")
_RATES = {NO_TAX.code: TaxRate(code=NO_TAX.code, rate_bp=0, name="none")}


def register(key: str = samples.TILL) -> CashPlace:
    """A cash register; a till's own is named like it."""
    return CashPlace(role=PlaceRole.REGISTER, key=key)


def act(kind: OrderKind, *lines: Line, **fields: object) -> Order:
    """An order that adds up, as attempt 1 of the samples' first till."""
    made = Order(
        **{  # type: ignore[arg-type]
            "id": new_uuid7(),
            "event": samples.EVENT.slug,
            "till": samples.TILL,
            "sequence": 1,
            "z_number": 1,
            "attempt": 1,
            "kind": kind,
            "opened_at": samples.NOW,
            "currency": Currency.EUR,
            "catalogue": 1,
            "lines": lines,
            "taxes": () if "taxes" in fields else sum_taxes(lines, _RATES),
            "total_minor": sum(line.total_minor for line in lines),
            "cashier": "",
            **fields,
        }
    )
    assert inconsistency(made) is None, inconsistency(made)
    return made


def on_wristband(kind: OrderKind, wristband: int, **change: object) -> Order:
    """An order that changes a wristband."""
    words = WristbandChange(wristband=wristband, **change)  # type: ignore[arg-type]
    return act(kind, wristband=words)


def swap(old: int, new: int) -> Order:
    """The order that gives a guest another wristband."""
    return on_wristband(OrderKind.SWAP, old, successor=new)


def cash(kind: OrderKind, move: CashMove, **fields: object) -> Order:
    """An order that moves cash by the register of the samples' first till."""
    own = register(str(fields.get("register", samples.TILL)))
    transit = move.amount_minor * ((move.target == own) - (move.source == own))
    lines = [plain_line(LineRole.TRANSIT, transit, "Cash")] if transit else []
    if move.difference_minor:
        text = "Difference"
        lines.append(plain_line(LineRole.DIFFERENCE, move.difference_minor, text))
    payment = Payment(method=PaymentMethod.CASH) if lines else None
    return act(kind, *lines, payment=payment, cash=move, **fields)


def shift_start(amount_minor: int, holder: str, **fields: object) -> Order:
    """The order that hands a register out with its stocking."""
    move = CashMove(
        source=VAULT, target=register(), amount_minor=amount_minor, holder=holder
    )
    return cash(OrderKind.SHIFT_START, move, **fields)


def shift_end(counted: int, expected: int, holder: str, **fields: object) -> Order:
    """The order that counts a register and empties it."""
    move = CashMove(
        source=register(),
        target=VAULT,
        amount_minor=counted,
        counted_minor=counted,
        expected_minor=expected,
        holder=holder,
    )
    return cash(OrderKind.SHIFT_END, move, **fields)


def top_up(wallet: int, amount_minor: int, **fields: object) -> Order:
    """The order that puts cash on a wristband."""
    return act(
        OrderKind.TOP_UP,
        plain_line(LineRole.CREDIT, amount_minor, "Top-up"),
        payment=Payment(method=PaymentMethod.CASH),
        credits=(Credit(wallet=wallet, amount_minor=amount_minor),),
        **fields,
    )


def payout(wallet: int, amount_minor: int, **fields: object) -> Order:
    """The order that gives a guest cash."""
    return act(
        OrderKind.PAYOUT,
        plain_line(LineRole.CREDIT, -amount_minor, "Payout"),
        payment=Payment(method=PaymentMethod.CASH),
        credits=(Credit(wallet=wallet, amount_minor=-amount_minor),),
        **fields,
    )
