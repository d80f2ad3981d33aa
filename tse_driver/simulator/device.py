"""What the parts of the simulated TSE share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tse_driver.simulator.secure_element import SecureElement
    from tse_driver.simulator.users import Users


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of everything the simulated device has."""

    signatures: int = 20_000_000
    clients: int = 100
    transactions: int = 512
    capacity: int = 6_979_321_856


@dataclass(slots=True)
class Device:
    """The secure element, its users, and what the till told the device last."""

    element: SecureElement
    users: Users
    limits: Limits = field(default_factory=Limits)
    client: str = ""
    storage_full: bool = False
    maintenance: bool = False
    defective: bool = False
    """It fails its self test."""
    developer: bool = False
    """A developer's stick can be made as new; any other refuses."""
    exported_bytes: int = 0
    """The size of the last whole export that was fetched to its end."""
    exported_to: int = 0
    """The signature counter up to which it reached."""

    @property
    def free(self) -> int:
        """Return the free memory in bytes."""
        left = self.limits.capacity - self.element.log.size
        return 0 if self.storage_full else max(0, left)

    @property
    def signatures_left(self) -> int:
        """Return how many signatures are left."""
        return max(0, self.limits.signatures - self.element.signature_counter)
