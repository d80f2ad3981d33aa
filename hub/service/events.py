"""Setting up an event: the event itself, its tills and what they sell."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from contract.catalogue import (
    changed_products,
    decode_catalogue,
    digest,
    encode_catalogue,
    lock_breaches,
)
from contract.config import EventLimits
from contract.messages import DeclineReason
from contract.order import BookingModel
from hub.core.ledger import Role
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.catalogue import Catalogue
    from contract.config import TillProfile
    from contract.ids import EventId, TillId
    from contract.messages import StandInLimits
    from contract.money import Currency
    from contract.receipt import Seller
    from contract.token import TokenKey
    from hub.store.store import Store

log = logging.getLogger(__name__)

STAFF_KEY_BYTES = 32
# Why a wallet may turn out not to be chargeable; each has an account of its own.
LOSSES = (
    DeclineReason.INSUFFICIENT_BALANCE,
    DeclineReason.UNKNOWN_WRISTBAND,
    DeclineReason.BLOCKED_WRISTBAND,
    DeclineReason.FORGED_WRISTBAND,
    DeclineReason.ALLOWANCE_USED_UP,
)
NO_LIMITS = EventLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to be created; its number goes into every token."""

    number: int
    slug: EventId
    name: str
    currency: Currency
    seller: Seller
    stand_in: StandInLimits
    portal_url: str
    limits: EventLimits = NO_LIMITS
    demo: bool = False
    booking_model: BookingModel = BookingModel.PAYMENT


class ModelFixed(Refused):
    """Something was sold by the booking model already; the text says so."""


class CatalogueTaken(Refused):
    """A catalogue can't be published like that; the text says why."""


async def create_event(store: Store, event: NewEvent) -> None:
    """Create an event with its loss accounts; may be repeated."""
    await store.fetch(
        "create_event",
        event.number,
        event.slug,
        event.name,
        event.currency.value,
        msgspec.json.encode(event.seller).decode(),
        msgspec.json.encode(event.stand_in).decode(),
        event.portal_url,
        event.demo,
        uuid4(),
        secrets.token_bytes(STAFF_KEY_BYTES),
        msgspec.json.encode(event.limits).decode(),
    )
    for reason in LOSSES:
        await store.fetch(
            "open_account", event.number, Role.STAND_IN_LOSS.value, reason.value
        )
    if event.booking_model is not BookingModel.PAYMENT:
        await set_booking_model(store, event.number, event.booking_model)


async def change_event(store: Store, event: NewEvent) -> None:
    """Change name, seller, stand-in limits and portal of an event that is there.

    Limits of wallets are changed by `set_limits`, the booking model by
    `set_booking_model`; number and currency never.
    """
    await store.fetch(
        "change_event",
        event.number,
        event.name,
        msgspec.json.encode(event.seller).decode(),
        msgspec.json.encode(event.stand_in).decode(),
        event.portal_url,
    )


async def add_token_key(store: Store, event: int, key: TokenKey) -> None:
    """Make a token key known to the hub and, with their configuration, to tills."""
    await store.fetch("add_token_key", event, key.key_id, key.public_key)


async def register_till(
    store: Store,
    event: int,
    till: TillId,
    label: str,
    *,
    issues_wristbands: bool = False,
    profile: TillProfile | None = None,
) -> None:
    """Register a till, or change what it is; raises Refused for a revoked one.

    Without a profile it takes every kind of order.
    """
    said = None if profile is None else msgspec.json.encode(profile).decode()
    done = await store.fetch_value(
        "register_till", event, till, label, issues_wristbands, said
    )
    if not done:
        raise Refused(
            f"The till {till} was revoked, and its name is never used again. "
            "Register a successor under another name."
        )


async def revoke_till(store: Store, event: int, till: TillId) -> bool:
    """Let a till never say anything again that is booked unseen; False: it couldn't.

    What it still delivers is set aside until somebody releases it.
    """
    return bool(await store.fetch_value("revoke_till", event, till))


async def set_limits(store: Store, event: int, limits: EventLimits) -> None:
    """Change what wallets and the event may hold; hubs and tills are told at once.

    What is held already stays, and counts as paid in beyond the limit.
    """
    await store.fetch("set_limits", event, msgspec.json.encode(limits).decode())


async def set_booking_model(store: Store, event: int, model: BookingModel) -> None:
    """Choose what wristbands are for the tax office; raises ModelFixed once sold by."""
    row = await store.fetch_row("event_model", event)
    if row is None or row["booking_model"] == model.value:
        return
    if not await store.fetch_value("set_booking_model", event, model.value):
        raise ModelFixed(
            f"The event has sold by the booking model '{row['booking_model']}' and "
            f"keeps it; '{model.value}' is for another event. Correct the file, and "
            "ask your tax adviser."
        )


async def publish_catalogue(store: Store, event: int, catalogue: Catalogue) -> None:
    """Publish a version; tills are told at once. May be repeated unchanged.

    Raises CatalogueTaken when the version has other content, or changes what was sold.
    """
    body = encode_catalogue(catalogue)
    for row in await store.fetch("catalogues", event):
        if row["version"] < catalogue.version:
            before = decode_catalogue(row["body"])
            sold = await _sold(
                store, event, before, changed_products(before, catalogue)
            )
            breaches = lock_breaches(before, catalogue, sold)
            if breaches:
                raise CatalogueTaken(breaches[0])
    await store.fetch("publish_catalogue", event, catalogue.version, digest(body), body)
    if await store.fetch_value("catalogue", event, catalogue.version) != body:
        raise CatalogueTaken(
            f"Version {catalogue.version} of the catalogue is published with other "
            "content. Publish the change under the next number."
        )


async def _sold(
    store: Store, event: int, catalogue: Catalogue, products: Sequence[int]
) -> frozenset[int]:
    """Find which of some products were sold by a version of the catalogue.

    Looks through all orders for a product that was not; changes of prices are rare.
    """
    if not products:
        return frozenset()
    rows = await store.fetch("sold_products", event, catalogue.version, products)
    return frozenset(row["product"] for row in rows)
