"""Downloads from the hub's edge listener, with the till's certificate."""

from __future__ import annotations

import http.client
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from edge.core.errors import CallTheTechnician, TryAgain
from edge.link.trouble import why_not_connected

if TYPE_CHECKING:
    from edge.link.tls import TillCertificate

TIMEOUT_S: Final = 10.0
GZIP: Final = 16 + zlib.MAX_WBITS  # RFC 1952's header and trailer, says zlib


class DownloadFailed(TryAgain):
    """It could not be downloaded; the text says why."""


@dataclass(frozen=True, slots=True)
class EdgeListener:
    """Where the hub's edge listener is, and who asks."""

    url: str
    certificate: TillCertificate

    def get(self, path: str, what: str, bytes_max: int) -> bytes:
        """Download something, blocking; raises DownloadFailed calling it `what`."""
        url = urlsplit(self.url)
        host, port = url.hostname or "", url.port or 443
        place = f"{host}:{port}"
        try:
            connection = http.client.HTTPSConnection(
                host, port, timeout=TIMEOUT_S, context=self.certificate.context()
            )
            try:
                connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
                response = connection.getresponse()
                data = response.read(bytes_max + 1)
            finally:
                connection.close()
        except CallTheTechnician as error:
            raise DownloadFailed(str(error)) from error
        except http.client.HTTPException as error:
            raise DownloadFailed(
                f"{place} does not answer like the hub's edge listener ({error})."
                " Check hub.edge_url."
            ) from error
        except OSError as error:
            raise DownloadFailed(
                f"The {what}: {why_not_connected(error, host, port)}"
            ) from error
        if response.status != http.client.OK:
            raise DownloadFailed(
                f"The hub at {place} has no {what} under {path}"
                f" ({response.status} {response.reason}). Look into the hub's log."
            )
        if response.getheader("Content-Encoding") == "gzip":
            data = _unpacked(data, place, bytes_max)
        if len(data) > bytes_max:
            raise DownloadFailed(
                f"The {what} at {place} has more than {bytes_max} bytes."
            )
        return data


def _unpacked(data: bytes, place: str, bytes_max: int) -> bytes:
    unpacking = zlib.decompressobj(GZIP)
    try:
        plain = unpacking.decompress(data, bytes_max + 1)
    except zlib.error as error:
        raise DownloadFailed(f"What {place} sent is broken ({error}).") from error
    if not unpacking.eof and len(plain) <= bytes_max:
        raise DownloadFailed(f"What {place} sent is cut off.")
    return plain
