"""pyscard's module of C functions, with readers and cards made of Python.

For what no daemon does on demand: refusals, swallowed events, dead handles.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from edge.devices import pcsc
from edge.simulator.vpcd import PulledAway
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from edge.simulator.wristband import VirtualWristband

EMPTY = 0x10
PNP = "\\\\?PnP?\\Notification"
CANCELED = 0x80100002


class FakeScard:
    """Stands in for smartcard.scard; tests turn it by the methods in lower case."""

    SCARD_SCOPE_SYSTEM = 2
    SCARD_SHARE_EXCLUSIVE = 1
    SCARD_SHARE_DIRECT = 3
    SCARD_PROTOCOL_T0 = 1
    SCARD_PROTOCOL_T1 = 2
    SCARD_LEAVE_CARD = 0

    def __init__(self, *readers: str) -> None:
        self.cards: dict[str, VirtualWristband | None] = dict.fromkeys(readers)
        self.moves: dict[str, int] = defaultdict(int)
        self.mute = False
        self.next_codes: dict[str, list[int]] = defaultdict(list)
        self.always: dict[str, int] = {}
        self.escapes: list[bytes] = []
        self.connected = 0
        self.contexts = 0
        self._canceled = False
        self._known: dict[str, int] = {}
        self._changed = threading.Condition()

    # --- what tests do ---------------------------------------------------------------

    def put(self, reader: str, card: VirtualWristband) -> None:
        with self._changed:
            self.cards[reader] = card
            self.moves[reader] += 1
            self._changed.notify_all()

    def take(self, reader: str) -> None:
        with self._changed:
            self.cards[reader] = None
            self.moves[reader] += 1
            self._changed.notify_all()

    def await_seen(self, reader: str) -> None:
        """Wait until what lies on a reader was dealt with: only news is waited for."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self._known.get(reader) == self._state(reader), PATIENCE_S
            )

    def swap(self, reader: str, card: VirtualWristband) -> None:
        """Exchange the card between two looks."""
        with self._changed:
            self.cards[reader] = card
            self.moves[reader] += 2
            self._changed.notify_all()

    def unplug(self, reader: str) -> None:
        with self._changed:
            del self.cards[reader]
            self._changed.notify_all()

    def plug_in(self, reader: str) -> None:
        with self._changed:
            self.cards[reader] = None
            self._changed.notify_all()

    def fail(self, call: str, *codes: int) -> None:
        """Let the next calls of this name return these codes."""
        with self._changed:
            self.next_codes[call] += codes
            self._changed.notify_all()

    # --- what pcsc calls -------------------------------------------------------------

    def SCardEstablishContext(self, _: int) -> tuple[int, int]:  # noqa: N802
        code = self._code("EstablishContext")
        self.contexts += code == 0
        return code, 7

    def SCardReleaseContext(self, _: int) -> int:  # noqa: N802
        self.contexts -= 1
        return 0

    def SCardCancel(self, _: int) -> int:  # noqa: N802
        with self._changed:
            self._canceled = True
            self._changed.notify_all()
        return 0

    def SCardListReaders(self, _: int, __: list[str]) -> tuple[int, list[str]]:  # noqa: N802
        code = self._code("ListReaders")
        if code == 0 and not self.cards:
            code = 0x8010002E
        return code, list(self.cards)

    def SCardGetStatusChange(  # noqa: N802
        self, _: int, timeout_ms: int, states: list[tuple[str, int]]
    ) -> tuple[int, list[tuple[str, int, list[int]]]]:
        ((reader, known),) = states
        with self._changed:
            self._canceled = False
            self._known[reader] = known
            self._changed.notify_all()
            changed = self._changed.wait_for(
                lambda: (
                    self._canceled
                    or self._pending("GetStatusChange")
                    or self._state(reader) != known
                ),
                timeout_ms / 1000,
            )
            if code := self._code("GetStatusChange"):
                return code, []
            if self._canceled:
                return CANCELED, []
            if not changed:
                return pcsc.TIMEOUT, []
            if reader != PNP and reader not in self.cards:
                return pcsc.UNKNOWN_READER, []
            card = self.cards.get(reader)
            atr = list(card.atr) if card is not None else []
            return 0, [(reader, self._state(reader) | 0x02, atr)]

    def SCardConnect(  # noqa: N802
        self, _: int, reader: str, share: int, __: int
    ) -> tuple[int, int, int]:
        code = self._code("Connect")
        if code == 0 and share != self.SCARD_SHARE_DIRECT and not self.cards[reader]:
            code = pcsc.NO_SMARTCARD
        self.connected += code == 0
        self._reader = reader
        return code, 8, 2

    def SCardBeginTransaction(self, _: int) -> int:  # noqa: N802
        return self._code("BeginTransaction")

    def SCardEndTransaction(self, _: int, __: int) -> int:  # noqa: N802
        return 0

    def SCardDisconnect(self, _: int, __: int) -> int:  # noqa: N802
        self.connected -= 1
        return 0

    def SCardTransmit(self, _: int, __: int, apdu: list[int]) -> tuple[int, list[int]]:  # noqa: N802
        if code := self._code("Transmit"):
            return code, []
        card = self.cards.get(self._reader)
        if card is None:
            return 0x80100069, []
        try:
            return 0, list(card.transmit(bytes(apdu)))
        except PulledAway:  # a card that vanishes inside an APDU: success, no bytes
            return 0, []

    def SCardControl(self, _: int, __: int, data: list[int]) -> tuple[int, list[int]]:  # noqa: N802
        self.escapes.append(bytes(data))
        return self._code("Control"), []

    def SCARD_CTL_CODE(self, number: int) -> int:  # noqa: N802
        return 0x42000000 + number

    def SCardGetErrorMessage(self, code: int) -> str:  # noqa: N802
        return f"error {code & 0xFF:02X}"

    def _pending(self, call: str) -> bool:
        return bool(self.next_codes[call]) or call in self.always

    def _code(self, call: str) -> int:
        code = self.always.get(call, 0)
        if self.next_codes[call]:
            code = self.next_codes[call].pop(0)
        if code < 0:
            raise SystemError("NULL result without error in PyObject_Call")
        return code

    def _state(self, reader: str) -> int:
        if reader == PNP:
            return len(self.cards) << 16
        if reader not in self.cards:
            return -1
        card = self.cards[reader]
        flags = EMPTY if card is None else pcsc.PRESENT | self.mute * pcsc.MUTE
        return self.moves[reader] << 16 | flags
