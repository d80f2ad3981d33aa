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
from hub.service.bills import Billing
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
from hub.store.queries import QUERIES
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


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a guest comes to the till with: a wristband, and maybe an open bill."""

    wristband: VirtualWristband
    bill: str = ""


async def open_event(opening: Opening, guests: Iterable[Guest]) -> dict[str, Equipment]:
    """Migrate, publish and fund; return what guests come with, by their names."""
    await migrate(opening.dsn)
    await _let_hub_log_in(opening)
    store = await Store.open(opening.dsn)
    try:
        await _publish(store, opening)
        async with _opened_desk(store, opening) as desk:
            return {guest.name: await _equip(guest, desk, opening) for guest in guests}
    finally:
        await store.close()


async def _let_hub_log_in(opening: Opening) -> None:
    """Give the hub a login of its own; its password lies in a passfile."""
    password = secrets.token_urlsafe(24)
    connection = await asyncpg.connect(opening.dsn)
    try:
        statement = await connection.fetchval(
            QUERIES["login_statement"], HUB_LOGIN, HUB_ROLE, password
        )
        await connection.execute(statement)
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


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who hands out wristbands, money and bills before the hub itself starts."""

    wristbands: Wristbands
    booking: Booking
    billing: Billing


@contextlib.asynccontextmanager
async def _opened_desk(store: Store, opening: Opening) -> AsyncIterator[_Desk]:
    context = ContextKeeper(store, demo_event.EVENT)
    await context.refresh()
    booking = Booking(store, demo_event.EVENT_NUMBER)
    writing = asyncio.create_task(booking.run())
    try:
        await booking.elected()
        yield _Desk(
            Wristbands(store, context, booking, _signer(opening), opening.uid_secret),
            booking,
            Billing(store, {}),
        )
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _equip(guest: Guest, desk: _Desk, opening: Opening) -> Equipment:
    if not guest.has_token:
        return Equipment(VirtualWristband.blank(guest.uid))
    if not guest.known:
        return Equipment(_unregistered(guest, opening))
    issued = await desk.wristbands.issue(guest.uid)
    if guest.balance_minor:
        await credit_wallet(
            desk.booking,
            payment=new_uuid7(),
            wallet=issued.wallet,
            amount_minor=guest.balance_minor,
            provider=PROVIDER,
        )
    if guest.blocked:
        await desk.wristbands.block(issued.wallet)
    message = write_message(issued.url, issued.body, issued.signature)
    wristband = VirtualWristband.issued(guest.uid, message)
    if not guest.bill_minor:
        return Equipment(wristband)
    bill = await desk.billing.top_up(
        demo_event.EVENT_NUMBER, issued.wallet, guest.bill_minor
    )
    return Equipment(wristband, bill)


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
