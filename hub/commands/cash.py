"""`kassenband-hub cash`: where cash is, and whose; what all money adds up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contract.money import Money, plain_amount
from hub.commands.answer import Answer, table
from hub.commands.opened import opened
from hub.commands.verbs import add_config
from hub.core.ledger import Role, Unit
from hub.service.shifts import Shifts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from contract.money import Currency
    from hub.service.shifts import CashHeld, MoneyOverview
    from hub.settings import Settings

_PLACES = {Role.CASH_REGISTER: "register", Role.BAG: "bag", Role.VAULT: "vault"}


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `cash` understands."""
    parser.add_argument(
        "--overview",
        action="store_true",
        help="add all that was ever booked up by what it is for; takes a while",
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    add_config(parser)
    parser.set_defaults(obey=_cash)


async def _cash(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        shifts = Shifts(at.store, at.context)
        places = await shifts.cash()
        overview = await shifts.money_overview() if options.overview else None
        currency = at.event.agreed.currency
    figures: dict[str, Any] = {
        "currency": currency.value,
        "places": [_figures(place) for place in places],
    }
    lines = _table(places, currency)
    if overview is not None:
        figures |= _sums(overview)
        lines += ["", *_overview(overview)]
    good = overview is None or not overview.imbalance
    return Answer(figures, lines, good=good)


def _figures(place: CashHeld) -> dict[str, Any]:
    return {
        "place": _PLACES[place.role],
        "key": place.key,
        "held_minor": place.held.minor,
        "holder": place.holder,
        "till": place.till,
        "z_number": place.z_number,
    }


def _table(places: Sequence[CashHeld], currency: Currency) -> list[str]:
    if not places:
        return ["No cash was ever moved or taken."]
    rows = [
        (
            _PLACES[place.role],
            place.key,
            str(place.held),
            place.holder or "",
            f"{place.till}, Z {place.z_number}" if place.holder else "",
        )
        for place in places
    ]
    whole = Money(sum(place.held.minor for place in places), currency)
    return [
        *table(("place", "name", "holds", "held by", "since"), rows),
        f"All: {whole}",
    ]


def _sums(overview: MoneyOverview) -> dict[str, Any]:
    return {
        "sums": [
            {"role": each.role.value, "unit": each.unit.value, "minor": each.minor}
            for each in overview.sums
        ],
        "imbalance": overview.imbalance,
    }


def _overview(overview: MoneyOverview) -> list[str]:
    """Tabulate what each role has; what the event holds is below zero."""
    roles = list(dict.fromkeys(each.role for each in overview.sums))
    rows = [
        (
            role.value,
            plain_amount(overview.of(role)),
            str(overview.of(role, Unit.VOUCHER) or ""),
        )
        for role in roles
    ]
    state = (
        "It adds up to nothing, as it should."
        if not overview.imbalance
        else "It does NOT add up. Run 'kassenband-hub verify'."
    )
    return [
        "What the event owes or has earned; what it holds or has lost is below zero.",
        *table(("account", "money", "vouchers"), rows),
        state,
    ]
