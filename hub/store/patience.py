"""Waiting for a database that is there, but not ready yet."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

PAUSE_S = 1

Made = TypeVar("Made")


async def once_up(connect: Callable[[], Awaitable[Made]]) -> Made:
    """Connect, after waiting for as long as the server starts up or recovers.

    After a power cut that takes minutes; giving up would only begin them again.
    """
    said = False
    while True:
        try:
            return await connect()
        except asyncpg.CannotConnectNowError as error:
            if not said:
                log.warning("Waiting for the database, which answers: %s.", error)
            said = True
        await asyncio.sleep(PAUSE_S)
