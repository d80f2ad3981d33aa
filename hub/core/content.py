"""What an order holds, compared with the catalogue version that it was priced by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from contract.catalogue import ProductKind
from contract.facts import Facts
from contract.lines import ROLES
from contract.messages import DeclineReason
from contract.money import Money, cash_rounding, plain_amount
from contract.order import (
    NO_PRODUCT,
    NO_TAX,
    LineRole,
    OrderKind,
    PaymentMethod,
    inconsistency,
    voucher_lines,
)
from hub.core.baskets import Baskets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from contract.catalogue import Catalogue, Product, Ticket
    from contract.order import Line, Order

# Ten billion: more than all events of a country take in a year, and so little that
# the sums of millions of such orders still fit into PostgreSQL's bigint.
AMOUNT_MINOR_MAX = 10**12
NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order can't be booked: the reason, what exactly is wrong, and what is so.

    `facts` are those found without a look at any wallet.
    """

    reason: DeclineReason
    detail: str
    facts: Facts = NO_FACTS


@dataclass(frozen=True, slots=True)
class Prices:
    """A catalogue as orders are compared with it, for one is looked up per line."""

    products: Mapping[int, Product]
    fixed: Mapping[int, tuple[int, int]]
    """Price in minor units and tax code of goods at a fixed price: nearly all."""
    rates: Mapping[int, int]
    """Basis points by tax code."""
    restricted: Mapping[int, frozenset[int]]
    """Which variants of wristbands may not buy a product, where some may not."""
    tickets: Mapping[int, tuple[Ticket, ...]]
    """Tickets by their product."""
    baskets: Baskets = field(default_factory=Baskets, compare=False, repr=False)
    """What was sold by it before."""

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Index a catalogue."""
        tickets: dict[int, tuple[Ticket, ...]] = {}
        for each in catalogue.tickets:
            tickets[each.product] = (*tickets.get(each.product, ()), each)
        return cls(
            {each.id: each for each in catalogue.products},
            {
                each.id: (each.price_minor, each.tax_code)
                for each in catalogue.products
                if each.kind is ProductKind.GOODS and not each.free_price
            },
            {NO_TAX.code: NO_TAX.rate_bp}
            | {each.code: each.rate_bp for each in catalogue.taxes},
            {
                each.id: frozenset(each.restricted_variants)
                for each in catalogue.products
                if each.restricted_variants
            },
            tickets,
        )


def content_refusal(order: Order, prices: Prices | None) -> Refusal | None:
    """Find what is wrong with an order itself; `prices` are its catalogue version's."""
    if is_beyond(order):
        return Refusal(
            DeclineReason.AMOUNT_TOO_LARGE,
            f"No order of more than {plain_amount(AMOUNT_MINOR_MAX)} is taken. "
            "Enter it again.",
        )
    wrong = inconsistency(order) or _coins_fault(order)
    if wrong is not None:
        return _inconsistent(wrong)
    if prices is None:
        return Refusal(
            DeclineReason.UNKNOWN_PRODUCT,
            f"Version {order.catalogue} of the catalogue is not known to the hub. "
            "Let the till fetch the catalogue again.",
        )
    checks = (_rates_refusal,) if _is_plain(order, prices) else _CHECKS
    for check in checks:
        refusal = check(order, prices)
        if refusal is not None:
            return refusal
    return None


def is_beyond(order: Order) -> bool:
    """Whether an order names an amount that no ledger should be asked to hold."""
    amounts = [line.total_minor for line in order.lines]
    amounts.append(order.total_minor)
    if order.credits:
        amounts += [each.amount_minor for each in order.credits]
    if order.cash is not None:
        move = order.cash
        amounts += [
            move.amount_minor,
            move.counted_minor or 0,
            move.expected_minor or 0,
        ]
    return max(amounts) > AMOUNT_MINOR_MAX or min(amounts) < -AMOUNT_MINOR_MAX


def barred_variants(order: Order, prices: Prices | None) -> frozenset[int]:
    """Collect the variants of wristbands that may not buy everything in an order."""
    if prices is None or not prices.restricted or order.kind is not OrderKind.SALE:
        return frozenset()
    return frozenset().union(
        *(
            prices.restricted.get(line.product, ())
            for line in order.lines
            if line.quantity > 0
        )
    )


def restricted_products(order: Order, prices: Prices, variant: int) -> tuple[int, ...]:
    """List the products of an order that wristbands of a variant may not buy."""
    found = {
        line.product: None
        for line in order.lines
        if line.quantity > 0 and variant in prices.restricted.get(line.product, ())
    }
    return tuple(found)


def named(products: Iterable[int], prices: Prices) -> str:
    """Name products for people."""
    return ", ".join(prices.products[each].name for each in products)


def _coins_fault(order: Order) -> str | None:
    payment = order.payment
    if payment is None or payment.method is not PaymentMethod.CASH:
        return None
    if cash_rounding(order.total).minor:
        return "its total can't be paid in coins"
    return None


# --- lines ---------------------------------------------------------------------------


def _is_plain(order: Order, prices: Prices) -> bool:
    """Whether an order just sells goods at fixed prices, as nearly all do."""
    if order.kind is not OrderKind.SALE or not order.lines:
        return False
    fixed = prices.fixed
    for line in order.lines:
        if (
            line.role is not LineRole.ITEM
            or line.quantity <= 0
            or fixed.get(line.product) != (line.unit_price_minor, line.tax_code)
        ):
            return False
    return True


def _lines_refusal(order: Order, prices: Prices) -> Refusal | None:
    sign = -1 if order.kind is OrderKind.CANCELLATION else 1
    if not order.lines and order.acts_as is OrderKind.SALE:
        return _inconsistent("it sells nothing")
    for line in order.lines:
        refusal = _line_refusal(line, sign, order, prices)
        if refusal is not None:
            return refusal
    return None


