"""One order of each kind that is as it should be, for golden files and other tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from contract.catalogue import (
    Button,
    ButtonPart,
    Catalogue,
    Product,
    ProductGroup,
    ProductKind,
    TaxRate,
    Ticket,
)
from contract.money import Currency, Money
from contract.order import (
    CardReceipt,
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
    discount_lines,
    make_line,
    plain_line,
    rounding_lines,
    sum_taxes,
    voucher_lines,
)
from tests.contract.samples import AT, EVENT, TILL

BEER = Product(
    id=1,
    name="Beer 0.5",
    label="Beer",
    price_minor=450,
    tax_code=1,
    group=1,
    price_in_vouchers=1,
    restricted_variants=(1,),
)
CUP = Product(
    id=2,
    name="Cup",
    label="Cup",
    price_minor=200,
    tax_code=1,
    group=1,
    kind=ProductKind.DEPOSIT,
)
PRETZEL = Product(
    id=3,
    name="Pretzel",
    label="Pretzel",
    price_minor=300,
    tax_code=2,
    group=2,
    price_in_vouchers=1,
)
RAFFLE = Product(
    id=4,
    name="Whatever it costs",
    label="Free",
    price_minor=0,
    tax_code=1,
    group=2,
    free_price=True,
)
GIFT = Product(
    id=5,
    name="For the lifeguards",
    label="Donate",
    price_minor=100,
    tax_code=5,
    group=2,
    kind=ProductKind.DONATION,
    free_price=True,
)
TIP = Product(
    id=8,
    name="Tip for the crew",
    label="Tip",
    price_minor=100,
    tax_code=5,
    group=2,
    kind=ProductKind.TIP_STAFF,
    free_price=True,
)
SERVICE = Product(
    id=9,
    name="Service",
    label="Service",
    price_minor=100,
    tax_code=1,
    group=2,
    kind=ProductKind.TIP_HOUSE,
    free_price=True,
)
ENTRY = Product(
    id=6, name="Entry", label="Entry", price_minor=1_000, tax_code=2, group=2
)
CHICKEN = Product(
    id=7,
    name="Half a chicken",
    label="Chicken",
    price_minor=820,
    tax_code=2,
    group=2,
    price_in_vouchers=2,
)

FESTIVAL = Catalogue(
    event=EVENT,
    version=4,
    currency=Currency.EUR,
    taxes=(
        TaxRate(code=1, rate_bp=1900, name="general"),
        TaxRate(code=2, rate_bp=700, name="reduced"),
        TaxRate(code=5, rate_bp=0, name="none"),
    ),
    groups=(
        ProductGroup(id=1, name="Drinks", color="#d99a1c"),
        ProductGroup(id=2, name="Other", color="#3f8f4f"),
    ),
    products=(BEER, CUP, PRETZEL, RAFFLE, GIFT, ENTRY, CHICKEN, TIP, SERVICE),
    buttons=(
        Button(
            id=1,
            label="Beer\n+ cup",
            parts=(ButtonPart(product=1), ButtonPart(product=2)),
            group=1,
        ),
        Button(
            id=2,
            label="Cup\nback",
            parts=(ButtonPart(product=2, quantity=-1),),
            group=1,
        ),
    ),
    tickets=(
        Ticket(id=1, product=6, top_up_minor=500),
        Ticket(id=2, product=6, variants=(1,)),
    ),
)
PRODUCTS = {each.id: each for each in FESTIVAL.products}
RATES = FESTIVAL.tax_rates()

CASH = Payment(method=PaymentMethod.CASH)
CARD = Payment(
    method=PaymentMethod.CARD,
    card=CardReceipt(
        provider="sumup", id="TX-81", scheme="VISA", masked_number="**** 1234"
    ),
)
REGISTER = CashPlace(role=PlaceRole.REGISTER, key="drawer-3")
OTHER_REGISTER = CashPlace(role=PlaceRole.REGISTER, key="drawer-4")
BAG = CashPlace(role=PlaceRole.BAG, key="bag-1")
VAULT = CashPlace(role=PlaceRole.VAULT, key="main")
BANK = CashPlace(role=PlaceRole.BANK, key="giro")
PRESALE_CODE = "c0de" * 16
BILL = "000001000000000000000000012"


def wallet(serial: int) -> Payment:
    """Pay by the wristband of this serial."""
    return Payment(method=PaymentMethod.WALLET, wallet=serial)


def order(
    kind: OrderKind, *lines: Line, payment: Payment | None = None, **parts: Any
) -> Order:
    """Make an order that adds up."""
    return Order(
        id=UUID("0197d6a0-1234-7000-8000-00000000000a"),
        event=EVENT,
        till=TILL,
        sequence=17,
        z_number=2,
        attempt=1,
        kind=kind,
        opened_at=AT,
        currency=parts.pop("currency", Currency.EUR),
        catalogue=FESTIVAL.version,
        lines=lines,
        taxes=sum_taxes(lines, RATES),
        total_minor=sum(line.total_minor for line in lines),
        payment=payment,
        cashier="c17",
        **parts,
    )


def sale(*picked: tuple[Product, int], vouchers: int = 0, by: int = 4711) -> Order:
    """Sell products to a wallet that uses so many vouchers."""
    lines = tuple(make_line(product, quantity) for product, quantity in picked)
    off = voucher_lines(lines, PRODUCTS, vouchers)
    return order(OrderKind.SALE, *lines, *off, payment=wallet(by))


def transit(amount_minor: int) -> Line:
    """Cash put into the register, or taken out."""
    return plain_line(LineRole.TRANSIT, amount_minor, "Cash")


def credit(amount_minor: int) -> Line:
    """Money onto wristbands, or off them."""
    return plain_line(LineRole.CREDIT, amount_minor, "Credit")


def altered(given: Order, **changes: Any) -> Order:
    """Change fields of an order as nobody who makes one would."""
    return msgspec.structs.replace(given, **changes)


def _swiss_payout() -> Order:
    lines: tuple[Line, ...] = (
        credit(-1357),
        plain_line(LineRole.DONATION, 300, "Donation"),
    )
    total = Money(sum(line.total_minor for line in lines), Currency.CHF)
    lines += rounding_lines(total)
    return order(
        OrderKind.PAYOUT,
        *lines,
        payment=CASH,
        currency=Currency.CHF,
        credits=(Credit(wallet=5, amount_minor=-1357),),
    )


def _free_ticket() -> Order:
    entry = make_line(ENTRY, 1)
    return order(
        OrderKind.TICKET,
        entry,
        *discount_lines((entry,), "Free"),
        credits=(Credit(wallet=5),),
        granted_by="c2",
    )


def _presale_ticket() -> Order:
    entry = make_line(ENTRY, 1)
    return order(
        OrderKind.TICKET,
        make_line(ENTRY, 2),
        *discount_lines((entry,), "Presale"),
        credit(500),
        payment=CASH,
        credits=(Credit(wallet=5), Credit(wallet=6, amount_minor=500)),
        presale=(PRESALE_CODE,),
    )


ORDERS: dict[str, Order] = {
    "sale": sale((BEER, 3), (CUP, 3), (PRETZEL, 1), vouchers=2),
    "sale_in_cash": order(
        OrderKind.SALE, make_line(RAFFLE, 1, 250), make_line(GIFT, 1, 50), payment=CASH
    ),
    "sale_by_card": order(OrderKind.SALE, make_line(BEER, 1), payment=CARD),
    "sale_with_tips": order(
        OrderKind.SALE,
        make_line(BEER, 1),
        make_line(TIP, 1, 50),
        make_line(SERVICE, 1, 119),
        payment=wallet(4711),
    ),
    "deposit_back": sale((CUP, -2)),
    "top_up": order(
        OrderKind.TOP_UP,
        credit(2_000),
        payment=CASH,
        credits=(Credit(wallet=5, amount_minor=2_000),),
        register="drawer-3",
    ),
    "payout": _swiss_payout(),
    "ticket": order(
        OrderKind.TICKET,
        make_line(ENTRY, 2),
        credit(1_500),
        payment=CARD,
        credits=(
            Credit(wallet=5, amount_minor=1_000),
            Credit(wallet=6, amount_minor=500, vouchers=1),
        ),
    ),
    "free_ticket": _free_ticket(),
    "presale_ticket": _presale_ticket(),
    "grant": order(
        OrderKind.GRANT, credits=(Credit(wallet=5, vouchers=3),), granted_by="c2"
    ),
    "bill_payment": order(
        OrderKind.BILL_PAYMENT,
        plain_line(LineRole.BILL, 12_000, "Start fees"),
        payment=CASH,
        bill=BILL,
    ),
    "register": order(
        OrderKind.REGISTER, wristband=WristbandChange(wristband=7, variant=1)
    ),
    "swap": order(OrderKind.SWAP, wristband=WristbandChange(wristband=7, successor=8)),
    "block": order(
        OrderKind.BLOCK, wristband=WristbandChange(wristband=7, blocked=True)
    ),
    "annotate": order(
        OrderKind.ANNOTATE,
        wristband=WristbandChange(wristband=7, variant=2, note=UUID(int=9)),
    ),
    "shift_start": order(
        OrderKind.SHIFT_START,
        transit(15_000),
        payment=CASH,
        register="drawer-3",
        cash=CashMove(source=VAULT, target=REGISTER, amount_minor=15_000, holder="c17"),
    ),
    "cash_movement": order(
        OrderKind.CASH_MOVEMENT,
        transit(-30_000),
        payment=CASH,
        register="drawer-3",
        cash=CashMove(source=REGISTER, target=BAG, amount_minor=30_000),
    ),
    "bank_deposit": order(
        OrderKind.CASH_MOVEMENT,
        cash=CashMove(source=VAULT, target=BANK, amount_minor=90_000),
    ),
    "cash_transfer": order(
        OrderKind.CASH_TRANSFER,
        transit(-5_000),
        payment=CASH,
        register="drawer-3",
        cash=CashMove(source=REGISTER, target=OTHER_REGISTER, amount_minor=5_000),
    ),
    "handed_over": order(
        OrderKind.CASH_TRANSFER,
        register="drawer-3",
        cash=CashMove(source=REGISTER, target=REGISTER, holder="c18"),
    ),
    "shift_end": order(
        OrderKind.SHIFT_END,
        transit(-49_800),
        plain_line(LineRole.DIFFERENCE, -200, "Difference"),
        payment=CASH,
        register="drawer-3",
        cash=CashMove(
            source=REGISTER,
            target=VAULT,
            amount_minor=49_800,
            counted_minor=49_800,
            expected_minor=50_000,
            holder="c17",
        ),
    ),
}
"""By name; a name is the kind's, unless a kind has several."""
