"""PC/SC as we use it: scard calls whose codes became errors by who is gone.

Plain scard, because pyscard's CardMonitor dies for good when pcscd restarts. Only here
is smartcard imported.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartcard import scard

from edge.core.errors import CallTheTechnician, TryAgain
from edge.devices.card import CardGone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PRESENT = 0x20  # SCARD_STATE_PRESENT
MUTE = 0x200  # SCARD_STATE_MUTE
MOVES_SHIFT = 16  # the state's high half counts insertions and removals
_CHANGED = 0x02
_READER_LOST = 0x01 | 0x04 | 0x08  # IGNORE, UNKNOWN, UNAVAILABLE
_PLUG_AND_PLAY = "\\\\?PnP?\\Notification"
_ESCAPE = 1

OK = 0
CANCELLED = 0x80100002
INVALID_HANDLE = 0x80100003
UNKNOWN_READER = 0x80100009
TIMEOUT = 0x8010000A
SHARING_VIOLATION = 0x8010000B
NO_SMARTCARD = 0x8010000C
COMM_ERROR = 0x80100013
READER_UNAVAILABLE = 0x80100017
NO_SERVICE = 0x8010001D
SERVICE_STOPPED = 0x8010001E
NO_READERS_AVAILABLE = 0x8010002E
SECURITY_VIOLATION = 0x8010006A

_READER_GONE = {READER_UNAVAILABLE, UNKNOWN_READER, NO_READERS_AVAILABLE}
_SERVICE_GONE = {INVALID_HANDLE, NO_SERVICE, SERVICE_STOPPED, SECURITY_VIOLATION}

_NOT_RUNNING = (
    "No card service (pcscd) is running. Start it with: systemctl start pcscd.socket"
)
_SERVICE_TEXTS = {
    NO_SERVICE: _NOT_RUNNING,
    COMM_ERROR: _NOT_RUNNING,
    INVALID_HANDLE: _NOT_RUNNING,
    SERVICE_STOPPED: (
        "The card service (pcscd) stopped, or is of another version than its library."
        " Restart it with: systemctl restart pcscd; if that does not help, install"
        " pcscd and libpcsclite1 of the same version."
    ),
    SECURITY_VIOLATION: (
        "The card service (pcscd) refuses the till's user (polkit). Install the till's"
        " polkit rule, or set PCSCD_ARGS=--disable-polkit in /etc/default/pcscd and"
        " restart pcscd."
    ),
}

logger = logging.getLogger(__name__)


class ReaderGone(CallTheTechnician):
    """The reader was unplugged."""


class ServiceGone(CallTheTechnician):
    """pcscd is gone, refuses, or broke; only a new context can help."""


class ServiceRefused(ServiceGone):
    """pcscd does not let this user in, or it was killed in the middle of a call."""


class ReaderTaken(TryAgain):
    """Another program holds the reader. End it, then present the wristband again."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, slots=True)
class ReaderState:
    """What a reader reports: flags with the move counter, and the card's ATR."""

    flags: int
    atr: bytes = b""

    @property
    def present(self) -> bool:
        """Whether a card is on the reader."""
        return bool(self.flags & PRESENT)

    @property
    def moves(self) -> int:
        """Insertions and removals so far, modulo 2**16."""
        return self.flags >> MOVES_SHIFT & 0xFFFF


UNAWARE = ReaderState(0)


