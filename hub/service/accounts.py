"""Accounts of the portal: who somebody is, how they prove it, and where they live.

No answer tells whether an address has an account. Whoever asks is told to look into
their mail, and there it says.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from hub.core.bills.bill import Payer
from hub.service.outbox import Mail
from hub.service.passwords import Passwords

if TYPE_CHECKING:
    from hub.service.outbox import Outbox
    from hub.store.store import Row, Store, UnitOfWork

TOKEN_BYTES = 32
SESSION_LASTS = timedelta(days=7)
CODE_LASTS = timedelta(hours=24)
EMAIL_MAX = 254
NAME_MAX = 70
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
Purpose = Literal["verify", "reset"]


class Club(msgspec.Struct, frozen=True, kw_only=True):
    """A club, as it is named in addresses and to people."""

    id: int
    slug: str
    name: str


class PortalUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with an account, and the postal address for bills."""

    id: int
    email: str
    language: str
    name: str
    street: str = ""
    house_number: str = ""
    postal_code: str = ""
    town: str = ""
    country: str = ""
    clubs: tuple[Club, ...] = ()
    """Those whose payment officer this is."""

    @property
    def payer(self) -> Payer:
        """The address as a bill copies it; perhaps not complete yet."""
        return Payer(
            name=self.name,
            street=self.street,
            house_number=self.house_number,
            postal_code=self.postal_code,
            town=self.town,
            country=self.country,
            email=self.email,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Postal:
    """A name and postal address, as typed."""

    name: str
    street: str
    house_number: str
    postal_code: str
    town: str
    country: str


class Accounts:
    """Makes accounts, lets people in and out, keeps their addresses."""

    def __init__(self, store: Store, outbox: Outbox, portal_url: str) -> None:
        self._store = store
        self._outbox = outbox
        self._portal = portal_url.rstrip("/")
        self._passwords = Passwords()

    async def register(self, email: str, name: str, language: str) -> None:
        """Send a mail that leads on; to a known address one that says so."""
        known = await self._store.fetch_row("user_by_email", email)
        async with self._store.unit_of_work() as work:
            if known is not None and known["verified_at"] is not None:
                link = f"{self._portal}/login"
                await self._write(work, known, "known", link)
                return
            number = await work.fetch_value("add_user", email, name, language)
            if known is None and number is None:
                return  # a twin was faster, and its mail is on its way
            about = {"id": number, "email": email, "name": name, "language": language}
            if known is not None:
                about |= {"id": known["id"], "email": known["email"]}
            await self._write_code(work, about, "verify")

    async def forgot(self, email: str, language: str) -> None:
        """Send a mail that leads to a new password, if there is an account."""
        known = await self._store.fetch_row("user_by_email", email)
        async with self._store.unit_of_work() as work:
            if known is not None:
                await self._write_code(work, known, "reset")
                return
            nobody = {"email": email, "name": "", "language": language}
            await self._write(work, nobody, "unknown", f"{self._portal}/register")

    async def invite(self, work: UnitOfWork, user: Row, about: dict[str, str]) -> None:
        """Tell somebody without a password what was registered in their name."""
        await self._write_code(work, user, "reset", letter="invited", about=about)

    async def owner_of(self, code: str, purpose: Purpose) -> PortalUser | None:
        """Say whose address a code proves, without using it up."""
        row = await self._store.fetch_row("user_by_code", token_digest(code), purpose)
        if row is None:
            return None
        return PortalUser(
            id=row["id"],
            email=row["email"],
            name=row["name"],
            language=row["language"],
        )

    async def choose_password(
        self, code: str, purpose: Purpose, password: str, name: str = ""
    ) -> int | None:
        """Use a code up for a password; all browsers are logged out.

        None if the code is not good (any more).
        """
        hashed = await self._passwords.hash(password)
        digest = token_digest(code)
        number: int | None = await self._store.fetch_value(
            "use_code", digest, purpose, hashed, name
        )
        return number

    async def log_in(self, email: str, password: str) -> int | None:
        """Find who this is; None after the same work for a wrong or unknown one."""
        row = await self._store.fetch_row("user_by_email", email)
        hashed = None if row is None else row["password_hash"]
        if not await self._passwords.matches(password, hashed):
            return None
        assert row is not None, "only a known user's password can be right"
        number: int = row["id"]
        return number

    async def begin_session(self, user: int) -> str:
        """Log somebody in; returns the token that the browser keeps."""
        token = new_token()
        await self._store.fetch(
            "begin_session", token_digest(token), user, SESSION_LASTS
        )
        return token

    async def user_of(self, token: str) -> PortalUser | None:
        """Find who is logged in with a token."""
        row = await self._store.fetch_row("user_by_session", token_digest(token))
        if row is None:
            return None
        clubs = msgspec.json.decode(row["clubs"] or "[]")
        return msgspec.convert({**row, "clubs": clubs}, PortalUser)

    async def end_session(self, token: str) -> None:
        """Log a browser out."""
        await self._store.fetch("end_session", token_digest(token))

    async def change_password(self, user: PortalUser, old: str, new: str) -> bool:
        """Change a password and log every browser out; False if the old is wrong."""
        hashed = await self._store.fetch_value("password_of", user.id)
        if not await self._passwords.matches(old, hashed):
            return False
        changed = await self._passwords.hash(new)
        async with self._store.unit_of_work() as work:
            await work.fetch("change_password", user.id, changed)
            about = {"id": user.id, "email": user.email, "name": user.name}
            about["language"] = user.language
            await self._write(
                work, about, "password_changed", f"{self._portal}/forgotten"
            )
        return True

    async def change_address(self, user: PortalUser, postal: Postal) -> None:
        """Write where somebody lives; bills that were made keep what they have."""
        await self._store.fetch(
            "change_address",
            user.id,
            postal.name,
            postal.street,
            postal.house_number,
            postal.postal_code,
            postal.town,
            postal.country,
        )

    async def sweep(self) -> None:
        """Remove what is over: sessions, codes, accounts that nobody proved."""
        await self._store.fetch("sweep_portal")

    async def _write_code(
        self,
        work: UnitOfWork,
        user: Row | dict[str, object],
        purpose: Purpose,
        *,
        letter: str = "",
        about: dict[str, str] | None = None,
    ) -> None:
        code = new_token()
        await work.fetch(
            "add_code", token_digest(code), user["id"], purpose, CODE_LASTS
        )
        link = f"{self._portal}/{purpose}/{code}"
        await self._write(work, user, letter or purpose, link, about or {})

    async def _write(
        self,
        work: UnitOfWork,
        user: Row | dict[str, object],
        letter: str,
        link: str,
        about: dict[str, str] | None = None,
    ) -> None:
        blanks = {
            "name": str(user["name"]) or str(user["email"]),
            "portal": self._portal.partition("://")[2],
            "link": link,
            "hours": str(CODE_LASTS // timedelta(hours=1)),
        }
        mail = Mail(
            letter=letter,
            to=str(user["email"]),
            language=str(user["language"]),
            blanks=blanks | (about or {}),
            holds_secret=True,
            useful_for=CODE_LASTS,
        )
        await self._outbox.put(work, mail)


def new_token() -> str:
    """Draw what nobody can guess, fit for addresses and cookies."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_email(text: str) -> bool:
    """Say whether mail could go to an address, going by its form."""
    return len(text) <= EMAIL_MAX and _EMAIL.fullmatch(text) is not None


def token_digest(token: str) -> bytes:
    """Hash a token as the database keeps it."""
    return hashlib.sha256(token.encode()).digest()
