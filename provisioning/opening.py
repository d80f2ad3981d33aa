"""Opens the demo's event at the hub: catalogue, tills, guests and their money."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from contract.ids import TillId, WalletSerial, new_uuid7
from contract.token import PORTAL_PATH
from contract.token import TokenKey as PublicTokenKey
from edge.core.wristband import write_message
from edge.simulator.wristband import VirtualWristband
from hub.core.orders import ALL_ROUND
from hub.core.tokens import TokenSigner, new_code
from hub.service.booking import Booking
from hub.service.context import ContextKeeper
from hub.service.events import (
    NewEvent,
    add_token_key,
    create_event,
    publish_catalogue,
    register_till,
)
from hub.service.staff import NewMember, put_member, put_role
from hub.service.stockings import put_stocking
from hub.service.wristbands import Wristbands, credit_wallet
from hub.store.migrate import migrate
from hub.store.store import HUB_ROLE, Store
from provisioning import demo_event
from provisioning.demo_portal import open_portal
from provisioning.processes import write_private

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from pathlib import Path

    from provisioning.demo_event import Guest, Worker
    from provisioning.token_key import TokenKey

PROVIDER = "demo"
NEEDS_LOGIN = msgspec.structs.replace(ALL_ROUND, needs_login=True)
HUB_LOGIN = "hub"  # may do what the role kassenband_hub may, and no more
# Far above what the hub hands out in a demo, so that nobody has these serials.
UNKNOWN_SERIAL_FIRST = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Opening:
    """What the event is opened with."""

    dsn: str
    portal_url: str
    tills: Sequence[TillId]
    token_key: TokenKey
    uid_secret: bytes
    hub_passfile: Path
    staff: Sequence[Worker] = ()
    """With any, tills serve nobody before somebody has logged in."""
    people: bool = False
    """Whether the portal has a competition to register teams for."""


async def open_event(
    opening: Opening, guests: Iterable[Guest]
) -> dict[str, VirtualWristband]:
    """Migrate, publish and fund; return the guests' wristbands by name."""
    await migrate(opening.dsn)
    await _let_hub_log_in(opening)
    store = await Store.open(opening.dsn)
    try:
        await _publish(store, opening)
        async with _desk(store, opening) as (wristbands, booking):
            return {
                guest.name: await _equip(guest, wristbands, booking, opening)
                for guest in guests
            }
    finally:
        await store.close()


async def _let_hub_log_in(opening: Opening) -> None:
    """Give the hub a login of its own; its password lies in a passfile."""
    password = secrets.token_urlsafe(24)
    connection = await asyncpg.connect(opening.dsn)
    try:
        await connection.execute(
            f"CREATE ROLE {HUB_LOGIN} LOGIN IN ROLE {HUB_ROLE} PASSWORD '{password}'"
        )
    finally:
        await connection.close()
    passfile = f"*:*:*:{HUB_LOGIN}:{password}\n"
    write_private(opening.hub_passfile, passfile.encode())


async def _publish(store: Store, opening: Opening) -> None:
    number = demo_event.EVENT_NUMBER
    await create_event(
        store,
        NewEvent(
            number=number,
            slug=demo_event.EVENT,
            name=demo_event.EVENT_NAME,
            currency=demo_event.CURRENCY,
            seller=demo_event.SELLER,
            stand_in=demo_event.STAND_IN,
            portal_url=opening.portal_url,
            demo=True,
        ),
    )
    key = opening.token_key
    await add_token_key(
        store, number, PublicTokenKey(key_id=key.key_id, public_key=key.public)
    )
    for till in opening.tills:
        label = till.replace("-", " ").title()
        profile = NEEDS_LOGIN if opening.staff else None
        await register_till(store, number, till, label, profile=profile)
    await _employ(store, opening.staff)
    await put_stocking(store, number, demo_event.STOCKING, demo_event.CURRENCY)
    await publish_catalogue(store, number, demo_event.CATALOGUE)
    if opening.people:
        await open_portal(store)


async def _employ(store: Store, staff: Sequence[Worker]) -> None:
    number = demo_event.EVENT_NUMBER
    for role in {worker.role.name: worker.role for worker in staff}.values():
        await put_role(store, number, role)
    for worker in staff:
        member = NewMember(
            id=worker.id,
            name=worker.name,
            uid=worker.guest.uid,
            roles=(worker.role.name,),
            pin=demo_event.PIN,
        )
        await put_member(store, number, member)


@contextlib.asynccontextmanager
async def _desk(
    store: Store, opening: Opening
) -> AsyncIterator[tuple[Wristbands, Booking]]:
    """Stand in for the issuing desk before the hub itself starts."""
    context = ContextKeeper(store, demo_event.EVENT)
    await context.refresh()
    booking = Booking(store, demo_event.EVENT_NUMBER)
    writing = asyncio.create_task(booking.run())
    try:
        await booking.elected()
        yield (
            Wristbands(store, context, booking, _signer(opening), opening.uid_secret),
            booking,
        )
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _equip(
    guest: Guest, wristbands: Wristbands, booking: Booking, opening: Opening
) -> VirtualWristband:
    if not guest.has_token:
        return VirtualWristband.blank(guest.uid)
    if not guest.known:
        return _unregistered(guest, opening)
    issued = await wristbands.issue(guest.uid)
    if guest.balance_minor:
        await credit_wallet(
            booking,
            payment=new_uuid7(),
            wallet=issued.wallet,
            amount_minor=guest.balance_minor,
            provider=PROVIDER,
        )
    if guest.blocked:
        await wristbands.block(issued.wallet)
    message = write_message(issued.url, issued.body, issued.signature)
    return VirtualWristband.issued(guest.uid, message)


def _unregistered(guest: Guest, opening: Opening) -> VirtualWristband:
    """Make a wristband with a genuine token that the hub has never heard of."""
    number = int.from_bytes(guest.uid.octets[-3:], "big")
    serial = WalletSerial(UNKNOWN_SERIAL_FIRST + number)
    body, signature = _signer(opening).issue(
        guest.uid, demo_event.EVENT_NUMBER, 0, serial
    )
    url = f"{opening.portal_url}{PORTAL_PATH}{new_code()}"
    return VirtualWristband.issued(guest.uid, write_message(url, body, signature))


def _signer(opening: Opening) -> TokenSigner:
    key = opening.token_key
    return TokenSigner(key.private.read_bytes(), key.key_id)