class Context:
    """A connection to pcscd; once it raised ServiceGone it is dead for good."""

    def __init__(self) -> None:
        code, self._handle = _call(
            scard.SCardEstablishContext, scard.SCARD_SCOPE_SYSTEM
        )
        _check(code, "EstablishContext")

    def release(self) -> None:
        """Let go of it; never raises."""
        with contextlib.suppress(ServiceGone):
            _call(scard.SCardReleaseContext, self._handle)

    def cancel(self) -> None:
        """End a wait in another thread; never raises."""
        with contextlib.suppress(ServiceGone):
            _call(scard.SCardCancel, self._handle)

    def readers(self) -> list[str]:
        """List the readers that are plugged in."""
        code, names = _call(scard.SCardListReaders, self._handle, [])
        if _unsigned(code) == NO_READERS_AVAILABLE:
            return []
        _check(code, "ListReaders")
        return sorted(names)

    def wait_for_readers(self, count: int, timeout_s: float) -> None:
        """Return when there are not `count` readers any more, or after that time."""
        known = count << MOVES_SHIFT
        self._status_change(_PLUG_AND_PLAY, known, timeout_s)

    def wait(
        self, reader: str, known: ReaderState, timeout_s: float
    ) -> ReaderState | None:
        """Return the reader's state once it is not `known`; None after that time.

        Raises ReaderGone.
        """
        state = self._status_change(reader, known.flags & ~_CHANGED, timeout_s)
        if state is not None and state.flags & _READER_LOST:
            raise ReaderGone
        return state

    @contextlib.contextmanager
    def card(self, reader: str) -> Iterator[Callable[[bytes], bytes]]:
        """Hold the card alone and yield its transmit; raises CardGone, ReaderTaken."""
        code, handle, protocol = _call(
            scard.SCardConnect,
            self._handle,
            reader,
            scard.SCARD_SHARE_EXCLUSIVE,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )
        _check_card(code, "Connect")

        def transmit(apdu: bytes) -> bytes:
            code, answer = _call(scard.SCardTransmit, handle, protocol, list(apdu))
            _check_card(code, "Transmit")
            return bytes(answer)

        try:
            _check_card(_call(scard.SCardBeginTransaction, handle), "BeginTransaction")
            yield transmit
            _call(scard.SCardEndTransaction, handle, scard.SCARD_LEAVE_CARD)
        finally:
            # Always: pcscd hands out no more than 200 handles per reader.
            _call(scard.SCardDisconnect, handle, scard.SCARD_LEAVE_CARD)

    def escape(self, reader: str, commands: Sequence[bytes]) -> None:
        """Tell the reader itself something; a refusal is logged and ignored."""
        code, handle, _ = _call(
            scard.SCardConnect, self._handle, reader, scard.SCARD_SHARE_DIRECT, 0
        )
        if code != OK:
            logger.info("Reader %s takes no escapes (%s).", reader, _name(code))
            return
        try:
            for command in commands:
                code, _ = _call(
                    scard.SCardControl,
                    handle,
                    scard.SCARD_CTL_CODE(_ESCAPE),
                    list(command),
                )
                if code != OK:
                    logger.info("%s refused %s (%s).", reader, command, _name(code))
        finally:
            _call(scard.SCardDisconnect, handle, scard.SCARD_LEAVE_CARD)

    def _status_change(
        self, reader: str, known: int, timeout_s: float
    ) -> ReaderState | None:
        code, states = _call(
            scard.SCardGetStatusChange,
            self._handle,
            max(0, int(timeout_s * 1000)),
            [(reader, known)],
        )
        if _unsigned(code) in {TIMEOUT, CANCELLED}:
            return None
        _check(code, "GetStatusChange")
        (_, flags, atr), *_ = states
        return ReaderState(flags, bytes(atr))


def _call(function: Callable[..., Any], *arguments: object) -> Any:
    try:
        return function(*arguments)
    except SystemError as error:  # pyscard's answer to a handle that is dead
        raise ServiceGone(_NOT_RUNNING) from error


def _check(code: int, call: str) -> None:
    code = _unsigned(code)
    if code == OK:
        return
    if code in _READER_GONE:
        raise ReaderGone
    kind = ServiceRefused if code == SECURITY_VIOLATION else ServiceGone
    raise kind(
        _SERVICE_TEXTS.get(code)
        or f"The card service (pcscd) failed ({call}: {_name(code)})."
        " Restart it with: systemctl restart pcscd"
    )


def _check_card(code: int, call: str) -> None:
    code = _unsigned(code)
    if code == OK:
        return
    if code in _READER_GONE or code in _SERVICE_GONE:
        _check(code, call)
    if code == SHARING_VIOLATION:
        raise ReaderTaken
    # Removed, reset, unpowered, unresponsive, not transacted ...: one thing to do.
    logger.info("The card was lost (%s: %s).", call, _name(code))
    raise CardGone


def _unsigned(code: int) -> int:
    return code & 0xFFFFFFFF


def _name(code: int) -> str:
    return f"{scard.SCardGetErrorMessage(code)} 0x{_unsigned(code):08X}"
