"""The business cases of an order, as DSFinV-K 2.4 annex C tells them from each other.

An order's own lines are told as they are; money on wristbands has a line for each
wristband. Amounts are gross, in minor units, and split into net and tax so that lines
and sums per tax code agree (largest remainder).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contract.acts import BookingModel, OrderKind, PaymentMethod
from contract.lines import (
    BASIS_POINTS,
    NO_PRODUCT,
    NO_TAX,
    Line,
    LineRole,
    TaxSum,
    tax_sum,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contract.attempt import Order

# Free texts of the export and of the books are for a German tax office (section 87 AO).
STORED_VALUE = "Guthaben"
PRESALE = "Vorverkauf"


class BusinessCase(enum.Enum):
    """GV_TYP: what a line is for the books (DSFinV-K 2.4 annex C)."""

    TURNOVER = "Umsatz"
    DEPOSIT = "Pfand"
    DEPOSIT_BACK = "PfandRueckzahlung"
    DISCOUNT = "Rabatt"
    SURCHARGE = "Aufschlag"
    GRANT = "ZuschussEcht"
    TIP_HOUSE = "TrinkgeldAG"
    TIP_STAFF = "TrinkgeldAN"
    VOUCHER_BOUGHT = "MehrzweckgutscheinKauf"
    VOUCHER_REDEEMED = "MehrzweckgutscheinEinloesung"
    CLAIM_SETTLED = "Forderungsaufloesung"
    CASH_TRANSIT = "Geldtransit"
    CASH_DIFFERENCE = "DifferenzSollIst"


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalLine:
    """One business case of an order; `number` counts from 1 (POS_ZEILE).

    `voucher_number` is the serial of the wristband whose money it is, `source_line`
    the order's own line that it tells of: None where the payment itself made it.
    """

    number: int
    case: BusinessCase
    name: str = ""
    """GV_NAME: what tells lines of one business case apart, at most 40 characters."""
    voucher_number: str = ""
    text: str
    product: int = NO_PRODUCT
    quantity: int
    unit_price_minor: int
    tax_code: int
    rate_bp: int
    gross_minor: int
    net_minor: int
    tax_minor: int
    source_line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A line before its tax is known."""

    case: BusinessCase
    text: str
    quantity: int
    unit_price_minor: int
    gross_minor: int
    tax_code: int = NO_TAX.code
    name: str = ""
    voucher_number: str = ""
    product: int = NO_PRODUCT
    source_line: int | None = None


def fiscal_lines(order: Order) -> tuple[FiscalLine, ...]:
    """Tell an order as business cases, by its own booking model.

    What moves no money has none. A cancellation has those of the order undone, turned.
    """
    cases = [*_own_cases(order), *_stored_value_cases(order)]
    rates = {tax.code: tax.rate_bp for tax in order.taxes}
    nets = _nets(cases, rates)
    return tuple(
        FiscalLine(
            number=number,
            case=each.case,
            name=each.name,
            voucher_number=each.voucher_number,
            text=each.text,
            product=each.product,
            quantity=each.quantity,
            unit_price_minor=each.unit_price_minor,
            tax_code=each.tax_code,
            rate_bp=rates.get(each.tax_code, NO_TAX.rate_bp),
            gross_minor=each.gross_minor,
            net_minor=net,
            tax_minor=each.gross_minor - net,
            source_line=each.source_line,
        )
        for number, (each, net) in enumerate(zip(cases, nets, strict=True), start=1)
    )


def fiscal_taxes(lines: Iterable[FiscalLine]) -> tuple[TaxSum, ...]:
    """Add business cases up per tax code, in the order of the codes."""
    sums: dict[tuple[int, int], list[int]] = {}
    for each in lines:
        found = sums.setdefault((each.tax_code, each.rate_bp), [0, 0, 0])
        found[0] += each.gross_minor
        found[1] += each.net_minor
        found[2] += each.tax_minor
    return tuple(
        TaxSum(
            code=code,
            rate_bp=rate_bp,
            gross_minor=gross,
            net_minor=net,
            tax_minor=tax,
        )
        for (code, rate_bp), (gross, net, tax) in sorted(sums.items())
    )


def stored_value_minor(order: Order) -> int:
    """Say what the payment by a wristband puts among the lines, not taxable (key 5).

    By the booking model "voucher" whatever a wristband pays is redeemed. What a
    wristband gains by a sale, say for cups given back, is bought by either model: it
    can be spent like any other money on it, and no guest pays less than nothing.
    """
    payment = order.payment
    if payment is None or payment.method is not PaymentMethod.WALLET:
        return 0
    if order.booking_model is BookingModel.VOUCHER or is_gained(order):
        return -order.total_minor
    return 0


def is_gained(order: Order) -> bool:
    """Whether the order (or the one it undoes) gave money to who should have paid."""
    return (order.total_minor < 0) is not (order.kind is OrderKind.CANCELLATION)


