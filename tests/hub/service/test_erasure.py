from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from contract.ids import TillId, WalletSerial
from contract.messages import AdviceFlag, Note, OrderBooked
from contract.order import OrderKind, Outcome, Path
from hub.service.erasure import Guests, StillOwed
from hub.service.events import revoke_till
from hub.service.verification import verify
from hub.service.wristbands import UnknownWristband, WristbandRefused
from tests.hub import samples
from tests.hub.acts import on_wristband, payout, swap, top_up
from tests.hub.people import advise, hire, login, request
from tests.hub.samples import order

if TYPE_CHECKING:
    from tests.hub.hubs import Parts

COMMENT = "Lost the yellow hat; call 0170 1234567."
CONTACT = {"name": "Erika Mustermann", "mail": "erika@example.org"}


@pytest_asyncio.fixture
async def guests(parts: Parts) -> Guests:
    return Guests(parts.store, parts.context, parts.booking)


async def is_well(parts: Parts) -> bool:
    event = parts.context.current
    report = await verify(parts.store, event.number, event.incarnation)
    assert report.ok, report.findings
    return report.ok


async def whole_database(parts: Parts) -> str:
    """All that the database holds, as text; bytes as themselves where they are text."""
    owner = await asyncpg.connect(parts.store.dsn)
    names = await owner.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    texts = []
    for row in names:
        table = row["tablename"]
        for record in await owner.fetch(f'SELECT * FROM "{table}"'):
            for value in record.values():
                if isinstance(value, bytes):
                    texts += [value.decode("latin-1"), value.hex()]
                else:
                    texts.append(str(value))
    await owner.close()
    return "\n".join(texts)


async def a_guest(parts: Parts, guests: Guests) -> tuple[WalletSerial, WalletSerial]:
    """Somebody with a history: bought, was commented, swapped, reached, paid out."""
    old, new = await parts.wallet(2000, 1), await parts.wallet(0, 2)
    await advise(parts, order(450, old))
    note = Note(key=uuid4(), text=COMMENT)
    await parts.inquiries.note([note], samples.TILL, str(note.key).encode())
    about = on_wristband(OrderKind.ANNOTATE, old, note=note.key)
    assert isinstance(await request(parts, about), OrderBooked)
    assert isinstance(await request(parts, swap(old, new)), OrderBooked)
    await guests.reach(new, CONTACT)
    return old, new


async def test_a_guest_is_forgotten_and_the_ledger_is_not(
    parts: Parts, guests: Guests
) -> None:
    old, new = await a_guest(parts, guests)
    assert isinstance(await request(parts, payout(new, 1550)), OrderBooked)
    assert await is_well(parts)
    before = await whole_database(parts)
    assert COMMENT in before
    assert CONTACT["mail"] in before
    connection = await parts.store.connect()
    hashes = await connection.fetch("SELECT uid_hash, code_hash FROM wristband")
    await connection.close()

    erased = await guests.erase(new)

    assert erased.serials == (old, new)
    assert await is_well(parts)
    after = await whole_database(parts)
    for gone in (COMMENT, *CONTACT.values()):
        assert gone not in after
    for row in hashes:
        assert row["uid_hash"].hex() not in after
        assert row["code_hash"].hex() not in after
    assert await guests.contact(new) == {}


async def test_the_history_of_who_was_forgotten_is_still_proved(
    parts: Parts, guests: Guests
) -> None:
    old, new = await a_guest(parts, guests)
    await request(parts, payout(new, 1550))
    await guests.erase(old)
    await guests.erase(old)  # again: nothing more to forget

    await advise(parts, order(300, old), path=Path.STAND_IN)  # a till comes late
    assert await is_well(parts)


async def test_the_chip_of_who_was_forgotten_is_a_stranger(
    parts: Parts, guests: Guests
) -> None:
    wallet = await parts.wallet(0, 1)

    await guests.erase(wallet)

    assert (await parts.wristbands.issue(samples.uid(1))).wallet != wallet


async def test_money_is_paid_out_first(parts: Parts, guests: Guests) -> None:
    wallet = await parts.wallet(1234)
    await guests.reach(wallet, CONTACT)

    with pytest.raises(StillOwed, match=r"12\.34 EUR. Pay it out first"):
        await guests.erase(wallet)

    assert await guests.contact(wallet) == CONTACT


async def test_an_unknown_guest_can_t_be_forgotten(guests: Guests) -> None:
    with pytest.raises(UnknownWristband, match="4000000"):
        await guests.erase(WalletSerial(4_000_000))
    with pytest.raises(UnknownWristband):
        await guests.reach(WalletSerial(4_000_000), CONTACT)


def shapes_of(number: int) -> set[str]:
    """What a UID looks like in text."""
    octets = samples.uid(number).octets
    plain = {octets.hex(), octets.hex(":"), octets.hex(" "), repr(octets)}
    return plain | {base64.b64encode(octets).decode(), str(samples.uid(number))}


async def test_no_table_holds_a_uid(parts: Parts) -> None:
    """Whatever tills say of orders, and however they say it."""
    await hire(parts)
    await parts.staff.log_in(login("dora"), samples.TILL)
    old, new = await parts.wallet(5000, 1), await parts.wallet(0, 2)
    sale, second = order(450, old), order(300, old)
    assert isinstance(
        await request(parts, msgspec.structs.replace(sale, cashier="dora")), OrderBooked
    )
    await advise(parts, sale)
    await advise(parts, sale, Outcome.ABORTED)  # a contradiction
    await advise(parts, second, path=Path.STAND_IN)
    await advise(parts, order(100, old), Outcome.ABORTED)
    await advise(parts, top_up(old, 700))
    await advise(parts, payout(old, 300))
    await advise(parts, swap(old, new))
    await advise(parts, order(200, new + 100))  # of nobody we know
    other = TillId("bar-2")
    await revoke_till(parts.store, samples.EVENT.number, other)
    await parts.context.refresh()
    held = order(250, new, till=other)
    assert await advise(parts, held) == (AdviceFlag.REVOKED_TILL,)
    await parts.orders.quarantine.release(held.id, "dora")

    said = (await whole_database(parts)).lower()

    assert str(held.id) in said
    for number in (1, 2, 101, 104):
        for shape in shapes_of(number):
            assert shape.lower() not in said
    assert await is_well_but_for_a_contradiction(parts)


async def is_well_but_for_a_contradiction(parts: Parts) -> bool:
    event = parts.context.current
    report = await verify(parts.store, event.number, event.incarnation)
    found = {each.text for each in report.findings}
    return found == {"Two advices contradict each other; only the first was booked."}


async def test_logs_hold_no_uid(
    parts: Parts, guests: Guests, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await hire(parts)
    for name in ("ann", "zoe"):
        await parts.staff.log_in(login(name), samples.TILL)
    wallet = await parts.wallet(2000, 1)
    await advise(parts, order(450, wallet))
    await advise(parts, order(9450, wallet), path=Path.STAND_IN)
    await request(parts, swap(wallet, wallet + 1))
    await parts.wristbands.block(wallet)
    with pytest.raises(WristbandRefused) as refused:
        await parts.wristbands.issue(samples.uid(1))
    logging.getLogger("hub").warning("%s", refused.value)
    await parts.staff.log_in(login("ann"), TillId("bar-2"))

    logged = caplog.text
    assert "ann" in logged
    for number in (1, 101, 200):
        for shape in shapes_of(number):
            assert shape.lower() not in logged.lower()
