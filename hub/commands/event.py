"""`kassenband-hub event`: open one from a file, and show how it stands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from contract.config import EventLimits, StandInLimits, TillProfile
from contract.ids import TillIdField
from contract.money import Currency, Money
from contract.order import BookingModel
from contract.receipt import Seller
from contract.staff import Right, RoleName, StaffRole
from contract.stocking import Stocking, StockingName
from hub.commands import catalogue, limits, stocking
from hub.commands.answer import Answer
from hub.commands.files import read_file
from hub.commands.opened import connected, opened
from hub.commands.verbs import Verbs
from hub.service.events import (
    NewEvent,
    change_event,
    create_event,
    publish_catalogue,
    register_till,
    set_booking_model,
    set_limits,
)
from hub.service.staff import put_role
from hub.service.stockings import (
    STOCKINGS_MAX,
    put_stocking,
    refuse_too_many,
    refuse_unfillable,
)
from hub.store.errors import Refused

if TYPE_CHECKING:
    from contract.catalogue import Catalogue
    from hub.commands.opened import Opened
    from hub.settings import Settings
    from hub.store.store import Store

NUMBER_MAX = 2**16 - 1  # two bytes of every wristband's token


class TillPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A till of the file: its label, and what it is for."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    issues_wristbands: bool = False
    profile: TillProfile | None = None


class RolePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A role of the file: what it allows."""

    rights: tuple[Right, ...]
    needs_register: bool = False


