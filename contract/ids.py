"""Identifiers: who made an order, where, and with which wristband."""

from __future__ import annotations

import os
import time
from typing import Annotated, NewType
from uuid import UUID

import msgspec

OrderId = NewType("OrderId", UUID)
"""A UUIDv7 made at the till before anyone else hears of the order (RFC 9562)."""

# Also fit for a TSE client id, a topic, and a folder: it is never "." or "..".
IDENTITY_PATTERN = r"^[a-z0-9][a-z0-9.-]{0,29}$(?!\n)"
IDENTITY_FORM = "1 to 30 of a-z, 0-9, dot and hyphen, a letter or digit first"

TillId = NewType("TillId", str)
"""One identity of a till: CN, client id, TSE client id and Z_KASSE_ID alike."""

EventId = NewType("EventId", str)
"""The short name of an event, part of every topic."""

TillIdField = Annotated[TillId, msgspec.Meta(pattern=IDENTITY_PATTERN)]
EventIdField = Annotated[EventId, msgspec.Meta(pattern=IDENTITY_PATTERN)]

WalletSerial = NewType("WalletSerial", int)
"""The serial in a wristband's token; it names the wallet on the wire, never the UID."""

WALLET_SERIAL_MAX = 2**32 - 1

_VERSION_7 = 0x7 << 76 | 0b10 << 62  # version and variant, RFC 9562 section 5.7
_RANDOM_BITS = (2**80 - 1) & ~(0xF << 76 | 0b11 << 62)

UID_LENGTHS = (4, 7, 10)  # ISO/IEC 14443-3: single, double, triple size


class WristbandUid(msgspec.Struct, frozen=True):
    """The number a wristband's chip was born with; shown as upper-case hex."""

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) not in UID_LENGTHS:
            raise ValueError(
                f"A wristband's UID has 4, 7 or 10 bytes, not {len(self.octets)}."
            )

    @classmethod
    def parse(cls, text: str) -> WristbandUid:
        """Read a UID typed as hex digits; raises ValueError when it is none."""
        return cls(bytes.fromhex(text))

    def __str__(self) -> str:
        return self.octets.hex().upper()


def new_order_id(now_ms: int | None = None) -> OrderId:
    """Make a time-ordered UUIDv7 (RFC 9562 section 5.7)."""
    return OrderId(new_uuid7(now_ms))


def new_uuid7(now_ms: int | None = None) -> UUID:
    """Make a UUIDv7 from 48 bits of Unix time in ms and 74 random bits."""
    stamp = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    random = int.from_bytes(os.urandom(10)) & _RANDOM_BITS
    return UUID(int=(stamp & (2**48 - 1)) << 80 | _VERSION_7 | random)
