from __future__ import annotations

from datetime import UTC, date, datetime

from contract.bill_reference import make_reference
from contract.money import Currency
from hub.core.bills.bill import Bill, Line, LineKind, Movement, MovementKind, Payer
from hub.core.bills.credits import Credit, Direction

REFERENCE = make_reference(123456789012345678901)
OTHER_REFERENCE = make_reference(987654321098765432109)
MAY = datetime(2026, 5, 1, 12, tzinfo=UTC)
PIA = Payer(
    name="Pia Muster",
    street="Marktgasse",
    house_number="28",
    postal_code="9400",
    town="Rorschach",
    country="CH",
    email="pia@example.org",
)


def fee(minor: int, team: str = "team-1", label: str = "Red Foxes") -> Line:
    return Line(kind=LineKind.START_FEE, label=label, amount_minor=minor, team=team)


def top_up(minor: int, wallet: int = 5) -> Line:
    return Line(kind=LineKind.TOP_UP, label="Top-up", amount_minor=minor, wallet=wallet)


def bill(*lines: Line, **changed: object) -> Bill:
    given: dict[str, object] = {
        "reference": REFERENCE,
        "event": "sola-2026",
        "currency": Currency.CHF,
        "payer": PIA,
        "lines": lines or (fee(4500),),
        "created_at": MAY,
    }
    return Bill(**(given | changed))  # type: ignore[arg-type]


def paid(minor: int) -> Movement:
    return Movement(MovementKind.PAYMENT, minor)


def refunded(minor: int) -> Movement:
    return Movement(MovementKind.REFUND, minor)


def charged_back(minor: int) -> Movement:
    return Movement(MovementKind.CHARGEBACK, minor)


def credit(**changed: object) -> Credit:
    given: dict[str, object] = {
        "account": "CH4431999123000889012",
        "entry": 1,
        "direction": Direction.CREDIT,
        "amount_minor": 4500,
        "currency": "CHF",
        "value_on": date(2026, 5, 4),
    }
    return Credit(**(given | changed))  # type: ignore[arg-type]
