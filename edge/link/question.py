"""One question to the hub's edge listener, over HTTPS with the till's certificate."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edge.core.errors import CallTheTechnician, TryAgain
from edge.link.trouble import why_not_connected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.link.tls import TillCertificate


class NoReply(TryAgain):
    """The edge listener could not be asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how long and how much of a reply is waited for."""

    method: str
    path: str
    what: str
    timeout_s: float
    bytes_max: int
    data: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(self, url: str, certificate: TillCertificate) -> Reply:
        """Ask it, blocking; raises NoReply."""
        where = urlsplit(url)
        host, port = where.hostname or "", where.port or 443
        place = f"{host}:{port}"
        try:
            connection = http.client.HTTPSConnection(
                host, port, timeout=self.timeout_s, context=certificate.context()
            )
            try:
                connection.request(self.method, self.path, self.data, self.headers)
                response = connection.getresponse()
                data = response.read(self.bytes_max)
            finally:
                connection.close()
        except CallTheTechnician as error:
            raise NoReply(str(error)) from error
        except http.client.HTTPException as error:
            said = " ".join(str(error).split())  # it may quote whoever answered
            raise NoReply(
                f"{place} does not answer like the hub's edge listener ({said})."
                " Check hub.edge_url."
            ) from error
        except OSError as error:
            why = why_not_connected(error, host, port)
            raise NoReply(f"The {self.what}: {why}") from error
        encoding = response.getheader("Content-Encoding", "")
        return Reply(place, response.status, response.reason, encoding, data)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from a place, at most as much as was asked for."""

    place: str
    status: int
    reason: str
    encoding: str
    data: bytes
