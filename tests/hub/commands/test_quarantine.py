"""What operators decide reaches the ledger through the hub that is its writer."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import pytest_asyncio

from contract.order import make_line
from hub.commands import quarantine as commands
from hub.service.events import revoke_till
from hub.service.quarantine import CHANNEL
from tests.hub import samples
from tests.hub.hubs import PATIENCE_S, running_parts
from tests.hub.service.shop import BEER, OTHER, Shop, a_sale

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.commands.conftest import Office, Said

BEERS = make_line(BEER, 2)


@pytest_asyncio.fixture
async def shop(store: Store, context: ContextKeeper) -> AsyncIterator[Shop]:
    """A hub in service, with a revoked till."""
    async with running_parts(store, context) as parts:
        shop = await Shop(parts).open()
        await revoke_till(store, samples.EVENT.number, OTHER)
        await context.refresh()
        yield shop


@asynccontextmanager
async def booking(shop: Shop) -> AsyncIterator[None]:
    """Let the hub hear of decisions and book them."""
    quarantine = shop.parts.orders.quarantine
    tasks = [
        asyncio.create_task(quarantine.run()),
        asyncio.create_task(
            shop.parts.store.listen({CHANNEL: quarantine.hear}, lost=quarantine.hear)
        ),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run(office: Office, *arguments: str) -> Said:
    return await asyncio.to_thread(office, "quarantine", *arguments)


async def test_what_waits_is_listed_shown_and_released(
    shop: Shop, new_hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = await shop.band(2000)
    late = a_sale(wallet, BEERS, till=OTHER)
    await shop.advise(late)

    listed = await run(new_hub, "list")
    assert str(late.id) in listed.out
    assert "its till is revoked" in listed.out
    shown = await run(new_hub, "show", str(late.id))
    assert "2 x Beer: 9.00 EUR" in shown.out
    assert "Decided: not yet." in shown.out

    monkeypatch.setattr(commands, "WAIT_S", PATIENCE_S)
    async with booking(shop):
        said = await run(new_hub, "release", str(late.id), "--by", "finance-1")
    assert (said.code, said.out) == (0, f"Order {late.id} is booked.\n")
    assert await shop.held(wallet) == (1100, 0)
    assert (await run(new_hub, "list")).out == "Nothing waits in quarantine.\n"
    (kept,) = (await run(new_hub, "list", "--all", "--json")).figures["quarantined"]
    assert (kept["decided_by"], kept["booked"]) == ("finance-1", True)


async def test_without_a_writer_the_decision_waits(
    shop: Shop, new_hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "WAIT_S", 0.2)
    wallet = await shop.band(2000)
    late = a_sale(wallet, BEERS, till=OTHER)
    await shop.advise(late)

    said = await run(new_hub, "release", str(late.id), "--by", "me")
    assert said.code == 1
    assert "Start the hub: it books it by itself" in said.out
    await shop.parts.orders.quarantine.book()
    assert await shop.held(wallet) == (1100, 0)


async def test_what_is_dismissed_is_kept_with_its_reason(
    shop: Shop, new_hub: Office
) -> None:
    wallet = await shop.band(2000)
    stolen = a_sale(wallet, BEERS, till=OTHER)
    await shop.advise(stolen)

    said = await run(
        *(new_hub, "dismiss", str(stolen.id)), "--by", "me", "--reason", "stolen"
    )
    assert said.out == f"Order {stolen.id} stays unbooked.\n"
    assert (await run(new_hub, "list")).out == "Nothing waits in quarantine.\n"
    shown = await run(new_hub, "show", str(stolen.id))
    assert "Decided: dismissed by me (stolen)." in shown.out
    assert await shop.held(wallet) == (2000, 0)


@pytest.mark.parametrize(
    "words",
    [("--by", ""), ("--by", "a\x01b"), ("--by", "me", "--reason", "\udcff")],
)
def test_who_answers_and_why_can_be_read(
    new_hub: Office, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        new_hub("quarantine", "release", str(uuid4()), *words)
    assert "is no text of 1 to 120 printable characters" in capsys.readouterr().err


async def test_what_nobody_set_aside_is_not_found(shop: Shop, new_hub: Office) -> None:
    for verb in (("show",), ("release", "--by", "me"), ("dismiss", "--by", "me")):
        said = await run(new_hub, verb[0], str(uuid4()), *verb[1:])
        assert said.code == 1
        assert "set aside" in said.errors
