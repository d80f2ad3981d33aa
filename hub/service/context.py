"""What is agreed for the event, read once and again whenever somebody changes it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contract.catalogue import decode_catalogue
from contract.config import EventLimits, TillProfile
from contract.ids import EventId, TillId
from contract.messages import (
    CatalogueLink,
    Right,
    StaffEntry,
    StaffRole,
    StandInLimits,
)
from contract.money import Currency
from contract.order import BookingModel
from contract.receipt import Seller
from contract.token import TokenKey
from hub.core.orders import Agreed, Till
from hub.core.staffing import Member, Staffing
from hub.service.stockings import stockings
from hub.store.errors import DatabaseGone, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from contract.stocking import Stocking
    from hub.store.store import Row, Store

log = logging.getLogger(__name__)

CHANNEL = "kassenband_context"
NOBODY = Staffing()
CATALOGUE_PATH = "/edge/catalogue/"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContext:
    """An event as configured: who sells, what is agreed, and how far tills may go."""

    name: str
    seller: Seller
    stand_in: StandInLimits
    portal_url: str
    demo: bool
    incarnation: UUID
    agreed: Agreed
    catalogue: CatalogueLink | None
    staffing: Staffing = NOBODY
    stockings: tuple[Stocking, ...] = ()

    @property
    def event(self) -> EventId:
        """The event's short name."""
        return self.agreed.event

    @property
    def number(self) -> int:
        """The event's number, as tokens and the database know it."""
        return self.agreed.number


class UnknownEvent(StoreError):
    """The configured event is not in the database."""


class ContextKeeper:
    """Holds the current context; services read it, nobody changes it in place."""

    def __init__(self, store: Store, slug: EventId) -> None:
        self._store = store
        self._slug = slug
        self._current: EventContext | None = None
        self._stale = asyncio.Event()
        self._listeners: list[Callable[[EventContext], None]] = []

    @property
    def current(self) -> EventContext:
        """The context as of the last refresh."""
        assert self._current is not None, "refresh comes first"
        return self._current

    def on_change(self, listener: Callable[[EventContext], None]) -> None:
        """Have a function called with each new context."""
        self._listeners.append(listener)

    def invalidate(self, _payload: str = "") -> None:
        """Note that the database holds news; `run` fetches them soon."""
        self._stale.set()

    async def refresh(self) -> EventContext:
        """Read the context now; raises UnknownEvent, DatabaseGone."""
        fresh = await _load(self._store, self._slug)
        if fresh != self._current:
            self._current = fresh
            for listener in self._listeners:
                listener(fresh)
        return fresh

    async def run(self) -> None:
        """Keep the context fresh until canceled."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self.refresh()
            except DatabaseGone as error:
                log.warning("%s", error)


async def _load(store: Store, slug: EventId) -> EventContext:
    row = await store.fetch_row("event_by_slug", slug)
    if row is None:
        raise UnknownEvent(
            f"The database holds no event named {slug}. "
            "Create it, or correct the event in the hub's configuration."
        )
    number = row["number"]
    catalogues = await store.fetch("catalogues", number)
    keys = await store.fetch("token_keys", number)
    tills = await store.fetch("tills", number)
    staffing = await _staffing(store, number)
    return EventContext(
        name=row["name"],
        seller=msgspec.json.decode(row["seller"], type=Seller),
        stand_in=msgspec.json.decode(row["stand_in"], type=StandInLimits),
        portal_url=row["portal_url"],
        demo=row["demo"],
        incarnation=row["incarnation"],
        catalogue=_link(catalogues[-1]) if catalogues else None,
        staffing=staffing,
        stockings=await stockings(store, number),
        agreed=Agreed(
            event=slug,
            number=number,
            currency=Currency(row["currency"]),
            limits=msgspec.json.decode(row["limits"], type=EventLimits),
            booking_model=BookingModel(row["booking_model"]),
            catalogues={
                each["version"]: decode_catalogue(each["body"]) for each in catalogues
            },
            tills={TillId(each["id"]): _till(each) for each in tills},
            token_keys=tuple(
                TokenKey(key_id=each["key_id"], public_key=each["public_key"])
                for each in keys
            ),
        ),
    )


def _link(row: Row) -> CatalogueLink:
    return CatalogueLink(
        version=row["version"],
        digest=row["digest"],
        path=f"{CATALOGUE_PATH}{row['version']}",
    )


def _profile(said: str | None) -> TillProfile | None:
    return None if said is None else msgspec.json.decode(said, type=TillProfile)


async def _staffing(store: Store, event: int) -> Staffing:
    roles = await store.fetch("staff_roles", event)
    members = await store.fetch("staff", event)
    return Staffing(
        tuple(
            StaffRole(
                name=each["name"],
                rights=tuple(Right(right) for right in each["rights"]),
                needs_register=each["needs_register"],
            )
            for each in roles
        ),
        tuple(Member(_entry(each), each["blocked"]) for each in members),
        await store.fetch_value("staff_key", event),
    )


def _entry(row: Row) -> StaffEntry:
    return StaffEntry(
        id=row["id"],
        name=row["name"],
        uid_hash=row["uid_hash"],
        roles=tuple(row["roles"]),
        pin_hash=row["pin_hash"],
    )


def _till(row: Row) -> Till:
    return Till(
        id=TillId(row["id"]),
        label=row["label"],
        issues_wristbands=row["issues_wristbands"],
        profile=_profile(row["profile"]),
        revoked=row["revoked"],
    )
