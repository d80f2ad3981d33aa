"""A mail server for tests: keeps what it takes, and may have moods."""

from __future__ import annotations

import asyncio
import email
import email.policy
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

from hub.service.outbox import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage

    from aiosmtpd.smtp import Envelope, Session


@dataclass
class Post:
    """What arrived."""

    taken: list[EmailMessage] = field(default_factory=list)
    moods: list[str] = field(default_factory=list)
    """What it answers to the next mails instead of taking them."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.moods:
            return self.moods.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        self.taken.append(message)
        self.arrived.set()
        return "250 OK"


@asynccontextmanager
async def mail_server(post: Post, **options: Any) -> AsyncIterator[Server]:
    """Take mail in on a loopback port until the block ends."""
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(
        lambda: SMTP(post, hostname="mail.example", loop=loop, **options),
        "127.0.0.1",
        0,
    )
    try:
        yield Server(
            host="127.0.0.1",
            port=listener.sockets[0].getsockname()[1],
            security="none",
            sender="office@portal.example",
            sender_name="Büro",
        )
    finally:
        listener.close()
        await listener.wait_closed()
