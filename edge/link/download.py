"""Downloads from the hub's edge listener, with the till's certificate."""

from __future__ import annotations

import http.client
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.core.errors import TryAgain
from edge.link.question import NoReply, Question

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
        headers = {"Accept-Encoding": "gzip"}
        question = Question(
            "GET", path, what, TIMEOUT_S, bytes_max + 1, headers=headers
        )
        try:
            reply = question.ask(self.url, self.certificate)
        except NoReply as error:
            raise DownloadFailed(str(error)) from error
        data, place = reply.data, reply.place
        if reply.status != http.client.OK:
            raise DownloadFailed(
                f"The hub at {place} has no {what} under {path}"
                f" ({reply.status} {reply.reason}). Look into the hub's log."
            )
        if reply.encoding == "gzip":
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
