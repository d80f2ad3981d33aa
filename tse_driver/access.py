"""How a session reaches its device: the client it speaks for, and who is logged in."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from tse_driver import commands as ask
from tse_driver import upkeep_commands as keep
from tse_driver.codecs import Record
from tse_driver.connection import Connection, Wire
from tse_driver.errors import (
    ClientIdInvalid,
    PinBlocked,
    SecretUnfit,
    TseError,
    TseGone,
    TseSilent,
    WrongPin,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tse_driver.answers import Export
    from tse_driver.clock import Clock
    from tse_driver.commands import Command
    from tse_driver.results import Pins

LOGIN_BLOCKED = 4
USER_NAMES = {ask.ADMIN: "the admin", ask.TIME_ADMIN: "the time admin"}

logger = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT", bound=Record)
_CLIENT = re.compile(rf"[A-Za-z0-9()+,\-.:? ]{{1,{ask.CLIENT_CHARACTERS_MAX}}}")
_PIN = re.compile(r"[0-9]{5,8}")


class Access:
    """A device's slot, the client named to it last, and the PINs of its users."""

    def __init__(self, wire: Wire, clock: Clock, pins: Pins, slot: str) -> None:
        self.connection = Connection(wire, clock)
        self.clock = clock
        self.slot = slot
        self._pins = pins
        self._named = ""
        self._refused: set[str] = set()

    @property
    def where(self) -> str:
        """Name the device for an operator's sentence."""
        return self.connection.where

    def ask(self, command: Command[AnswerT]) -> AnswerT:
        """Ask; raise a TseError that says why not."""
        return self.connection.ask(command)

    def ask_quietly(self, command: Command[Any]) -> None:
        """Ask; only a device that is gone is an error."""
        try:
            self.connection.ask(command)
        except TseGone:
            raise
        except TseError as error:
            logger.info("%s ignored: %s", type(command).__name__, error)

    def require_client(self, client_id: str) -> str:
        """Return a name a TSE can take; raise ClientIdInvalid."""
        if not _CLIENT.fullmatch(client_id):
            raise ClientIdInvalid(self.where, repr(client_id[:60]))
        return client_id

    def name(self, client_id: str) -> None:
        """Name the client of the commands that follow, if it is another one."""
        if self._named != client_id:
            self._named = ""
            self.ask(ask.SetClientId(client_id))
            self._named = client_id

    def forget_client(self) -> None:
        """Know no longer which client the device was told last."""
        self._named = ""

    @contextmanager
    def logged_in(self, user: str) -> Iterator[None]:
        """Log a user in for a block; a PIN once refused is never tried again."""
        self._log_in(user)
        try:
            yield
        except TseGone:
            raise
        except BaseException:
            self.ask_quietly(keep.LogoutUser(self.slot, user))
            raise
        self.ask_quietly(keep.LogoutUser(self.slot, user))

    def pin_of(self, user: str) -> str:
        """Return the PIN this session knows of a user."""
        return self._pins.of(user)

    def learn_pin(self, user: str, pin: str) -> None:
        """Take a PIN over that the device has just accepted as new."""
        self._pins = self._pins.having(user, pin)
        self._refused.discard(user)

    def require_pin(self, pin: str, old: str = "") -> str:
        """Return a PIN a TSE can take as a new one; raise SecretUnfit."""
        if not _PIN.fullmatch(pin) or pin == old:
            raise SecretUnfit(self.where, "this PIN")
        return pin

    def judge_pin(self, user: str, verdict: int) -> None:
        """Draw the consequences of the device's verdict on a PIN."""
        if verdict <= ask.LOGIN_OK_MAX:
            return
        self._refused.add(user)
        error = PinBlocked if verdict == LOGIN_BLOCKED else WrongPin
        raise error(self.where, USER_NAMES[user])

    def require_untried(self, user: str) -> None:
        """Raise WrongPin rather than try a refused PIN again."""
        if user in self._refused:
            raise WrongPin(self.where, USER_NAMES[user])

    def export(self, command: Command[Export]) -> Iterator[bytes]:
        """Yield an export in pieces, and leave no export behind on the device."""
        try:
            yield from self.connection.stream(command)
        except (TseGone, TseSilent):
            raise
        except BaseException:
            self.ask_quietly(ask.ResetExport(self.slot))
            raise
        self.ask_quietly(ask.ResetExport(self.slot))

    def _log_in(self, user: str) -> None:
        self.require_untried(user)
        login = keep.LoginUser(self.slot, user, self._pins.of(user))
        self.judge_pin(user, self.ask(login).value)
