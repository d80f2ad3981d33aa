"""A card held to a virtual reader: the card's side of vpcd's TCP wire.

Connecting to the reader's port puts the card on, closing takes it away. Messages are a
length of two bytes (big-endian) and a body; a body of one byte is an order to the card,
anything else a command APDU (vsmartcard's documentation of vpcd).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Protocol, Self

from edge.core.errors import CallTheTechnician

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
CONNECT_TIMEOUT_S = 5.0
JOIN_TIMEOUT_S = 5.0

POWER_OFF = b"\x00"
POWER_ON = b"\x01"
RESET = b"\x02"
GET_ATR = b"\x04"

_LENGTH = struct.Struct(">H")


class NoVirtualReader(CallTheTechnician):
    """Nothing listens where the virtual reader should be."""


class PulledAway(Exception):
    """The card leaves the field in the middle of a command."""


class Card(Protocol):
    """Something that can be held to a reader."""

    atr: bytes

    def reset(self) -> None:
        """Lose or regain power."""

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one APDU; raises PulledAway to drop the connection inside it."""


class Tap:
    """A card on a reader, from entering the context to leaving it.

    `connected_ns` is when it was put on (monotonic), `powered` is set once the reader
    has powered it, `gone` when the connection ended, from whichever side.
    """

    def __init__(self, port: int, card: Card) -> None:
        self.port = port
        self.card = card
        self.connected_ns = 0
        self.powered = threading.Event()
        self.gone = threading.Event()

    def __enter__(self) -> Self:
        try:
            self._socket = socket.create_connection(
                (HOST, self.port), timeout=CONNECT_TIMEOUT_S
            )
        except OSError as error:
            raise NoVirtualReader(
                f"No virtual reader listens on port {self.port} ({error.strerror})."
                " Start the private pcscd first; the demo does it by itself."
            ) from error
        self.connected_ns = time.monotonic_ns()
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(
            target=self._serve, name=f"wristband-{self.port}", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        with contextlib.suppress(OSError):  # the reader may have closed it already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(JOIN_TIMEOUT_S)
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError, PulledAway):
            while (body := self._receive()) is not None:
                self._answer(body)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.gone.set()

    def _answer(self, body: bytes) -> None:
        if body in {POWER_OFF, POWER_ON, RESET}:
            self.card.reset()
            if body == POWER_ON:
                self.powered.set()
            return
        answer = self.card.atr if body == GET_ATR else self.card.transmit(body)
        self._socket.sendall(_LENGTH.pack(len(answer)) + answer)

    def _receive(self) -> bytes | None:
        header = self._receive_exactly(_LENGTH.size)
        if header is None:
            return None
        return self._receive_exactly(_LENGTH.unpack(header)[0])

    def _receive_exactly(self, count: int) -> bytes | None:
        octets = b""
        while len(octets) < count:
            # One-shot; without it vpcd's two small writes cost 40 ms per APDU.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = self._socket.recv(count - len(octets))
            if not part:
                return None
            octets += part
        return octets


def tap(port: int, card: Card) -> Tap:
    """Hold a card to the virtual reader on this port: `with tap(port, card): ...`."""
    return Tap(port, card)
