"""A card on the reader: read and write it by APDUs, whatever carries them.

The APDUs are common to all PC/SC readers (PC/SC part 3 section 3.2.2.1). A reader that
answers with less than a status word has lost its card.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contract.ids import WristbandUid
from edge.core import type2, wristband
from edge.core.errors import AskTheGuest, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable

    Transmit = Callable[[bytes], bytes]

READ_BUDGET_S = 0.3  # a guest holds still for that long
WRITE_BUDGET_S = 3.0
READ_BYTES_MAX = 16  # four pages: what one READ of a Type 2 tag gives

OK = b"\x90\x00"
GET_UID = bytes.fromhex("FFCA000000")

# Storage-card ATR: ... 4F 0C <RID of the PC/SC workgroup> SS NN NN (PC/SC part 3).
_STORAGE_CARD = bytes.fromhex("3B8F8001804F0CA000000306")
_CARD_NAME = slice(13, 15)
_CLASSIC = (b"\x00\x01", b"\x00\x02", b"\x00\x26")


class CardGone(TryAgain):
    """The wristband was taken away too early. Hold it still until the till answers."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class ForeignCard(AskTheGuest):
    """The chip is of a kind that no wristband of ours has."""

    def __init__(self) -> None:
        super().__init__(wristband.FOREIGN.text)


class CardDamaged(AskTheGuest):
    """The data on the chip contradicts itself."""

    def __init__(self) -> None:
        super().__init__(wristband.DAMAGED.text)


class CardLocked(AskTheGuest):
    """This wristband is locked and can't be written. Take another one."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class _Refused(Exception):
    """The reader answered with another status word than 9000."""


class CardSession:
    """One card from its arrival on; calls raise CardGone when it leaves or is slow.

    `budget_s` is for everything together: a card that can't be read in that time is
    being moved.
    """

    def __init__(
        self, transmit: Transmit, atr: bytes, *, budget_s: float = READ_BUDGET_S
    ) -> None:
        self._transmit = transmit
        self._atr = atr
        self._until_ns = time.monotonic_ns() + int(budget_s * 1e9)

    def read(self) -> tuple[WristbandUid, bytes]:
        """Return UID and NDEF message (empty if there is none) of one chip.

        Raises ForeignCard or CardDamaged too.
        """
        if not _may_be_type2(self._atr):
            raise ForeignCard
        uid = self.read_uid()
        message = self.read_message()
        self._expect(uid)
        return uid, message

    def read_uid(self) -> WristbandUid:
        """Return the chip's UID."""
        try:
            return WristbandUid(self._ask(GET_UID))
        except _Refused:
            raise CardGone from None
        except ValueError:
            raise ForeignCard from None

    def read_message(self) -> bytes:
        """Return the NDEF message, read only as far as needed."""
        octets = self._read_first()
        try:
            while isinstance(found := type2.find_message(octets), type2.Missing):
                octets += self._read_after(octets)
        except type2.NotNdef:
            raise ForeignCard from None
        except type2.Damaged:
            raise CardDamaged from None
        except _Refused:
            raise CardGone from None
        return found

    def write_message(self, uid: WristbandUid, message: bytes) -> None:
        """Write the NDEF message tear-safely to this very chip and read it back.

        Raises CardLocked, type2.DoesNotFit and what reading raises.
        """
        self._expect(uid)
        cc = self._read_first()[: type2.PAGE_BYTES]
        try:
            plan = type2.write_plan(cc, message)
        except type2.NotNdef:
            raise ForeignCard from None
        for write in plan:
            self._write_page(uid, write)
        if self.read_message() != message:
            raise CardDamaged
        self._expect(uid)

    def _expect(self, uid: WristbandUid) -> None:
        if self.read_uid() != uid:  # another chip took the first one's place
            raise CardGone

    def _read_first(self) -> bytes:
        try:
            return self._read(type2.CC_PAGE, READ_BYTES_MAX)
        except _Refused:
            self.read_uid()  # raises CardGone: the refusal only meant that it is gone
            raise ForeignCard from None

    def _read_after(self, octets: bytes) -> bytes:
        whole = type2.PAGE_BYTES + type2.data_size(octets[: type2.PAGE_BYTES])
        page = type2.CC_PAGE + len(octets) // type2.PAGE_BYTES
        return self._read(page, min(READ_BYTES_MAX, whole - len(octets)))

    def _read(self, page: int, count: int) -> bytes:
        data = self._ask(bytes([0xFF, 0xB0, 0x00, page, count]))
        if len(data) != count:
            raise CardGone
        return data

    def _write_page(self, uid: WristbandUid, write: type2.PageWrite) -> None:
        header = bytes([0xFF, 0xD6, 0x00, write.page, len(write.data)])
        try:
            self._ask(header + write.data)
        except _Refused:
            self._expect(uid)
            raise CardLocked from None

    def _ask(self, apdu: bytes) -> bytes:
        if time.monotonic_ns() > self._until_ns:
            raise CardGone
        answer = self._transmit(apdu)
        if len(answer) < len(OK):
            raise CardGone
        if answer[-2:] != OK:
            raise _Refused
        return answer[:-2]


def _may_be_type2(atr: bytes) -> bool:
    """Tell by the ATR; only MIFARE Classic and processor cards are out for sure."""
    return atr.startswith(_STORAGE_CARD) and atr[_CARD_NAME] not in _CLASSIC
