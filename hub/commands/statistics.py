"""`kassenband-hub statistics`: what was sold, when and where; what was given away."""

from __future__ import annotations

import argparse
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contract.money import Money, plain_amount
from hub.commands.answer import Answer, WrongUsage, table
from hub.commands.opened import opened
from hub.commands.verbs import add_config
from hub.core.statistics import OrderSum, SoldSum
from hub.service.statistics import Wanted, count
from hub.store.errors import Refused
from hub.web.formats import load_zone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from contract.money import Currency
    from hub.core.statistics import OrdersAt, SoldAt, Statistics
    from hub.settings import Settings


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `statistics` understands."""
    parser.add_argument("--till", help="only what this till sold")
    parser.add_argument(
        "--from",
        dest="since",
        type=_moment,
        metavar="TIME",
        help="only from then on, as 2026-06-01T18:00 in the hub's time zone",
    )
    parser.add_argument(
        "--until", type=_moment, metavar="TIME", help="only what was sold before then"
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    add_config(parser)
    parser.set_defaults(obey=_count)


async def _count(settings: Settings, options: argparse.Namespace) -> Answer:
    zone = load_zone(settings.zone)
    since, until = _placed(options.since, zone), _placed(options.until, zone)
    if since and until and since >= until:
        raise WrongUsage(
            "The period ends before it begins. Exchange --from and --until."
        )
    async with opened(settings) as at:
        if options.till and options.till not in at.event.agreed.tills:
            raise Refused(
                f"No till is named {options.till}. See 'kassenband-hub till list'."
            )
        wanted = Wanted(zone, options.till, since, until)
        counted = await count(at.store, at.event.number, wanted)
        currency = at.event.agreed.currency
    return Answer(_figures(counted, currency), _tables(counted, currency))


def _figures(counted: Statistics, currency: Currency) -> dict[str, Any]:
    return {
        "currency": currency.value,
        "revenue_minor": counted.all_sold.revenue_minor,
        "orders": [
            {
                "hour": at.hour,
                "till": at.till,
                "kind": at.kind.value,
                "method": at.method.value if at.method else None,
                "orders": each.orders,
                "canceled": each.canceled,
                "total_minor": each.total_minor,
                "revenue_minor": each.revenue_minor,
            }
            for at, each in sorted(counted.orders.items(), key=_in_order)
        ],
        "sold": [
            {
                "hour": at.hour,
                "till": at.till,
                "role": at.role.value,
                "product": at.product,
                "name": _name(at, counted),
                "quantity": each.quantity,
                "canceled": each.canceled,
                "amount_minor": each.amount_minor,
            }
            for at, each in sorted(counted.sold.items(), key=_in_order)
        ],
        "granted": [
            {
                "by": by,
                "orders": each.orders,
                "canceled": each.canceled,
                "free_tickets": each.tickets,
                "worth_minor": each.worth_minor,
                "vouchers": each.vouchers,
            }
            for by, each in sorted(counted.granted.items())
        ],
    }


def _tables(counted: Statistics, currency: Currency) -> list[str]:
    if not counted.orders:
        return ["No till has reported any order of that time yet."]
    whole = counted.all_sold
    return [
        f"Sold for {Money(whole.revenue_minor, currency)}, tax included, deposits not. "
        f"Orders: {whole.orders}, cancellations: {whole.canceled}.",
        *_orders_by("till", counted, lambda at: str(at.till)),
        *_orders_by("hour", counted, lambda at: f"{at.hour:%Y-%m-%d %H:00}"),
        *_products(counted),
        *_paid(counted),
        *_granted(counted),
    ]


def _orders_by(
    head: str, counted: Statistics, key: Callable[[OrdersAt], str]
) -> list[str]:
    sums: defaultdict[str, OrderSum] = defaultdict(OrderSum)
    for at, each in counted.orders.items():
        if at.is_sale:
            sums[key(at)].add(each)
    rows = [
        (name, str(each.orders), str(each.canceled), plain_amount(each.revenue_minor))
        for name, each in sorted(sums.items())
    ]
    return ["", *table((head, "orders", "canceled", "revenue"), rows)] if rows else []


def _products(counted: Statistics) -> list[str]:
    sums: defaultdict[str, SoldSum] = defaultdict(SoldSum)
    for at, each in counted.sold.items():
        sums[_name(at, counted)].add(each)
    ranked = sorted(sums.items(), key=lambda item: (-item[1].amount_minor, item[0]))
    rows = [
        (name, str(each.quantity), str(each.canceled), plain_amount(each.amount_minor))
        for name, each in ranked
    ]
    return ["", *table(("product", "sold", "canceled", "amount"), rows)] if rows else []


def _paid(counted: Statistics) -> list[str]:
    sums: defaultdict[tuple[str, str], OrderSum] = defaultdict(OrderSum)
    for at, each in counted.orders.items():
        sums[at.kind.value, at.method.value if at.method else ""].add(each)
    rows = [
        (*names, str(each.orders), str(each.canceled), plain_amount(each.total_minor))
        for names, each in sorted(sums.items())
    ]
    return ["", *table(("kind", "paid by", "orders", "canceled", "sum"), rows)]


def _granted(counted: Statistics) -> list[str]:
    rows = [
        (
            by,
            str(each.tickets),
            plain_amount(each.worth_minor),
            str(each.vouchers),
            str(each.canceled),
        )
        for by, each in sorted(counted.granted.items())
    ]
    heads = ("granted by", "free tickets", "worth", "vouchers", "canceled")
    return ["", *table(heads, rows)] if rows else []


def _name(at: SoldAt, counted: Statistics) -> str:
    return counted.names.get(at.product) or f"({at.role.value})"


def _in_order(item: tuple[OrdersAt | SoldAt, object]) -> tuple[str, ...]:
    return tuple(str(part) for part in item[0])


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time. Write it as 2026-06-01T18:00."
        ) from None


def _placed(moment: datetime | None, zone: tzinfo) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=zone)
