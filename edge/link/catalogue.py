"""Fetches catalogue versions, and all wallets, from the hub's edge listener."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from contract.wallets import decode_snapshot
from edge.core.errors import CatalogueUnavailable, WalletsUnavailable
from edge.link.download import DownloadFailed, EdgeListener

if TYPE_CHECKING:
    from contract.messages import CatalogueLink
    from contract.wallets import WalletSnapshot
    from edge.link.tls import TillCertificate

CATALOGUE_BYTES_MAX: Final = 8 * 1024 * 1024  # some ten thousand products
WALLETS_BYTES_MAX: Final = 32 * 1024 * 1024  # some million wallets


class HttpsCatalogues:
    """A CatalogueSource: HTTPS with the till's certificate; the core checks digests."""

    def __init__(self, edge_url: str, certificate: TillCertificate) -> None:
        self._listener = EdgeListener(edge_url, certificate)

    async def fetch(self, link: CatalogueLink) -> bytes:
        """Download a version's bytes; raises CatalogueUnavailable saying why."""
        try:
            return await asyncio.to_thread(
                self._listener.get, link.path, "product list", CATALOGUE_BYTES_MAX
            )
        except DownloadFailed as error:
            raise CatalogueUnavailable(str(error)) from error

    async def wallets(self, path: str) -> WalletSnapshot:
        """Download all wallets; raises WalletsUnavailable saying why."""
        return await asyncio.to_thread(self._wallets, path)

    def _wallets(self, path: str) -> WalletSnapshot:
        try:
            data = self._listener.get(path, "wallet snapshot", WALLETS_BYTES_MAX)
            return decode_snapshot(data)
        except DownloadFailed as error:
            raise WalletsUnavailable(str(error)) from error
        except msgspec.DecodeError as error:
            raise WalletsUnavailable(
                f"The hub's wallet snapshot can't be read: {error}."
                " Till and hub may be of different versions: update the older one."
            ) from error
