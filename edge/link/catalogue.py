"""Fetches catalogue versions from the hub's edge listener."""

from __future__ import annotations

import asyncio
import http.client
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from edge.core.errors import CallTheTechnician, CatalogueUnavailable
from edge.link.trouble import why_not_connected

if TYPE_CHECKING:
    from contract.messages import CatalogueLink
    from edge.link.tls import TillCertificate

TIMEOUT_S: Final = 10.0
BYTES_MAX: Final = 8 * 1024 * 1024  # some ten thousand products


class HttpsCatalogues:
    """A CatalogueSource: HTTPS with the till's certificate; the core checks digests."""

    def __init__(self, edge_url: str, certificate: TillCertificate) -> None:
        self._url = urlsplit(edge_url)
        self._certificate = certificate

    async def fetch(self, link: CatalogueLink) -> bytes:
        """Download a version's bytes; raises CatalogueUnavailable saying why."""
        return await asyncio.to_thread(self._fetch, link.path)

    def _fetch(self, path: str) -> bytes:
        host, port = self._url.hostname or "", self._url.port or 443
        place = f"{host}:{port}"
        try:
            connection = http.client.HTTPSConnection(
                host, port, timeout=TIMEOUT_S, context=self._certificate.context()
            )
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                data = response.read(BYTES_MAX + 1)
            finally:
                connection.close()
        except CallTheTechnician as error:
            raise CatalogueUnavailable(str(error)) from error
        except http.client.HTTPException as error:
            raise CatalogueUnavailable(
                f"{place} does not answer like the hub's edge listener ({error})."
                " Check hub.edge_url."
            ) from error
        except OSError as error:
            raise CatalogueUnavailable(
                f"The product list: {why_not_connected(error, host, port)}"
            ) from error
        if response.status != http.client.OK:
            raise CatalogueUnavailable(
                f"The hub at {place} has no product list under {path}"
                f" ({response.status} {response.reason}). Publish the catalogue again."
            )
        if len(data) > BYTES_MAX:
            raise CatalogueUnavailable(
                f"The product list at {place} has more than {BYTES_MAX} bytes."
            )
        return data
