"""The demo's mail server: a real one that keeps what it gets, each mail in a file.

`python -m provisioning.mail_box PORT FOLDER` serves until SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import email.policy
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiosmtpd.smtp import Envelope, Session

LOOPBACK = "127.0.0.1"


class MailBox:
    """Writes each mail into a folder, named by when it came and for whom."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail in."""
        del server, session
        self._count += 1
        data = envelope.content
        assert isinstance(data, bytes), "mail is taken as bytes"
        mail = email.message_from_bytes(data, policy=email.policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        head = f"To: {', '.join(envelope.rcpt_tos)}\nSubject: {mail['subject']}\n\n"
        name = f"{datetime.now(UTC):%H%M%S}-{self._count}.txt"
        part = self._folder / f"{name}.part"
        part.write_text(head + text)
        part.replace(self._folder / name)  # who looks finds it whole, or not at all
        return "250 OK"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    options.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(options.port, MailBox(options.folder)))
    return 0


async def _serve(port: int, box: MailBox) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: SMTP(box), LOOPBACK, port)
    async with server:
        await stop.wait()


if __name__ == "__main__":
    raise SystemExit(main())
