"""The topics of one event, all below one root (MQTT 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.ids import TillId

if TYPE_CHECKING:
    from contract.ids import EventId

ROOT = "kassenband/1"
MESSAGE_BYTES_MAX = 64 * 1024
ADVICES_PER_BATCH_MAX = 40
HUB_CLIENT = "hub"
CONTENT_TYPE = "application/json"
"""The MQTT 5 property that every message to the hub carries: who speaks 3.1.1 can't
set it, is told that lost messages arrived, and must therefore never book."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Builds and reads the topic names of an event."""

    event: EventId

    @property
    def root(self) -> str:
        """The root of everything this event says."""
        return f"{ROOT}/{self.event}"

    def up(self, till: TillId | str) -> str:
        """Till to hub: requests and advices ('+' for all tills)."""
        return f"{self.root}/till/{till}/up"

    def down(self, till: TillId) -> str:
        """Hub to till: answers and commands."""
        return f"{self.root}/till/{till}/down"

    def online(self, till: TillId | str) -> str:
        """Till to hub, retained, last will: whether the till is connected."""
        return f"{self.root}/till/{till}/online"

    def status(self, till: TillId | str) -> str:
        """Till to hub, retained: versions, lamps, journal depth."""
        return f"{self.root}/till/{till}/status"

    def config(self, till: TillId) -> str:
        """Hub to till, retained: everything the till needs to know."""
        return f"{self.root}/till/{till}/config"

    @property
    def wallets(self) -> str:
        """Hub to all tills: numbered changes of wallets."""
        return f"{self.root}/wallets"

    @property
    def hub_status(self) -> str:
        """Hub to all, retained, last will: health, incarnation, batch."""
        return f"{self.root}/hub/status"

    def till_of(self, topic: str) -> TillId | None:
        """Name the till a topic belongs to, or None when it is no till's topic."""
        prefix = f"{self.root}/till/"
        if not topic.startswith(prefix):
            return None
        till, _, leaf = topic.removeprefix(prefix).partition("/")
        return TillId(till) if till and leaf else None
