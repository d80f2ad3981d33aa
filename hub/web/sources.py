"""What the web pages need from the hub, and nothing else of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from uuid import UUID

    from contract.archives import ArchiveProgress
    from contract.ids import TillId
    from contract.money import Money
    from contract.receipt import Receipt
    from hub.service.provider_calls import CallEnded, ProviderCall
    from hub.service.tse_archives import Piece


class Unavailable(Exception):
    """A source can't answer now and may later, as when the database is restarting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding:
    """An order the hub has booked while its advice and signature are at the till."""

    till: TillId
    total: Money
    event_name: str = ""
    demo: bool = False


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this hub does its work; public, so no secrets and no addresses in it."""

    ok: bool
    role: str  # "writer" or "standby"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bulk:
    """Much at once: bytes, the same by gzip, and the bytes' SHA-256 in hex."""

    data: bytes
    packed: bytes
    digest: str


class ReceiptSource(Protocol):
    """Where the portal finds receipts."""

    async def receipt(self, order: UUID) -> Receipt | Outstanding | None:
        """Find an order's receipt; None when no till has told the hub of the order.

        Orders that ended as aborted have no receipt. Raises Unavailable.
        """


class CatalogueSource(Protocol):
    """Where the edge listener finds catalogues."""

    async def catalogue(self, version: int) -> bytes | None:
        """Find the bytes of a version, always the same; None when there is none.

        Raises Unavailable.
        """


class WalletSource(Protocol):
    """Where the edge listener finds all wallets at once."""

    async def wallets(self) -> Bulk:
        """Return a wallet snapshot, at least as new as any message about wallets.

        Raises Unavailable.
        """


class ArchiveTaker(Protocol):
    """Whom the edge listener hands archives of TSEs' logs.

    Both raise ArchiveRefused with a sentence for the technician, and Unavailable.
    """

    async def progress(self, event: str, peer: str, archive: UUID) -> ArchiveProgress:
        """Say what is here of an archive."""

    async def take(
        self, event: str, peer: str, archive: UUID, piece: Piece
    ) -> ArchiveProgress:
        """Take a piece, if it is the next one."""


class HealthSource(Protocol):
    """Where both listeners learn how the hub is."""

    async def health(self) -> Health:
        """Judge the hub by what it did last; must answer at once, without waiting."""


class ProviderCallTaker(Protocol):
    """Whom the portal hands the calls of payment providers."""

    async def take(self, call: ProviderCall) -> CallEnded:
        """Log a call and work on it; raises nothing."""