_SALES: Final[Mapping[LineRole, tuple[BusinessCase, str]]] = {
    LineRole.ITEM: (BusinessCase.TURNOVER, ""),
    LineRole.VOUCHER: (BusinessCase.DISCOUNT, "Gutschein"),
    LineRole.DISCOUNT: (BusinessCase.DISCOUNT, "Freikarte"),
    LineRole.DONATION: (BusinessCase.GRANT, "Spende"),
    LineRole.TIP_STAFF: (BusinessCase.TIP_STAFF, ""),
    LineRole.TIP_HOUSE: (BusinessCase.TIP_HOUSE, ""),
    LineRole.CREDIT: (BusinessCase.VOUCHER_BOUGHT, ""),
    LineRole.BILL: (BusinessCase.CLAIM_SETTLED, ""),
    LineRole.TRANSIT: (BusinessCase.CASH_TRANSIT, ""),
    LineRole.DIFFERENCE: (BusinessCase.CASH_DIFFERENCE, ""),
}


def _own_cases(order: Order) -> list[_Case]:
    """Tell the order's lines; those of credit as many as there are wristbands."""
    sign = -1 if order.kind is OrderKind.CANCELLATION else 1
    by_wallet = _credit_cases(order)
    cases: list[_Case] = []
    for number, line in enumerate(order.lines, start=1):
        if line.role is LineRole.CREDIT and by_wallet is not None:
            cases += by_wallet
            by_wallet = []  # all of them stand where the first line of credit does
            continue
        case, name = _case_of(line, sign)
        if order.presale and line.role is LineRole.DISCOUNT:
            name = PRESALE
        cases.append(
            _Case(
                case=case,
                name=name,
                text=line.name,
                product=line.product,
                quantity=line.quantity,
                unit_price_minor=line.unit_price_minor,
                gross_minor=line.total_minor,
                tax_code=line.tax_code,
                source_line=number,
            )
        )
    return cases


def _case_of(line: Line, sign: int) -> tuple[BusinessCase, str]:
    if line.role is LineRole.DEPOSIT:
        is_asked = line.quantity * sign > 0
        return (BusinessCase.DEPOSIT if is_asked else BusinessCase.DEPOSIT_BACK), ""
    if line.role is LineRole.ROUNDING:
        is_more = line.total_minor * sign > 0
        return (BusinessCase.SURCHARGE if is_more else BusinessCase.DISCOUNT), "Rundung"
    return _SALES[line.role]


def _credit_cases(order: Order) -> list[_Case] | None:
    """Tell what each wristband gains; None where the lines say something else."""
    numbers = [
        number
        for number, line in enumerate(order.lines, start=1)
        if line.role is LineRole.CREDIT
    ]
    given = [each for each in order.credits if each.amount_minor]
    said = sum(order.lines[number - 1].total_minor for number in numbers)
    if not numbers or sum(each.amount_minor for each in given) != said:
        return None
    return [
        _money_case(
            BusinessCase.VOUCHER_BOUGHT,
            order.lines[numbers[0] - 1].name,
            each.amount_minor,
            each.wallet,
            source_line=numbers[0],
        )
        for each in given
    ]


def _stored_value_cases(order: Order) -> tuple[_Case, ...]:
    amount = stored_value_minor(order)
    if not amount or order.payment is None or order.payment.wallet is None:
        return ()
    case = (
        BusinessCase.VOUCHER_BOUGHT
        if is_gained(order)
        else BusinessCase.VOUCHER_REDEEMED
    )
    return (_money_case(case, STORED_VALUE, amount, order.payment.wallet),)


def _money_case(
    case: BusinessCase,
    text: str,
    amount_minor: int,
    wallet: int,
    *,
    source_line: int | None = None,
) -> _Case:
    return _Case(
        case=case,
        voucher_number=str(wallet),
        text=text,
        quantity=-1 if amount_minor < 0 else 1,
        unit_price_minor=abs(amount_minor),
        gross_minor=amount_minor,
        source_line=source_line,
    )


def _nets(cases: Sequence[_Case], rates: Mapping[int, int]) -> list[int]:
    """Split each line so that the nets of a tax code add up to that of its sum."""
    nets = [0] * len(cases)
    by_code: dict[int, list[int]] = {}
    for index, each in enumerate(cases):
        by_code.setdefault(each.tax_code, []).append(index)
    for code, indexes in by_code.items():
        rate_bp = rates.get(code, NO_TAX.rate_bp)
        whole = BASIS_POINTS + rate_bp
        remainders: list[tuple[int, int]] = []
        for index in indexes:
            nets[index], left = divmod(cases[index].gross_minor * BASIS_POINTS, whole)
            remainders.append((-left, index))
        gross = sum(cases[index].gross_minor for index in indexes)
        missing = tax_sum(code, rate_bp, gross).net_minor - sum(
            nets[index] for index in indexes
        )
        assert 0 <= missing <= len(indexes), "floors are less than one off each"
        for _, index in sorted(remainders)[:missing]:
            nets[index] += 1
    return nets
