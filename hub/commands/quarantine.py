"""`kassenband-hub quarantine`: look at what is set aside, release or dismiss it."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from contract.messages import AdviceFlag
from contract.money import Money
from hub.commands.answer import Answer, table
from hub.commands.opened import opened
from hub.commands.texts import short_text
from hub.commands.verbs import Verbs
from hub.service.quarantine import Decision, SetAside
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.service.quarantine import Quarantined
    from hub.settings import Settings

WAIT_S = 10.0
LOOK_AGAIN_S = 0.1
_WHY = {
    AdviceFlag.REVOKED_TILL: "its till is revoked",
    AdviceFlag.INCONSISTENT_ORDER: "it names an amount beyond all reason",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `quarantine` understands."""
    verbs = Verbs(parser)
    listing = verbs.add("list", _list, "what waits for somebody to decide")
    listing.add_argument(
        "--all", action="store_true", help="what was decided before, too"
    )
    show = verbs.add("show", _show, "one order, whole")
    show.add_argument("order", type=_order)
    for decision, words in (
        (Decision.RELEASE, "let the ledger book it"),
        (Decision.DISMISS, "leave it unbooked"),
    ):
        verb = verbs.add(decision.value, _decide, words)
        verb.add_argument("order", type=_order)
        verb.add_argument(
            "--by", type=short_text, required=True, help="who answers for it"
        )
        verb.add_argument("--reason", type=short_text, help="kept with the decision")
        verb.set_defaults(decision=decision)


async def _list(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        kept = await SetAside(at.store, at.event.number).listed()
    chosen = [each for each in kept if options.all or each.waits]
    lines = table(_HEADS, [_row(each) for each in chosen])
    return Answer(
        {"quarantined": [_figures(each) for each in chosen]},
        lines if chosen else ["Nothing waits in quarantine."],
    )


async def _show(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        kept = await SetAside(at.store, at.event.number).listed()
    found = [each for each in kept if each.order.id == options.order]
    if not found:
        raise Refused(
            f"No advice of order {options.order} was ever set aside. "
            "See 'kassenband-hub quarantine list --all'."
        )
    return Answer(
        {"quarantined": [_whole(each) for each in found]},
        [line for each in found for line in _sentences(each)],
    )


async def _decide(settings: Settings, options: argparse.Namespace) -> Answer:
    decision: Decision = options.decision
    async with opened(settings) as at:
        kept = SetAside(at.store, at.event.number)
        found = await kept.decide(
            options.order, decision, by=options.by, reason=options.reason or ""
        )
        released = decision is Decision.RELEASE and await _is_booked(kept, found)
    figures = {
        "order": str(options.order),
        "decision": decision.value,
        "booked": released,
    }
    if decision is Decision.DISMISS:
        return Answer(figures, [f"Order {options.order} stays unbooked."])
    if released:
        return Answer(figures, [f"Order {options.order} is booked."])
    return Answer(
        figures,
        [
            f"Order {options.order} is to be booked, but was not within {WAIT_S:g} s. "
            "Start the hub: it books it by itself; or read its log."
        ],
        good=False,
    )


async def _is_booked(kept: SetAside, found: Quarantined) -> bool:
    for _ in range(int(WAIT_S / LOOK_AGAIN_S)):
        if await kept.is_released(found.digest):
            return True
        await asyncio.sleep(LOOK_AGAIN_S)
    return False


_HEADS = ("order", "till", "number", "kind", "amount", "outcome", "because", "decided")


def _row(each: Quarantined) -> tuple[str, ...]:
    order = each.order
    return (
        str(order.id),
        order.till,
        str(order.sequence),
        order.kind.value,
        str(Money(order.total_minor, order.currency)),
        each.outcome.value,
        _WHY.get(each.flag, each.flag.value),
        _decided(each),
    )


def _decided(each: Quarantined) -> str:
    if each.released:
        return f"booked, released by {each.decided_by}" if each.decided_by else "booked"
    if each.decision is None:
        return ""
    what = "dismissed" if each.decision is Decision.DISMISS else "to be booked"
    reason = f" ({each.reason})" if each.reason else ""
    return f"{what} by {each.decided_by}{reason}"


def _sentences(each: Quarantined) -> Iterable[str]:
    order = each.order
    currency = order.currency
    yield (
        f"Order {order.id}, number {order.sequence} of {order.till}, Z "
        f"{order.z_number}: {order.kind.value}, {each.outcome.value}, "
        f"{Money(order.total_minor, currency)}"
    )
    for line in order.lines:
        total = Money(line.total_minor, currency)
        yield f"  {line.quantity} x {line.name}: {total}"
    if order.payment is not None:
        yield f"Paid by {order.payment.method.value}."
    yield f"Opened {order.opened_at:%Y-%m-%d %H:%M:%S} UTC by the till's clock."
    why = _WHY.get(each.flag, each.flag.value)
    yield f"Set aside {each.received_at:%Y-%m-%d %H:%M:%S} UTC, because {why}."
    yield f"Decided: {_decided(each) or 'not yet'}."


def _figures(each: Quarantined) -> dict[str, Any]:
    order = each.order
    return {
        "order": str(order.id),
        "till": order.till,
        "sequence": order.sequence,
        "kind": order.kind.value,
        "total_minor": order.total_minor,
        "currency": order.currency.value,
        "outcome": each.outcome.value,
        "flag": each.flag.value,
        "received_at": each.received_at,
        "decision": each.decision.value if each.decision else None,
        "decided_by": each.decided_by,
        "reason": each.reason,
        "booked": each.released,
    }


def _whole(each: Quarantined) -> dict[str, Any]:
    return _figures(each) | {"content": msgspec.to_builtins(each.order)}


def _order(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no order's number.") from None