_BY_PRODUCT = frozenset(
    {LineRole.ITEM, LineRole.DEPOSIT, LineRole.TIP_STAFF, LineRole.TIP_HOUSE}
)


def _line_refusal(
    line: Line, sign: int, order: Order, prices: Prices
) -> Refusal | None:
    is_product = line.product != NO_PRODUCT
    if not is_product and line.role not in _BY_PRODUCT:
        return None
    product = prices.products.get(line.product)
    if product is None:
        return Refusal(
            DeclineReason.UNKNOWN_PRODUCT,
            f"Product {line.product} ({line.name}) is not in catalogue "
            f"{order.catalogue}. Take it out of the basket.",
        )
    if line.quantity * sign < 0 and not product.returnable:
        return Refusal(
            DeclineReason.NOT_RETURNABLE,
            f"{product.name} can't be given back: it is no deposit. "
            "Take the negative line out of the basket.",
        )
    if line.role is not ROLES[product.kind]:
        return _inconsistent(f"{product.name} is no {line.role.value}")
    price = line.unit_price_minor
    is_priced = price >= 0 if product.free_price else price == product.price_minor
    if not is_priced or line.tax_code != product.tax_code:
        return Refusal(
            DeclineReason.WRONG_PRICE,
            f"{product.name} has another price or tax in catalogue "
            f"{order.catalogue}. Enter it again.",
        )
    return None


def _rates_refusal(order: Order, prices: Prices) -> Refusal | None:
    for tax in order.taxes:
        if prices.rates.get(tax.code) != tax.rate_bp:
            return Refusal(
                DeclineReason.WRONG_PRICE,
                f"Tax code {tax.code} has another rate in catalogue "
                f"{order.catalogue}. Enter the order again.",
            )
    return None


# --- what is taken off ---------------------------------------------------------------


def _vouchers_refusal(order: Order, prices: Prices) -> Refusal | None:
    """A voucher pays a unit whole, where it saves most; fewer may be used."""
    given = [
        (line.tax_code, line.total_minor, line.vouchers)
        for line in order.lines
        if line.role is LineRole.VOUCHER
    ]
    # Those of a cancellation are compared with the order undone.
    if not given or order.kind is OrderKind.CANCELLATION:
        return None
    due = [
        (line.tax_code, line.total_minor, line.vouchers)
        for line in voucher_lines(order.lines, prices.products, order.vouchers)
    ]
    if sorted(given) == sorted(due):
        return None
    return Refusal(
        DeclineReason.WRONG_PRICE,
        f"The {order.vouchers} vouchers do not save that on these products. "
        "Charge the order again.",
    )


def _discounts_refusal(order: Order, _prices: Prices) -> Refusal | None:
    sold: dict[int, int] = {}
    for line in order.lines:
        if line.role in {LineRole.ITEM, LineRole.DISCOUNT}:
            sold[line.tax_code] = sold.get(line.tax_code, 0) + line.total_minor
    sign = -1 if order.kind is OrderKind.CANCELLATION else 1
    if all(left * sign >= 0 for left in sold.values()):
        return None
    return Refusal(
        DeclineReason.WRONG_PRICE,
        "More is taken off than the order costs. Enter it again.",
    )


# --- tickets -------------------------------------------------------------------------


def _tickets_refusal(order: Order, prices: Prices) -> Refusal | None:
    """Each guest has a ticket, and on the wristband at least what comes with it."""
    if order.kind is not OrderKind.TICKET:
        return None
    items = [line for line in order.lines if line.role is LineRole.ITEM]
    for line in items:
        if line.product not in prices.tickets:
            return Refusal(
                DeclineReason.UNKNOWN_PRODUCT,
                f"{line.name} is no ticket. Sell it apart from the tickets.",
            )
    if sum(line.quantity for line in items) != len(order.credits):
        return _inconsistent("it has not one ticket for each wristband")
    options = [prices.tickets[line.product] for line in items]
    if any(len(each) > 1 for each in options):
        return None  # which one it is says the wristband's variant
    tickets = [
        each[0]
        for each, line in zip(options, items, strict=True)
        for _ in range(line.quantity)
    ]
    due = sorted((each.vouchers, each.top_up_minor) for each in tickets)
    held = sorted((each.vouchers, each.amount_minor) for each in order.credits)
    for (vouchers, top_up), (has_vouchers, has) in zip(due, held, strict=True):
        if vouchers != has_vouchers or has < top_up:
            return Refusal(
                DeclineReason.WRONG_PRICE,
                "The wristbands do not get what comes with their tickets. "
                "Enter the tickets again.",
            )
    return None


def minimum_refusal(order: Order, minimum: Money) -> Refusal | None:
    """Refuse a top-up that is too small; says the smallest that is taken."""
    if order.kind is not OrderKind.TOP_UP:
        return None
    if all(each.amount_minor >= minimum.minor for each in order.credits):
        return None
    return Refusal(
        DeclineReason.BELOW_MINIMUM,
        f"The least that can be topped up is {minimum}. Enter a higher amount.",
        Facts(suggested=minimum),
    )


def _inconsistent(wrong: str) -> Refusal:
    return Refusal(
        DeclineReason.INCONSISTENT_ORDER,
        f"The order does not add up: {wrong}. Abort it and enter it again.",
    )


_CHECKS: tuple[Callable[[Order, Prices], Refusal | None], ...] = (
    _lines_refusal,
    _rates_refusal,
    _vouchers_refusal,
    _discounts_refusal,
    _tickets_refusal,
)
