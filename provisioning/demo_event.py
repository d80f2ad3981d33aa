"""The event of the demo: its seller, its products and its guests' wristbands."""

from __future__ import annotations

from dataclasses import dataclass

from contract.catalogue import (
    Catalogue,
    Product,
    ProductGroup,
    ProductKind,
    TaxRate,
    Ticket,
)
from contract.ids import EventId, TillId, WristbandUid
from contract.messages import Right, StaffRole, StandInLimits
from contract.money import Currency
from contract.receipt import Seller
from contract.stocking import Pieces, Stocking

EVENT = EventId("rehearsal")
EVENT_NAME = "Rehearsal"
EVENT_NUMBER = 1
CURRENCY = Currency.EUR
SPARE = "spare"  # the file of the wristband that nobody has used
PIN = "2580"  # of everybody who works in a demo
CROWD_SIZE = 24  # guests who come to one till without a screen
SELLER = Seller(
    name="Kassenband Rehearsal",
    street="Am Festplatz 1",
    postal_code="80939",
    city="München",
    country="DEU",
    tax_number="143/000/00000",
)
STOCKING = Stocking(
    name="Bar float",
    pieces=(
        Pieces(value_minor=10_00, count=5),
        Pieces(value_minor=5_00, count=10),
        Pieces(value_minor=2_00, count=1, in_roll=25),
        Pieces(value_minor=1_00, count=1, in_roll=25),
        Pieces(value_minor=50, count=1, in_roll=40),
        Pieces(value_minor=20, count=1, in_roll=25),
    ),
)
"""What registers are handed out with: 200.00 in all."""
STAND_IN = StandInLimits(allowance_minor=20_00, till_total_minor=2_000_00)

GENERAL, REDUCED, NONE = 1, 2, 5
_TAXES = (
    TaxRate(code=GENERAL, rate_bp=1900, name="19 %"),
    TaxRate(code=REDUCED, rate_bp=700, name="7 %"),
    TaxRate(code=NONE, rate_bp=0, name="0 %"),
)
_GROUPS = (
    ProductGroup(id=1, name="Beer", color="#e0a526"),
    ProductGroup(id=2, name="Wine and spirits", color="#a8385d"),
    ProductGroup(id=3, name="Soft drinks", color="#2f8fc4"),
    ProductGroup(id=4, name="Food", color="#4c9a52"),
    ProductGroup(id=5, name="Deposit and more", color="#7b6fb0"),
)
# name, label, price in cents, tax code, group
_PRODUCTS = (
    ("Lager 0.5 l", "Lager\n0.5", 450, GENERAL, 1),
    ("Wheat beer 0.5 l", "Wheat\n0.5", 480, GENERAL, 1),
    ("Dark beer 0.5 l", "Dark\n0.5", 480, GENERAL, 1),
    ("Pilsner 0.3 l", "Pilsner\n0.3", 350, GENERAL, 1),
    ("Shandy 0.5 l", "Shandy\n0.5", 430, GENERAL, 1),
    ("Alcohol-free beer 0.5 l", "Beer 0 %\n0.5", 420, GENERAL, 1),
    ("White wine 0.2 l", "White\nwine", 520, GENERAL, 2),
    ("Red wine 0.2 l", "Red\nwine", 520, GENERAL, 2),
    ("Spritz", "Spritz", 650, GENERAL, 2),
    ("Gin and tonic", "Gin\nTonic", 750, GENERAL, 2),
    ("Fruit brandy 2 cl", "Brandy\n2 cl", 300, GENERAL, 2),
    ("Water 0.5 l", "Water\n0.5", 280, GENERAL, 3),
    ("Cola 0.4 l", "Cola\n0.4", 350, GENERAL, 3),
    ("Orange lemonade 0.4 l", "Orange\n0.4", 350, GENERAL, 3),
    ("Apple spritzer 0.4 l", "Apple\nspritzer", 350, GENERAL, 3),
    ("Iced tea 0.4 l", "Iced tea\n0.4", 350, GENERAL, 3),
    ("Coffee", "Coffee", 250, GENERAL, 3),
    ("Pretzel", "Pretzel", 220, REDUCED, 4),
    ("Sausage in a bun", "Sausage\nin a bun", 450, REDUCED, 4),
    ("Fries", "Fries", 400, REDUCED, 4),
    ("Vegetable curry", "Veggie\ncurry", 850, REDUCED, 4),
    ("Pizza slice", "Pizza\nslice", 480, REDUCED, 4),
    ("Ice cream", "Ice\ncream", 300, REDUCED, 4),
    ("Waffle", "Waffle", 380, REDUCED, 4),
    ("Cup deposit", "Cup\ndeposit", 200, GENERAL, 5),
    ("Bottle deposit", "Bottle\ndeposit", 100, GENERAL, 5),
    ("Ear plugs", "Ear\nplugs", 150, GENERAL, 5),
    ("Rain poncho", "Rain\nponcho", 400, GENERAL, 5),
    ("Festival shirt", "Festival\nshirt", 2200, GENERAL, 5),
    ("Tip for the crew", "Tip", 100, NONE, 5),
    ("Donation", "Donate", 100, NONE, 5),
    ("Entry", "Entry", 1500, REDUCED, 5),
)
_DEPOSITS = frozenset({"Cup deposit", "Bottle deposit"})
_TIPS = frozenset({"Tip for the crew"})
_FREE_PRICES = frozenset({"Donation"}) | _TIPS
_FOR_VOUCHERS = frozenset({"Lager 0.5 l", "Wheat beer 0.5 l", "Pretzel"})
_ADULTS_ONLY = frozenset({"Gin and tonic", "Fruit brandy 2 cl"})
YOUTH = 1  # the variant of wristbands for guests under 18
LAGER, CUP, DONATION, ENTRY = 1, 25, 31, 32


