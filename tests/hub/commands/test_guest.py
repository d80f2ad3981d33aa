"""A guest is forgotten by command, through the hub that is the ledger's writer."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from hub.commands import guest as commands
from hub.service.erasure import CHANNEL, Erasing
from tests.hub.hubs import PATIENCE_S, running_parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.commands.conftest import Office, Said
    from tests.hub.hubs import Parts


@pytest_asyncio.fixture
async def parts(store: Store, context: ContextKeeper) -> AsyncIterator[Parts]:
    async with running_parts(store, context) as running:
        yield running


@asynccontextmanager
async def forgetting(parts: Parts) -> AsyncIterator[None]:
    """Let the hub hear of wishes and do them."""
    erasing = Erasing(parts.store, parts.context, parts.booking)
    heard = {CHANNEL: erasing.hear}
    tasks = [
        asyncio.create_task(erasing.run()),
        asyncio.create_task(parts.store.listen(heard, lost=erasing.hear)),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run(office: Office, *arguments: object) -> Said:
    return await asyncio.to_thread(office, "guest", *map(str, arguments))


async def figures(office: Office, *arguments: object) -> Any:
    return await asyncio.to_thread(office.figures, "guest", *map(str, arguments))


async def blocked(parts: Parts, serial: int) -> bool:
    row = await parts.store.fetch_row(
        "guest_wallet", parts.context.current.number, serial
    )
    assert row is not None
    return bool(row["blocked"])


async def test_a_guest_is_forgotten_and_their_wristband_blocked(
    parts: Parts, new_hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "WAIT_S", PATIENCE_S)
    serial = await parts.wallet(0)
    said = await run(new_hub, "contact", serial, "name=Erika", "mail=e@example.org")
    assert said.out == (
        f"The guest with wristband {serial} is reached by name Erika, "
        "mail e@example.org.\n"
    )
    known = await figures(new_hub, "show", serial)
    assert known["contact"] == {"name": "Erika", "mail": "e@example.org"}

    async with forgetting(parts):
        said = await run(new_hub, "erase", serial, "--by", "fay")

    assert said.code == 0, said
    assert f"blocked: {serial}." in said.out
    assert await blocked(parts, serial)
    assert (await figures(new_hub, "show", serial))["contact"] == {}


async def test_nothing_is_written_any_more_of_who_was_forgotten(
    parts: Parts, new_hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "WAIT_S", PATIENCE_S)
    serial = await parts.wallet(0)
    assert "Forgotten" not in (await run(new_hub, "show", serial)).out
    async with forgetting(parts):
        await run(new_hub, "erase", serial, "--by", "fay")

        said = await run(new_hub, "contact", serial, "name=Yann")
        assert said.code == 1
        assert f"The guest with wristband {serial} is forgotten since 2" in said.errors
        again = await run(new_hub, "erase", serial, "--by", "fay")

    assert again.code == 0
    assert f"The guest with wristband {serial} is forgotten since 2" in again.out
    assert "blocked" not in again.out
    assert "\nForgotten since 2" in (await run(new_hub, "show", serial)).out
    known = await figures(new_hub, "show", serial)
    assert known["contact"] == {}
    assert known["forgotten_at"] is not None


async def test_money_is_paid_out_before_somebody_is_forgotten(
    parts: Parts, new_hub: Office
) -> None:
    serial = await parts.wallet(12_34)

    said = await run(new_hub, "erase", serial, "--by", "fay")

    assert said.code == 1
    assert "still holds 12.34 EUR. Pay it out first." in said.errors
    assert not await blocked(parts, serial)
    assert "Wallet: 12.34 EUR" in (await run(new_hub, "show", serial)).out


async def test_money_that_came_meanwhile_is_paid_out_first_too(
    parts: Parts, new_hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked while the hub was off; it was topped up before the hub got to it."""
    monkeypatch.setattr(commands, "WAIT_S", 0.0)
    serial = await parts.wallet(0)
    said = await run(new_hub, "erase", serial, "--by", "fay")
    assert said.code == 1
    assert "Start the hub" in said.out
    assert await parts.wallet(500) == serial

    erasing = Erasing(parts.store, parts.context, parts.booking)
    assert await erasing.book() == 0

    assert not await blocked(parts, serial)
    assert await erasing.book() == 0, "it was refused for good: ask again"
    row = await parts.store.fetch_row("erasure_asked", parts.context.current.number, 1)
    assert row is not None
    assert "still holds 5.00 EUR" in row["refusal"]


async def test_what_waited_is_forgotten_when_the_hub_is_back(
    parts: Parts, new_hub: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "WAIT_S", 0.0)
    serial = await parts.wallet(0)
    told = await asyncio.to_thread(
        new_hub, "guest", "erase", str(serial), "--by", "fay", "--json"
    )
    assert (told.code, told.figures) == (
        1,
        {"wristbands": [serial], "erased": False},
    )

    erasing = Erasing(parts.store, parts.context, parts.booking)
    assert await erasing.book() == 1
    assert await erasing.book() == 0
    assert await blocked(parts, serial)


async def test_who_is_not_known_can_t_be_forgotten(
    parts: Parts, new_hub: Office
) -> None:
    for words in (("erase", "4000000", "--by", "fay"), ("show", "4000000")):
        said = await run(new_hub, *words)
        assert said.code == 1
        assert "There is no wristband with serial 4000000." in said.errors


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("erase", "ann", "--by", "fay"), "'ann' is no wristband's serial"),
        (("erase", "7"), "--by"),
        (("show", "1" + 28 * "0"), "is no wristband's serial"),
        (("show", "4294967296"), "is no wristband's serial"),
        (("show", "\u0663"), "is no wristband's serial"),
        (("erase", "7", "--by", ""), "'' is no text of 1 to 120"),
        (("erase", "7", "--by", "\udcff"), "is no text of 1 to 120"),
        (("contact", "7", "ann"), "Write it as mail=ann@example.org."),
        (("contact", "7", "name=a\x01b"), "'a\\x01b' is no text of 1 to 120"),
        (("contact", "7", "name=\udcff"), "is no text of 1 to 120"),
        (("contact", "7", "name=" + 121 * "a"), "is no text of 1 to 120"),
    ],
)
def test_what_is_typed_wrongly_is_told(
    new_hub: Office,
    words: tuple[str, ...],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        new_hub("guest", *words)
    assert says in capsys.readouterr().err


def test_a_name_given_twice_is_told(new_hub: Office) -> None:
    said = new_hub("guest", "contact", "7", "mail=a@example.org", "mail=b@example.org")
    assert (said.code, said.out) == (2, "")
    assert "A name is given twice." in said.errors
