from __future__ import annotations

import asyncio
import contextlib
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from hub.payments.errors import ProviderSilent
from hub.payments.json_body import ANSWER_BYTES_MAX
from hub.payments.method import Answer, Call
from hub.payments.performing import CALLS_MAX, Limits, Performer, provider_client
from provisioning.ca import EventCa

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from hub.payments.method import Plan

SECRET = "sk_live_s3cret"
QUICK = Limits(connect_s=0.5, read_s=0.2, total_s=0.5)
PATIENT = Limits(connect_s=20, read_s=20, total_s=20)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def provider(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve connections by hand: a provider that answers as a test likes."""
    ended = asyncio.Event()
    serving = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
            await ended.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        ended.set()
        server.close()
        await asyncio.gather(*filter(None, serving))


async def performed(plan: Plan[Answer], limits: Limits = PATIENT) -> Answer:
    async with provider_client(limits) as client:
        return await Performer(client, limits).perform(plan)


def asking(url: str) -> Plan[Answer]:
    answer = yield Call(
        "POST", f"{url}/v1/{SECRET}", (("Authorization", SECRET),), SECRET.encode()
    )
    return answer


def says(*pieces: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def answer(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


async def test_a_plan_gets_the_answer_to_its_call() -> None:
    async with provider(says(GOOD)) as url:
        assert await performed(asking(url)) == Answer(200, b"{}")


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    moved = (
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    async with provider(says(moved)) as url:
        assert (await performed(asking(url))).status == 302


async def trickling(writer: asyncio.StreamWriter) -> None:
    """Answer without end, so slowly that no single wait is too long."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flooding(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(ANSWER_BYTES_MAX // 4096 + 2):
        writer.write(b"x" * 4096)
        await writer.drain()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says(), "in time"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"), "in time"),
        (trickling, "in time"),
        (says(b"what?\r\n\r\n"), "broke off"),
        (flooding, "more than it ever does"),
    ],
    ids=["silent", "truncated", "trickling", "nonsense", "endless"],
)
async def test_a_provider_that_does_not_answer_well_is_silent(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]], why: str
) -> None:
    limits = QUICK if why == "in time" else PATIENT
    async with provider(answer) as url, asyncio.timeout(60):
        with pytest.raises(ProviderSilent, match=why) as caught:
            await performed(asking(url), limits)
    assert SECRET not in repr(caught.value)
    assert caught.value.__context__ is None
    assert "127.0.0.1" in str(caught.value)
    assert "Try again" in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1", "x", ""])
async def test_a_provider_that_is_not_there_is_silent(url: str) -> None:
    with pytest.raises(ProviderSilent, match="Try again"):
        await performed(asking(url))


async def test_a_provider_that_is_somebody_else_is_silent(tmp_path: Path) -> None:
    ca = EventCa.create(tmp_path, "sola")
    leaf = ca.issue_server("edge", ["127.0.0.1"])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(leaf.certificate, leaf.key)
    asked = False

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = True
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ProviderSilent, match="not who it should be"):
        await performed(asking(f"https://127.0.0.1:{port}"))
    server.close()
    assert not asked, "the secret was sent to somebody else"


async def test_a_plan_may_go_on_after_silence() -> None:
    def patient(url: str) -> Plan[Answer]:
        try:
            yield Call("GET", "http://127.0.0.1:1")
        except ProviderSilent:
            answer = yield Call("GET", url)
        return answer

    async with provider(says(GOOD)) as url:
        assert (await performed(patient(url))).status == 200


async def test_a_plan_without_end_is_ended() -> None:
    calls = 0

    def endless() -> Plan[Answer]:
        nonlocal calls
        while True:
            calls += 1
            with contextlib.suppress(ProviderSilent):
                yield Call("GET", "http://127.0.0.1:1")

    async with asyncio.timeout(60):
        with pytest.raises(ProviderSilent, match=str(CALLS_MAX)):
            await performed(endless())
    assert calls == CALLS_MAX + 1
