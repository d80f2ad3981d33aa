"""Puts together what the portal needs to know its users: accounts, teams, mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hub.service.accounts import Accounts, is_email
from hub.service.entrants import Entrants
from hub.service.outbox import Outbox, Postman, Server
from hub.service.registration import Registration
from hub.service.reminders import Reminders
from hub.settings import SettingsError
from hub.web.people import People

if TYPE_CHECKING:
    from hub.service.context import EventContext
    from hub.settings import Settings
    from hub.store.store import Store

SECURITIES = ("starttls", "tls", "none")


def make_people(settings: Settings, store: Store, event: EventContext) -> People | None:
    """Make accounts and registration; None where the settings name no mail server."""
    if not settings.mail_host:
        return None
    accounts = Accounts(store, make_outbox(settings), event.portal_url)
    registration = Registration(store, event.number)
    return People(
        accounts=accounts,
        registration=registration,
        entrants=Entrants(store, accounts, registration),
        secure=event.portal_url.startswith("https://"),
    )


def make_reminders(settings: Settings, store: Store, event: EventContext) -> Reminders:
    """Make what reminds payers of bills that are due."""
    return Reminders(
        store,
        make_outbox(settings),
        event.number,
        portal_url=event.portal_url,
        now=lambda: datetime.now(UTC),
    )


def make_outbox(settings: Settings) -> Outbox:
    """Make what takes mail in."""
    return Outbox(settings.mail_sender.rpartition("@")[2])


def make_postman(settings: Settings, store: Store) -> Postman | None:
    """Make what sends mail; raises SettingsError."""
    if not settings.mail_host:
        return None
    if settings.mail_security not in SECURITIES:
        raise SettingsError(
            f"The setting 'mail_security' is {settings.mail_security!r}. "
            "Use starttls, tls, or none for a mail server on this machine."
        )
    if not is_email(settings.mail_sender):
        raise SettingsError(
            f"The setting 'mail_sender' is {settings.mail_sender!r}, which is no "
            "e-mail address. Name the one that mail comes from."
        )
    return Postman(
        store,
        Server(
            host=settings.mail_host,
            port=settings.mail_port,
            security=settings.mail_security,
            sender=settings.mail_sender,
            sender_name=settings.mail_sender_name,
            user=settings.mail_user,
            password=_password(settings) if settings.mail_user else "",
            ca=settings.mail_ca,
        ),
    )


def _password(settings: Settings) -> str:
    path = settings.mail_password
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The mail server's password {path} can't be read ({error}). "
            "Write it there, or correct 'mail_password'."
        ) from error
