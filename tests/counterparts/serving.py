"""Serves an app in the test's own loop, so that it shares the test's database pool."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
PATIENCE_S = 60
"""How long clients of what is served here wait for an answer, on a busy machine."""


def listener() -> socket.socket:
    """Take a port; who connects before anything serves there waits."""
    return socket.create_server((LOOPBACK, 0))


def url_of(taken: socket.socket) -> str:
    """Name what is served at a port."""
    return f"http://{LOOPBACK}:{taken.getsockname()[1]}"


@asynccontextmanager
async def running(
    app: ASGIApp, taken: socket.socket | None = None, *, access_log: bool = False
) -> AsyncIterator[str]:
    """Serve an app until the block ends; its address."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=access_log,
    )
    server = uvicorn.Server(config)
    # Signals are the test runner's.
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with taken or listener() as bound:
        serving = asyncio.create_task(server._serve([bound]))
        try:
            yield url_of(bound)
        finally:
            server.should_exit = True
            await serving
