"""`kassenband-hub catalogue`: publish a new product list, show the one that holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contract.catalogue import Catalogue
from contract.money import Money
from hub.commands.answer import Answer, table
from hub.commands.files import read_file
from hub.commands.opened import opened
from hub.commands.verbs import Verbs
from hub.service.events import publish_catalogue
from hub.store.errors import Refused

if TYPE_CHECKING:
    import argparse

    from contract.ids import EventId
    from contract.money import Currency
    from hub.settings import Settings


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `catalogue` understands."""
    verbs = Verbs(parser)
    publish = verbs.add("publish", _publish, "tills sell by this file from now on")
    publish.add_argument("file", type=Path, help="TOML or JSON, see docs/operator.md")
    verbs.add("show", _show, "what tills sell")


def read(path: Path, event: EventId, currency: Currency) -> Catalogue:
    """Read a product list that is meant for an event; raises Refused."""
    products = read_file(path, Catalogue)
    if (products.event, products.currency) != (event, currency):
        raise Refused(
            f"The catalogue {path} is for {products.event} in "
            f"{products.currency.value}, this event is {event} in {currency.value}. "
            "Correct the file."
        )
    return products


async def _publish(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        agreed = at.event.agreed
        products = read(options.file, settings.event, agreed.currency)
        newest = agreed.current_catalogue
        if products.version < newest:
            raise Refused(
                f"Tills sell by version {newest}; this file is version "
                f"{products.version}. Give it the number {newest + 1}."
            )
        await publish_catalogue(at.store, at.event.number, products)
    count = len(products.products)
    return Answer(
        {"version": products.version, "products": count},
        [f"Version {products.version} is published, with {count} products."],
    )


async def _show(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        agreed = at.event.agreed
    if not agreed.catalogues:
        raise Refused(
            "No catalogue is published yet. Use 'kassenband-hub catalogue publish'."
        )
    products = agreed.catalogues[agreed.current_catalogue]
    rates, currency = products.tax_rates(), products.currency
    rows = [
        (
            str(each.id),
            each.name,
            "free" if each.free_price else str(Money(each.price_minor, currency)),
            rates[each.tax_code].name,
            products.group(each.group).name,
            "sold, locked" if each.locked else "",
        )
        for each in products.products
    ]
    heads = ("number", "product", "price", "tax", "group", "")
    return Answer(
        msgspec.to_builtins(products),
        [f"Version {products.version}", *table(heads, rows)],
    )
