"""The bench's event in a fresh database: tills, catalogue, and guests with money."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from contract.ids import TillId, WalletSerial, WristbandUid
from contract.token import Credential
from hub.core.tokens import TokenSigner
from hub.service import events
from hub.service.booking import Booking
from hub.service.context import ContextKeeper
from hub.service.orders import Orders
from hub.service.wristbands import Wristbands, credit_wallet
from hub.store.migrate import migrate
from hub.store.store import Store
from provisioning import demo_event
from provisioning.bench.orders import OrderMaker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from provisioning.token_key import TokenKey

GUESTS = 2000
FUNDS_MINOR = 1_000_000_00  # nobody runs out: a declined order would be no booking
ISSUED_AT_ONCE = 8
CREDITED_AT_ONCE = 1000
PORTAL = "https://127.0.0.1"
# Issuing thousands of wristbands is no measurement; their commits need not be durable.
HASTY = "synchronous_commit=off"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Tills and funded guests of an event that is in the database."""

    tills: tuple[TillId, ...]
    guests: tuple[tuple[WalletSerial, Credential], ...]

    def maker(self, seed: int = 1) -> OrderMaker:
        """Make orders by these guests."""
        return OrderMaker(demo_event.CATALOGUE, self.guests, seed=seed)


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub's services in this process, elected and ready to book."""

    booking: Booking
    orders: Orders


def till_names(count: int) -> tuple[TillId, ...]:
    """Name that many tills."""
    return tuple(TillId(f"bench-{number}") for number in range(1, count + 1))


async def found_event(
    dsn: str, key: TokenKey, tills: Sequence[TillId], guests: int = GUESTS
) -> Crowd:
    """Make the event in an empty database, with its tills and guests."""
    await migrate(dsn)
    number = demo_event.EVENT_NUMBER
    async with running_hub(f"{dsn}&{HASTY}", key) as (store, context, hub):
        for till in tills:
            await events.register_till(store, number, till, till)
        await events.publish_catalogue(store, number, demo_event.CATALOGUE)
        await context.refresh()
        signer = TokenSigner(key.private.read_bytes(), key.key_id)
        wristbands = Wristbands(
            store, context, hub.booking, signer, secrets.token_bytes(32)
        )
        people = await _issue(wristbands, guests)
        await _fund(hub.booking, [serial for serial, _ in people])
    return Crowd(tuple(tills), tuple(people))


@asynccontextmanager
async def running_hub(
    dsn: str, key: TokenKey
) -> AsyncIterator[tuple[Store, ContextKeeper, Hub]]:
    """The hub's booking in this process; the event is made if it is not there."""
    store = await Store.open(dsn)
    writer: asyncio.Task[None] | None = None
    try:
        await events.create_event(store, _new_event())
        public = TokenSigner(key.private.read_bytes(), key.key_id).public
        await events.add_token_key(store, demo_event.EVENT_NUMBER, public)
        context = ContextKeeper(store, demo_event.EVENT)
        await context.refresh()
        booking = Booking(store, demo_event.EVENT_NUMBER)
        writer = asyncio.create_task(booking.run())
        await booking.elected()
        yield store, context, Hub(booking, Orders(store, context, booking))
    finally:
        if writer is not None:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        await store.close()


def _new_event() -> events.NewEvent:
    return events.NewEvent(
        number=demo_event.EVENT_NUMBER,
        slug=demo_event.EVENT,
        name=demo_event.EVENT_NAME,
        currency=demo_event.CURRENCY,
        seller=demo_event.SELLER,
        stand_in=demo_event.STAND_IN,
        portal_url=PORTAL,
        demo=True,
    )


async def _issue(
    wristbands: Wristbands, count: int
) -> list[tuple[WalletSerial, Credential]]:
    async def some(numbers: range) -> list[tuple[WalletSerial, Credential]]:
        return [await _issue_one(wristbands, number) for number in numbers]

    shares = [range(first, count, ISSUED_AT_ONCE) for first in range(ISSUED_AT_ONCE)]
    return list(itertools.chain(*await asyncio.gather(*map(some, shares))))


async def _issue_one(
    wristbands: Wristbands, number: int
) -> tuple[WalletSerial, Credential]:
    uid = WristbandUid(b"\x04\xbe" + number.to_bytes(5, "big"))
    token = await wristbands.issue(uid)
    credential = Credential(uid=token.uid, body=token.body, signature=token.signature)
    return token.wallet, credential


async def _fund(booking: Booking, wallets: Sequence[WalletSerial]) -> None:
    for first in range(0, len(wallets), CREDITED_AT_ONCE):
        await asyncio.gather(
            *(
                credit_wallet(
                    booking,
                    payment=uuid4(),
                    wallet=wallet,
                    amount_minor=FUNDS_MINOR,
                    provider="bench",
                )
                for wallet in wallets[first : first + CREDITED_AT_ONCE]
            )
        )
