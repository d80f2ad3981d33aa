"""A small festival to look at: a catalogue and one view per screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TypedDict
from uuid import UUID

from contract.catalogue import Catalogue, Product, ProductGroup, TaxRate
from contract.ids import EventId
from contract.messages import DeclineReason, Lamp, LampState
from contract.money import Currency, Money
from contract.order import OrderKind
from edge.core.printing import NOT_PRINTED
from edge.core.texts import (
    HUB_SILENT,
    NO_CATALOGUE,
    ORDER_OPEN,
    closed,
    decline_text,
    journal_broken,
)
from edge.core.view import (
    UNKNOWN_LAMP,
    Approval,
    Banner,
    BasketLine,
    ClosedNumber,
    Decline,
    Lamps,
    Phase,
    PrintState,
    ReceiptRow,
    TillView,
    Tone,
)

NOON = datetime(2026, 7, 18, 19, 42, tzinfo=UTC)
ORDER = UUID("019818f0-3c5d-7a31-8f52-6b0f2f1f9a01")
RECEIPT_URL = f"https://kasse.example:8443/receipts/{ORDER}"
NO_PAPER = Lamp(
    state=LampState.BAD, text="The receipt printer is out of paper. Put in a new roll."
)

GROUPS = (
    (1, "Beer", "#e8a317"),
    (2, "Wine and long drinks", "#b3367a"),
    (3, "Soft drinks", "#1f6fbf"),
    (4, "Food", "#c9461f"),
    (5, "Deposit", "#5d6b7c"),
    (6, "Merchandise", "#7446c4"),
)
PRODUCTS = (
    (1, "Pilsner 0.4 l", "Pilsner\n0.4", 450, 1),
    (1, "Wheat beer 0.5 l", "Wheat\nbeer", 520, 1),
    (1, "Dark lager 0.4 l", "Dark\nlager", 470, 1),
    (1, "Radler 0.4 l", "Radler\n0.4", 450, 1),
    (1, "Alcohol-free beer 0.33 l", "Free\n0.0 %", 390, 1),
    (1, "Pitcher 1.5 l", "Pitcher\n1.5", 1600, 1),
    (2, "White wine 0.2 l", "White\nwine", 550, 1),
    (2, "Red wine 0.2 l", "Red\nwine", 550, 1),
    (2, "Spritz", "Spritz", 680, 1),
    (2, "Gin and tonic", "Gin and\ntonic", 850, 1),
    (3, "Cola 0.4 l", "Cola\n0.4", 380, 1),
    (3, "Lemonade 0.4 l", "Lemonade\n0.4", 380, 1),
    (3, "Water 0.5 l", "Water\n0.5", 250, 1),
    (3, "Apple spritzer 0.4 l", "Apple\nspritzer", 360, 1),
    (3, "Iced tea 0.4 l", "Iced tea", 380, 1),
    (3, "Coffee", "Coffee", 280, 1),
    (4, "Bratwurst in a roll", "Bratwurst", 480, 2),
    (4, "Currywurst with fries", "Curry\nwurst", 750, 2),
    (4, "Fries", "Fries", 420, 2),
    (4, "Falafel wrap", "Falafel\nwrap", 690, 2),
    (4, "Flammkuchen", "Flamm-\nkuchen", 820, 2),
    (4, "Pretzel", "Pretzel", 250, 2),
    (5, "Cup deposit", "Cup\ndeposit", 200, 5),
    (5, "Plate deposit", "Plate\ndeposit", 300, 5),
    (6, "T-shirt", "T-shirt", 2500, 1),
    (6, "Poster", "Poster", 800, 1),
    (6, "Cotton bag", "Cotton\nbag", 1200, 1),
    (6, "Earplugs", "Earplugs", 150, 1),
)


def sample_catalogue() -> Catalogue:
    """Make the festival's catalogue."""
    return Catalogue(
        event=EventId("riverside"),
        version=3,
        currency=Currency.EUR,
        taxes=(
            TaxRate(code=1, rate_bp=1900, name="Standard rate"),
            TaxRate(code=2, rate_bp=700, name="Reduced rate"),
            TaxRate(code=5, rate_bp=0, name="Not taxed"),
        ),
        groups=tuple(
            ProductGroup(id=number, name=name, color=color)
            for number, name, color in GROUPS
        ),
        products=tuple(
            Product(
                id=number,
                name=name,
                label=label,
                price_minor=price,
                tax_code=tax,
                group=group,
            )
            for number, (group, name, label, price, tax) in enumerate(PRODUCTS, 1)
        ),
    )


def sample_basket(*picks: tuple[int, int]) -> tuple[BasketLine, ...]:
    """Make basket lines from (product, quantity) pairs."""
    return tuple(
        BasketLine(
            product=number,
            name=PRODUCTS[number - 1][1],
            quantity=quantity,
            total=Money(PRODUCTS[number - 1][3] * quantity),
        )
        for number, quantity in picks
    )


def sample_selling() -> TillView:
    """Make the view of a till in the middle of an order."""
    basket = sample_basket((1, 2), (17, 1), (23, 2))
    good = Lamp(state=LampState.GOOD, text="All is well.")
    return TillView(
        phase=Phase.SELLING,
        till="bar-3",
        label="Bar 3",
        event_name="Riverside Festival",
        demo=True,
        catalogue=sample_catalogue(),
        basket=basket,
        total=Money(sum(line.total.minor for line in basket)),
        lamps=Lamps(hub=good, tse=good, reader=good, clock=good),
    )


