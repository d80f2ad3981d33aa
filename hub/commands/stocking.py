"""`kassenband-hub stocking`: the rolls and notes that registers are handed out with."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

import msgspec

from contract.money import Money
from contract.stocking import Pieces, Stocking, StockingName
from hub.commands.amounts import amount
from hub.commands.answer import Answer, table
from hub.commands.opened import opened
from hub.commands.verbs import Verbs
from hub.service.stockings import put_stocking, remove_stocking, stockings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.money import Currency
    from hub.settings import Settings

_PIECES = re.compile(r"(\d{1,4})x(?:(\d{1,3})x)?([^x]+)")
FORM = "as 5x10.00 (five notes), or 2x25x2.00 (two rolls of 25 coins)"


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `stocking` understands."""
    verbs = Verbs(parser)
    change = verbs.add("set", _set, "make a template, or change what is in it")
    change.add_argument("name", type=_name, help="what tills call it")
    change.add_argument("pieces", type=pieces, nargs="+", help=FORM)
    verbs.add("list", _list, "all templates, with what each is worth")
    gone = verbs.add("remove", _remove, "offer it at tills no longer")
    gone.add_argument("name")


def pieces(text: str) -> Pieces:
    """Read notes, coins or rolls of one value; raises ArgumentTypeError."""
    no_cash = argparse.ArgumentTypeError(f"{text!r} is no cash. Write it {FORM}.")
    found = _PIECES.fullmatch(text)
    if found is None:
        raise no_cash
    try:
        return msgspec.convert(
            {
                "count": int(found[1]),
                "in_roll": int(found[2] or 1),
                "value_minor": amount(found[3]),
            },
            Pieces,
        )
    except argparse.ArgumentTypeError:
        raise no_cash from None
    except msgspec.ValidationError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no cash: numbers begin at 1, a roll holds up to 100 coins."
        ) from None


def summed(stocking: Stocking, currency: Currency) -> str:
    """Say what a template is worth, and what is in it."""
    held = ", ".join(map(str, stocking.pieces))
    return f"{stocking.name}: {Money(stocking.total_minor, currency)} ({held})"


async def _set(settings: Settings, options: argparse.Namespace) -> Answer:
    stocking = Stocking(name=options.name, pieces=tuple(options.pieces))
    async with opened(settings) as at:
        currency = at.event.agreed.currency
        await put_stocking(at.store, at.event.number, stocking, currency)
    return Answer(figures(stocking), [summed(stocking, currency)])


async def _list(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        found = await stockings(at.store, at.event.number)
        currency = at.event.agreed.currency
    return Answer(
        {"stockings": [figures(each) for each in found]}, _table(found, currency)
    )


async def _remove(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        await remove_stocking(at.store, at.event.number, options.name)
    return Answer({"removed": options.name}, [f"Tills offer {options.name} no more."])


def figures(stocking: Stocking) -> dict[str, Any]:
    """A template for programs, its total added up."""
    return {
        "name": stocking.name,
        "total_minor": stocking.total_minor,
        "pieces": [
            {
                "value_minor": each.value_minor,
                "count": each.count,
                "in_roll": each.in_roll,
                "total_minor": each.total_minor,
            }
            for each in stocking.pieces
        ],
    }


def _table(found: Iterable[Stocking], currency: Currency) -> list[str]:
    rows = [
        (
            each.name,
            str(Money(each.total_minor, currency)),
            " ".join(map(str, each.pieces)),
        )
        for each in found
    ]
    if not rows:
        return ["There is none yet. Make one with 'kassenband-hub stocking set'."]
    return table(("stocking", "worth", "rolls and notes"), rows)


def _name(text: str) -> str:
    try:
        return msgspec.convert(text, StockingName)
    except msgspec.ValidationError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name: 1 to 40 characters, none of them a control "
            "character, no blanks around them."
        ) from None
