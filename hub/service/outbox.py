"""The outbox: mail is written into the database with what caused it, and sent later.

A mail is claimed before it is sent, for longer than sending can take, and marked when
the server has taken it. So it goes out again only if the hub died between the server's
word and ours; its Message-ID then tells mail programs that it is the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import logging
import secrets
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Protocol

import aiosmtplib

from hub.service.letters import letters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.store.store import Row, Store

log = logging.getLogger(__name__)

CHANNEL = "kassenband_mail"
AT_ONCE = 20
SMTP_TIMEOUT_S = 30
CLAIM = timedelta(minutes=15)
"""Longer than all that are claimed at once can take to be sent or to fail."""

PUT_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
"""Pauses after failures; after the last the mail is given up."""

LOOK_AGAIN_S = 60
PERMANENT = range(500, 600)
# Not all of SMTP's permanent answers are about the mail: these are about us.
_OURS = frozenset({530, 534, 535, 538})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A letter to somebody, with what goes into its blanks."""

    letter: str
    to: str
    language: str
    blanks: Mapping[str, str]
    holds_secret: bool = False
    """Whether a key to an account is in it, which is not kept once it was sent."""
    useful_for: timedelta = timedelta(days=7)
    occasion: str | None = None
    """What it is about: a second mail about the same is not queued."""


class Outbox:
    """Takes mail in."""

    def __init__(self, domain: str) -> None:
        self._domain = domain

    async def put(self, work: _Writes, mail: Mail) -> bool:
        """Queue a mail within a unit of work; False if its occasion was there."""
        template = getattr(letters(mail.language), mail.letter)
        letter = template.filled(mail.blanks)
        row = await work.fetch_row(
            "queue_mail",
            f"<{secrets.token_hex(16)}@{self._domain}>",
            mail.occasion,
            mail.to,
            mail.language,
            letter.subject,
            letter.body,
            mail.holds_secret,
            mail.useful_for,
        )
        return row is not None


class _Writes(Protocol):
    """A store, or a unit of work of one."""

    async def fetch_row(self, query: str, *values: object) -> Row | None:
        """Return the first row of a named query, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The mail server, and on whose behalf mail goes out."""

    host: str
    port: int
    security: str
    """starttls, tls, or none for a server on this machine."""
    sender: str
    sender_name: str = ""
    user: str = ""
    password: str = ""
    ca: str = ""
    """A file with the server's own authority; else those the system trusts."""


class Postman:
    """Sends what is in the outbox, forever."""

    def __init__(self, store: Store, server: Server) -> None:
        self._store = store
        self._server = server
        self._woken = asyncio.Event()

    def hear(self, _: str) -> None:
        """Be told that there is new mail."""
        self._woken.set()

    async def run(self) -> None:
        """Send whenever something is due; DatabaseGone ends it."""
        while True:
            self._woken.clear()
            while await self.send_due():
                pass
            due_s = await self._store.fetch_value("next_mail_due")
            pause_s = LOOK_AGAIN_S if due_s is None else min(LOOK_AGAIN_S, due_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(1, pause_s)):
                    await self._woken.wait()

    async def send_due(self) -> int:
        """Try to send the next mails that are due; returns how many were tried."""
        rows = await self._store.fetch("claim_mail", AT_ONCE, CLAIM)
        if not rows:
            return 0
        useful = [row for row in rows if not row["is_useless"]]
        for row in rows:
            if row["is_useless"]:
                await self._give_up(row, "It could not be sent while it was of use.")
        if useful:
            await self._send_all(useful)
        return len(rows)

    async def _send_all(self, rows: list[Row]) -> None:
        client = self._client()
        try:
            await client.connect()
            if self._server.user:
                await client.login(self._server.user, self._server.password)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            log.warning("The mail server %s refused us: %s", self._server.host, error)
            for row in rows:
                await self._put_off(row, str(error))
            client.close()
            return
        try:
            for row in rows:
                await self._send(client, row)
        finally:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            client.close()

    async def _send(self, client: aiosmtplib.SMTP, row: Row) -> None:
        try:
            message = self._message(row)
        except ValueError as error:
            await self._give_up(row, f"It can't be written as a mail: {error}")
            return
        try:
            await client.send_message(message)
        except aiosmtplib.SMTPResponseException as error:
            if error.code in PERMANENT and error.code not in _OURS:
                await self._give_up(row, str(error))
            else:
                await self._put_off(row, str(error))
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = {each.code for each in error.recipients}
            if all(code in PERMANENT for code in codes):
                await self._give_up(row, str(error))
            else:
                await self._put_off(row, str(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._put_off(row, str(error))
        else:
            await self._store.fetch("mail_sent", row["id"])

    async def _put_off(self, row: Row, problem: str) -> None:
        if row["attempts"] > len(PUT_OFF):
            await self._give_up(row, problem)
            return
        pause = PUT_OFF[row["attempts"] - 1]
        await self._store.fetch("mail_put_off", row["id"], problem[:500], pause)

    async def _give_up(self, row: Row, problem: str) -> None:
        log.error("Mail %s will not be sent: %s", row["id"], problem)
        await self._store.fetch("mail_given_up", row["id"], problem[:500])

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        secured = server.security in {"tls", "starttls"}
        context = ssl.create_default_context(cafile=server.ca or None)
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=SMTP_TIMEOUT_S,
            use_tls=server.security == "tls",
            # Never left to what somebody in between lets the server offer.
            start_tls=server.security == "starttls",
            tls_context=context if secured else None,
        )

    def _message(self, row: Row) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        sender = Address(self._server.sender_name, addr_spec=self._server.sender)
        message["From"] = sender
        message["To"] = Address(addr_spec=row["recipient"])
        message["Subject"] = row["subject"]
        message["Date"] = email.utils.format_datetime(datetime.now(UTC))
        message["Message-ID"] = row["message_id"]
        message["Content-Language"] = row["language"]
        # So that nobody's out-of-office note answers (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(row["body"])
        return message