def sample_views() -> dict[str, TillView]:
    """Make one view per screen, and per look of a screen that matters."""
    selling = sample_selling()
    return {
        "selling": selling,
        "selling-empty": replace(selling, basket=(), total=None),
        "selling-full": _selling_full(selling),
        "closed": _closed(selling),
        "present": replace(selling, phase=Phase.PRESENT),
        "checking": replace(selling, phase=Phase.CHECKING),
        "collect": replace(selling, phase=Phase.COLLECT),
        "charge": replace(selling, phase=Phase.CHARGE),
        "training": replace(selling, training=True),
        **_approvals(selling),
        **_declines(selling),
        **_notices(selling),
    }


def _selling_full(selling: TillView) -> TillView:
    basket = sample_basket(
        (1, 12), (2, 3), (5, 1), (10, 4), (17, 8), (18, 3), (23, 14), (25, 1)
    )
    return replace(
        selling,
        basket=basket,
        total=Money(sum(line.total.minor for line in basket)),
        undelivered=12,
        demo=False,
        lamps=_troubled_lamps(),
        banner=NO_CATALOGUE,
        z_number=7,
        z_orders=39,
        not_closable=ORDER_OPEN,
    )


def _closed(selling: TillView) -> TillView:
    number = ClosedNumber(6, signed=True, printed=True, recorded=True)
    paper = Lamp(state=LampState.GOOD)
    return replace(
        selling,
        basket=(),
        total=None,
        banner=closed(number),
        closed=number,
        z_number=7,
        z_orders=38,
        lamps=replace(selling.lamps, printer=paper),
    )


def _approvals(selling: TillView) -> dict[str, TillView]:
    assert selling.total is not None
    approval = Approval(
        order=ORDER,
        total=selling.total,
        balance=Money(2320),
        stand_in=False,
        cash=False,
        receipt_url=RECEIPT_URL,
    )
    approved = replace(
        selling, phase=Phase.APPROVED, basket=(), total=None, approval=approval
    )
    stand_in = replace(approval, stand_in=True, balance=None)
    printing = replace(approved, **_printing(approval))
    cash = replace(approval, cash=True, balance=None)
    return {
        "approved": approved,
        "approved-stand-in": replace(
            approved, approval=stand_in, lamps=_troubled_lamps(), undelivered=12
        ),
        "approved-cash": replace(approved, approval=cash),
        "approved-training": replace(
            approved,
            training=True,
            approval=replace(approval, balance=None, training=True),
        ),
        "approved-printing": printing,
        "approved-no-paper": replace(
            printing,
            lamps=replace(printing.lamps, printer=NO_PAPER),
            banner=Banner(Tone.TRY_AGAIN, NOT_PRINTED, NO_PAPER.text),
        ),
        "handed-out": replace(approved, phase=Phase.HANDED_OUT),
        "handed-out-printing": replace(printing, phase=Phase.HANDED_OUT),
    }


def sample_receipts() -> tuple[ReceiptRow, ...]:
    """Make the last orders of a till that prints."""
    kinds = (
        (OrderKind.SALE, 1780, PrintState.NO),
        (OrderKind.TOP_UP, 2000, PrintState.PRINTED),
        (OrderKind.CANCELLATION, -450, PrintState.ASKED),
        (OrderKind.PAYOUT, -1350, PrintState.NO),
    )
    return tuple(
        ReceiptRow(
            order=ORDER if place == 0 else UUID(int=place),
            number=117 - place,
            kind=kind,
            total=Money(minor),
            decided_at=NOON,
            state=state,
        )
        for place, (kind, minor, state) in enumerate(kinds)
    )


class _Printing(TypedDict):
    lamps: Lamps
    receipts: tuple[ReceiptRow, ...]
    prints: bool
    can_print_closing: bool


def _printing(approval: Approval) -> _Printing:
    good = Lamp(state=LampState.GOOD, text="All is well.")
    assert approval.order == ORDER
    return _Printing(
        lamps=Lamps(hub=good, tse=good, reader=good, clock=good, printer=good),
        receipts=sample_receipts(),
        prints=True,
        can_print_closing=True,
    )


def _declines(selling: TillView) -> dict[str, TillView]:
    declined = replace(selling, phase=Phase.DECLINED)
    short = _decline(DeclineReason.INSUFFICIENT_BALANCE, Money(720))
    blocked = _decline(DeclineReason.BLOCKED_WRISTBAND, None)
    return {
        "declined-balance": replace(declined, decline=short),
        "declined-blocked": replace(declined, decline=blocked),
    }


def _decline(reason: DeclineReason, balance: Money | None) -> Decline:
    title, text = decline_text(reason)
    return Decline(reason=reason, title=title, text=text, balance=balance)


def _notices(selling: TillView) -> dict[str, TillView]:
    starting = TillView(
        phase=Phase.STARTING, till="bar-3", label="Bar 3", demo=True, lamps=Lamps()
    )
    halted = journal_broken(
        "The journal in /var/lib/kassenband-till/journal can't be used (database or"
        " disk is full). Check the disk: is it full, read-only or broken? Then start"
        " the till again."
    )
    return {
        "starting": starting,
        "halted": replace(
            selling, phase=Phase.HALTED, banner=halted, lamps=_troubled_lamps()
        ),
    }


def _troubled_lamps() -> Lamps:
    return Lamps(
        hub=Lamp(state=LampState.WARN, text=HUB_SILENT),
        tse=Lamp(
            state=LampState.BAD,
            text="The TSE at /dev/kb-tse does not answer. Check its cable, then press"
            " 'Restart TSE'.",
        ),
        reader=Lamp(state=LampState.GOOD, text="ACS ACR1252 Dual Reader is ready."),
        clock=UNKNOWN_LAMP,
    )
