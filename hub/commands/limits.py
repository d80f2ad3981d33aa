"""`kassenband-hub limits`: how much wallets hold, and how far tills stand in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import msgspec

from hub.commands.amounts import amount, bound, shown
from hub.commands.answer import Answer, WrongUsage
from hub.commands.opened import opened
from hub.commands.verbs import Verbs
from hub.service.events import NewEvent, change_event, set_limits

if TYPE_CHECKING:
    from contract.config import EventLimits, StandInLimits
    from hub.service.context import EventContext
    from hub.settings import Settings

SECONDS_DIGITS_MAX = 9
_OF_WALLETS = {
    "top_up_min": "a top-up is at least this",
    "max_balance": "one wallet holds at most this; none: no bound",
    "event_cap": "all wallets together hold at most this; none: no bound",
}
_OF_STAND_IN = {
    "allowance": "per wristband and till, while the hub is silent",
    "till_total": "per till, while the hub is silent",
    "unknown_wallet": "for a wristband the till has never heard of",
}
_ALL = (*_OF_WALLETS, *_OF_STAND_IN, "outage_age")


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `limits` understands."""
    verbs = Verbs(parser)
    verbs.add("show", _show, "say all limits")
    change = verbs.add("set", _set, "change those that are named")
    for name, means in _OF_WALLETS.items():
        reads = amount if name == "top_up_min" else bound
        _option(change, name, type=reads, metavar="AMOUNT", help=means)
    for name, means in _OF_STAND_IN.items():
        _option(change, name, type=amount, metavar="AMOUNT", help=means)
    _option(
        change,
        "outage_age",
        type=_seconds,
        metavar="SECONDS",
        help="stand in no longer",
    )


def lines(event: EventContext) -> list[str]:
    """Say an event's limits for a person."""
    currency, tills = event.agreed.currency, event.agreed.tills.values()
    held, far = event.agreed.limits, event.stand_in
    count = sum(not till.revoked for till in tills)
    return [
        f"Top-up: at least {shown(held.top_up_min_minor, currency)}",
        f"One wallet: {shown(held.max_balance_minor, currency)}; "
        f"all together: {shown(held.event_cap_minor, currency)}",
        f"Stand-in: {shown(far.allowance_minor, currency)} per wristband and till, "
        f"{shown(far.till_total_minor, currency)} per till, "
        f"{shown(far.unknown_wallet_minor, currency)} for an unknown wristband, "
        f"for {far.outage_age_s} s",
        f"At worst lost: {shown(far.allowance_minor * count, currency)} per wristband, "
        f"{shown(far.till_total_minor * count, currency)} in all ({count} tills)",
    ]


async def _show(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        return Answer(_figures(at.event), lines(at.event))


async def _set(settings: Settings, options: argparse.Namespace) -> Answer:
    if not any(hasattr(options, name) for name in _ALL):
        raise WrongUsage("Nothing is to be changed. Name a limit, or see --help.")
    async with opened(settings) as at:
        event = at.event
        held = _changed(event.agreed.limits, options, _OF_WALLETS)
        far = _changed(event.stand_in, options, _OF_STAND_IN)
        if hasattr(options, "outage_age"):
            far = msgspec.structs.replace(far, outage_age_s=options.outage_age)
        if held != event.agreed.limits:
            await set_limits(at.store, event.number, held)
        if far != event.stand_in:
            await change_event(at.store, _with_stand_in(event, far))
        fresh = await at.context.refresh()
        return Answer(_figures(fresh), lines(fresh))


def _changed(current: Any, options: argparse.Namespace, names: dict[str, str]) -> Any:
    said = {
        f"{name}_minor": getattr(options, name)
        for name in names
        if hasattr(options, name)
    }
    return msgspec.structs.replace(current, **said)


def _with_stand_in(event: EventContext, far: StandInLimits) -> NewEvent:
    return NewEvent(
        number=event.number,
        slug=event.event,
        name=event.name,
        currency=event.agreed.currency,
        seller=event.seller,
        stand_in=far,
        portal_url=event.portal_url,
    )


def _figures(event: EventContext) -> dict[str, Any]:
    held: EventLimits = event.agreed.limits
    return {
        "limits": msgspec.to_builtins(held),
        "stand_in": msgspec.to_builtins(event.stand_in),
    }


def _option(parser: argparse.ArgumentParser, name: str, **words: Any) -> None:
    # Left out entirely when it is not named: None is a value here.
    flag = f"--{name.replace('_', '-')}"
    parser.add_argument(flag, default=argparse.SUPPRESS, **words)


def _seconds(text: str) -> int:
    is_number = text.isascii() and text.isdecimal()
    if not is_number or len(text) > SECONDS_DIGITS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds.")
    return int(text)