def _kind(name: str) -> ProductKind:
    if name in _DEPOSITS:
        return ProductKind.DEPOSIT
    if name in _TIPS:
        return ProductKind.TIP_STAFF
    return ProductKind.DONATION if name in _FREE_PRICES else ProductKind.GOODS


CATALOGUE = Catalogue(
    event=EVENT,
    version=1,
    currency=CURRENCY,
    taxes=_TAXES,
    groups=_GROUPS,
    products=tuple(
        Product(
            id=number,
            name=name,
            label=label,
            price_minor=price_minor,
            tax_code=tax_code,
            group=group,
            kind=_kind(name),
            free_price=name in _FREE_PRICES,
            price_in_vouchers=int(name in _FOR_VOUCHERS),
            restricted_variants=(YOUTH,) if name in _ADULTS_ONLY else (),
        )
        for number, (name, label, price_minor, tax_code, group) in enumerate(
            _PRODUCTS, start=1
        )
    ),
    tickets=(Ticket(id=1, product=ENTRY, top_up_minor=500, vouchers=1),),
)


@dataclass(frozen=True, slots=True)
class Guest:
    """A virtual wristband of the demo and what the hub shall know of it.

    A spare one lies at the till, for a guest whose own is lost. With a bill, they asked
    on the portal for that much more on it, and bring the bill to the till.
    """

    name: str
    uid: WristbandUid
    balance_minor: int = 0
    known: bool = True
    blocked: bool = False
    has_token: bool = True
    spare: bool = False
    bill_minor: int = 0


@dataclass(frozen=True, slots=True)
class Worker:
    """A member of staff of the demo, with the wristband they log in with."""

    id: str
    name: str
    role: StaffRole
    guest: Guest


SUPERVISOR = StaffRole(
    name="supervisor", rights=(Right.LOG_IN, Right.SUPERVISE, Right.CLOSE_SHIFTS)
)
CASHIER = StaffRole(
    name="cashier",
    rights=tuple(
        right
        for right in Right
        if right
        not in {Right.LOG_IN, Right.SUPERVISE, Right.CLOSE_SHIFTS, Right.FINANCE}
    ),
    needs_register=True,
)
"""Does every kind of order, once a supervisor has handed out a cash register."""

FINANCE = StaffRole(name="finance", rights=(Right.FINANCE,))
"""Works in the office only: tills still ask nobody who they are."""
FINANCE_STAFF = {"fay": "Fay Fox", "ben": "Ben Bear"}
"""Two, because one asks and another one approves."""


def team(till: TillId, number: int) -> tuple[Worker, ...]:
    """Who works at one till without a screen: its supervisor and its cashier."""
    return tuple(
        Worker(
            worker_id(role, till),
            f"{role.name.title()} {number + 1}",
            role,
            Guest(worker_id(role, till), _uid(uid_first + number)),
        )
        for role, uid_first in ((SUPERVISOR, 0x9000), (CASHIER, 0x9100))
    )


def finance_uid(number: int) -> WristbandUid:
    """Return the UID of the wristband that a person of the office would have."""
    return _uid(0x9200 + number)


def worker_id(role: StaffRole, till: TillId) -> str:
    """Name who has a role at a till; their wristband's file has the same name."""
    return f"{role.name}-{till}"


def panel_guests() -> tuple[Guest, ...]:
    """The wristbands one can tap in the interactive demo."""
    return (
        Guest("full", _uid(0x01), balance_minor=50_00),
        Guest("nearly empty", _uid(0x02), balance_minor=3_00),
        Guest("unknown", _uid(0x03), known=False),
        Guest("blocked", _uid(0x04), balance_minor=20_00, blocked=True),
        Guest("blank", _uid(0x05), known=False, has_token=False),
    )


def crowd(till: int, size: int = CROWD_SIZE) -> tuple[Guest, ...]:
    """The guests who come to one till of the headless demo.

    Most are well funded; every eighth is nearly empty and has a bill to pay, one is
    blocked, one unknown.
    """
    spare = Guest(f"spare-{till}", _uid(0x8000 + till), spare=True)
    return (*(_crowd_guest(till, number, size) for number in range(size)), spare)


def _crowd_guest(till: int, number: int, size: int) -> Guest:
    uid = _uid(0x1000 + till * 0x100 + number)
    name = f"guest-{till}-{number}"
    if number == size - 1:
        return Guest(name, uid, balance_minor=20_00, blocked=True)
    if number == size - 2:
        return Guest(name, uid, known=False)
    if number % 8 == 7:
        return Guest(name, uid, balance_minor=5_00, bill_minor=30_00 + number * 50)
    return Guest(name, uid, balance_minor=200_00)


def _uid(number: int) -> WristbandUid:
    return WristbandUid(b"\x04\xb0" + number.to_bytes(5, "big"))