class EventPlan(msgspec.Struct, frozen=True, kw_only=True):
    """All that an event is opened with; amounts in minor units (cents)."""

    number: Annotated[int, msgspec.Meta(ge=0, le=NUMBER_MAX)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    currency: Currency
    portal_url: Annotated[str, msgspec.Meta(pattern=r"^https?://\S+[^/\s]$")]
    seller: Seller
    stand_in: StandInLimits
    limits: EventLimits = EventLimits()
    booking_model: BookingModel = BookingModel.PAYMENT
    """What wristbands are for the tax office; fixed by the first sale."""
    catalogue: str | None = None
    """The catalogue's file, seen from this one."""
    tills: dict[TillIdField, TillPlan] = {}
    roles: dict[RoleName, RolePlan] = {}
    stockings: dict[StockingName, tuple[str, ...]] = {}
    """What registers are handed out with, as `kassenband-hub stocking set` reads it."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `event` understands."""
    verbs = Verbs(parser)
    opening = verbs.add("open", _open, "make the event of a file, or change it to that")
    opening.add_argument("file", type=Path, help="TOML or JSON, see docs/operator.md")
    verbs.add("show", _show, "how the event stands")


async def _open(settings: Settings, options: argparse.Namespace) -> Answer:
    plan = read_file(options.file, EventPlan)
    products = _products(plan, options.file, settings)
    templates = _stockings(plan, options.file)
    async with connected(settings) as store:
        done = [await _make(store, settings, plan)]
        await refuse_too_many(store, plan.number, plan.stockings.keys())
        for till, each in plan.tills.items():
            await register_till(
                store,
                plan.number,
                till,
                each.label,
                issues_wristbands=each.issues_wristbands,
                profile=each.profile,
            )
        for name, role in plan.roles.items():
            kept = StaffRole(
                name=name, rights=role.rights, needs_register=role.needs_register
            )
            await put_role(store, plan.number, kept)
        for template in templates:
            await put_stocking(store, plan.number, template, plan.currency)
        if products is not None:
            await publish_catalogue(store, plan.number, products)
            done.append(
                f"Version {products.version} of the catalogue is published, with "
                f"{len(products.products)} products."
            )
    if plan.tills:
        done.append(f"Tills: {', '.join(plan.tills)}.")
    if plan.roles:
        done.append(f"Roles: {', '.join(plan.roles)}.")
    if templates:
        done.append(f"Stockings: {', '.join(each.name for each in templates)}.")
    done += _warnings(plan)
    figures = {"event": settings.event, "number": plan.number, "tills": [*plan.tills]}
    return Answer(figures | {"roles": [*plan.roles]}, done)


async def _make(store: Store, settings: Settings, plan: EventPlan) -> str:
    event = NewEvent(
        number=plan.number,
        slug=settings.event,
        name=plan.name,
        currency=plan.currency,
        seller=plan.seller,
        stand_in=plan.stand_in,
        portal_url=plan.portal_url,
        limits=plan.limits,
        booking_model=plan.booking_model,
    )
    known = await store.fetch_row("event_by_slug", settings.event)
    taken = await store.fetch_value("slug_of_event", plan.number)
    if known is None and taken is not None:
        raise Refused(
            f"The number {plan.number} belongs to the event {taken}. "
            "Give this one a number of its own."
        )
    if known is None:
        await create_event(store, event)
        return f"The event {settings.event} is open. Its number is {plan.number}."
    if (known["number"], known["currency"]) != (plan.number, plan.currency.value):
        raise Refused(
            f"The event {settings.event} is open with number {known['number']} and "
            f"{known['currency']}, and keeps both. Correct the file."
        )
    await set_booking_model(store, plan.number, plan.booking_model)
    await change_event(store, event)
    await set_limits(store, plan.number, plan.limits)
    return f"The event {settings.event} was open already; it is now as the file says."


def _products(plan: EventPlan, file: Path, settings: Settings) -> Catalogue | None:
    if plan.catalogue is None:
        return None
    path = file.parent / plan.catalogue
    return catalogue.read(path, settings.event, plan.currency)


def _stockings(plan: EventPlan, file: Path) -> list[Stocking]:
    if len(plan.stockings) > STOCKINGS_MAX:
        raise Refused(
            f"In {file} there are {len(plan.stockings)} stockings; an event has up to "
            f"{STOCKINGS_MAX}. Leave some out."
        )
    found = []
    for name, said in plan.stockings.items():
        try:
            template = Stocking(name=name, pieces=tuple(map(stocking.pieces, said)))
        except argparse.ArgumentTypeError as error:
            raise Refused(f"In {file}, the stocking {name}: {error}") from None
        refuse_unfillable(template, plan.currency)
        found.append(template)
    return found


def _warnings(plan: EventPlan) -> list[str]:
    lonely = [
        till
        for till, each in plan.tills.items()
        if each.profile is not None and each.profile.needs_login
    ]
    if not lonely:
        return []
    return [
        f"At {', '.join(lonely)} nobody sells before they log in: add staff with "
        "'kassenband-hub user add'."
    ]


async def _show(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        event = at.event
        latest = await at.store.fetch_row("latest_batch", event.number)
    assert latest is not None, "every event has a first batch"
    figures = _figures(at) | {
        "batch": latest["number"],
        "held_minor": latest["held_minor"],
    }
    currency = event.agreed.currency
    return Answer(
        figures,
        [
            f"{event.name} ({event.event}, number {event.number}), in {currency.value}",
            f"Seller: {event.seller.name}, {event.seller.street}, "
            f"{event.seller.postal_code} {event.seller.city}, tax number "
            f"{event.seller.tax_number}",
            f"Portal: {event.portal_url}",
            f"Booking model: {event.agreed.booking_model.value}",
            f"Catalogue: version {event.agreed.current_catalogue or 'none yet'}",
            f"Tills: {figures['tills']}, revoked {figures['tills_revoked']}",
            f"Staff: {figures['staff']}, blocked {figures['staff_blocked']}",
            f"Ledger: batch {latest['number']}; guests hold "
            f"{Money(latest['held_minor'], currency)}",
            *limits.lines(event),
        ],
    )


def _figures(at: Opened) -> dict[str, Any]:
    event = at.event
    tills = event.agreed.tills.values()
    members = event.staffing.members
    return {
        "event": event.event,
        "number": event.number,
        "name": event.name,
        "currency": event.agreed.currency.value,
        "seller": msgspec.to_builtins(event.seller),
        "portal_url": event.portal_url,
        "booking_model": event.agreed.booking_model.value,
        "demo": event.demo,
        "catalogue": event.agreed.current_catalogue,
        "tills": sum(not till.revoked for till in tills),
        "tills_revoked": sum(till.revoked for till in tills),
        "staff": sum(not member.blocked for member in members),
        "staff_blocked": sum(member.blocked for member in members),
        "stand_in": msgspec.to_builtins(event.stand_in),
        "limits": msgspec.to_builtins(event.agreed.limits),
    }
