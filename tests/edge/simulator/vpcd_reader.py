"""vpcd's side of the wire, for tests: a reader that asks whatever a test wants."""

from __future__ import annotations

import socket
import struct
from typing import Self

TIMEOUT_S = 60.0


class FakeReader:
    """Listens like one slot of vpcd; `accept` waits for a card."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(TIMEOUT_S)
        self.port: int = self._listening.getsockname()[1]
        self._card: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()
        self._listening.close()

    def accept(self) -> None:
        """Wait for a card to be put on, and power it."""
        self._card, _ = self._listening.accept()
        self._card.settimeout(TIMEOUT_S)
        self.tell(b"\x01")

    def tell(self, order: bytes) -> None:
        """Send what has no answer."""
        assert self._card is not None
        self._card.sendall(struct.pack(">H", len(order)) + order)

    def ask(self, command: bytes) -> bytes | None:
        """Send a command; None when the card is gone."""
        assert self._card is not None
        try:
            self.tell(command)
            header = self._card.recv(2, socket.MSG_WAITALL)
            if len(header) < 2:
                return None
            return self._card.recv(int.from_bytes(header, "big"), socket.MSG_WAITALL)
        except ConnectionError:
            return None

    def drop(self) -> None:
        """Lose the card from the reader's side."""
        if self._card is not None:
            self._card.close()
            self._card = None
