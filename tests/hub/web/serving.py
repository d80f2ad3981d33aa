"""The web apps on a loopback port, and sources that answer from memory."""

from __future__ import annotations

import gzip
import socket
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import uvicorn

from hub.web.sources import Bulk, Health

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message
    from uuid import UUID

    from fastapi import FastAPI

    from contract.receipt import Receipt
    from hub.web.sources import Outstanding

LOOPBACK = "127.0.0.1"
TIMEOUT_S = 60
HEALTHY = Health(ok=True, role="writer", detail="booking")


@dataclass
class Receipts:
    """Receipts by order; an exception as a receipt is raised."""

    known: dict[UUID, Receipt | Outstanding | Exception] = field(default_factory=dict)

    async def receipt(self, order: UUID) -> Receipt | Outstanding | None:
        found = self.known.get(order)
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class Catalogues:
    """Catalogues by version; an exception as a catalogue is raised."""

    known: dict[int, bytes | Exception] = field(default_factory=dict)

    async def catalogue(self, version: int) -> bytes | None:
        found = self.known.get(version)
        if isinstance(found, Exception):
            raise found
        return found


class Wallets:
    """One snapshot, whatever is in it."""

    DATA: ClassVar[bytes] = b'{"number":1}'

    async def wallets(self) -> Bulk:
        return Bulk(self.DATA, gzip.compress(self.DATA), "d" * 64)


@dataclass
class Healths:
    """A verdict that a test may change."""

    verdict: Health | Exception = HEALTHY

    async def health(self) -> Health:
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


@dataclass(frozen=True)
class Site:
    """A served app."""

    url: str

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Answer:
        request = urllib.request.Request(
            f"{self.url}{path}", headers=dict(headers or {}), method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())


@contextmanager
def served(app: FastAPI) -> Iterator[Site]:
    """Serve an app until the block ends."""
    config = uvicorn.Config(
        app, http="h11", ws="none", lifespan="off", loop="asyncio", log_config=None
    )
    server = uvicorn.Server(config)
    # Clients wait in the backlog until the server's loop runs: no polling needed.
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield Site(f"http://{LOOPBACK}:{port}")
        finally:
            server.should_exit = True
            thread.join(TIMEOUT_S)
            assert not thread.is_alive(), "the server did not stop"
