"""What happens to a till, apart from what its cashier wants (see intents).

Devices and link post these into the till's one queue. Times are monotonic nanoseconds
unless they say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract.ids import WristbandUid
    from contract.messages import Lamp


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card arrived at an empty reader and was read whole.

    `message` is the NDEF message found on it (empty when there is none); what it means
    is for `edge.core.wristband` to say. `arrived_ns` is when the reader reported it.
    """

    uid: WristbandUid
    message: bytes
    arrived_ns: int


@dataclass(frozen=True, slots=True)
class CardUnreadable:
    """A card arrived but could not be read: pulled away, torn or of a foreign kind."""

    text: str
    arrived_ns: int


@dataclass(frozen=True, slots=True)
class CardLeft:
    """The reader is empty again."""


@dataclass(frozen=True, slots=True)
class ReaderLamp:
    """The reader's state changed; the lamp's text names cause and remedy."""

    lamp: Lamp


@dataclass(frozen=True, slots=True)
class FiscalLamp:
    """The TSE's state changed; the lamp's text names cause and remedy."""

    lamp: Lamp


@dataclass(frozen=True, slots=True)
class HubLamp:
    """The way to the hub changed; the lamp's text names cause and remedy."""

    lamp: Lamp


Event = CardRead | CardUnreadable | CardLeft | ReaderLamp | FiscalLamp | HubLamp
