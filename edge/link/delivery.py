"""Delivers archives of the TSE's log to the hub's edge listener, piece by piece.

What the hub has of one is asked first, so that a broken connection costs a piece.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from contract.archives import ArchiveProgress, ArchiveState, archive_path
from edge.core.errors import ArchiveRefused, ArchiveTrouble
from edge.link.question import NoReply, Question

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from contract.ids import EventId
    from edge.link.tls import TillCertificate

TIMEOUT_S: Final = 30.0
PIECE_BYTES: Final = 1024 * 1024
CHECK_PAUSE_S: Final = 1.0
CHECKS_MAX: Final = 3600  # an hour; then it is asked again later
ANSWER_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class EdgeDelivery:
    """Delivers over HTTPS with the till's certificate; blocking."""

    url: str
    certificate: TillCertificate
    event: EventId
    pause: Callable[[float], None] = time.sleep

    def deliver(self, path: Path, archive: UUID) -> None:
        """Deliver a file until the hub has recorded it; raises ArchiveTrouble.

        ArchiveRefused says why the hub does not take it.
        """
        digest, size = _measure(path)
        progress = self._ask("GET", archive)
        checks = 0
        with path.open("rb") as file:
            while progress.state is not ArchiveState.RECORDED:
                if progress.state is ArchiveState.REFUSED:
                    raise ArchiveRefused(f"The hub refuses an archive: {progress.text}")
                if progress.offset < size:
                    file.seek(progress.offset)
                    data = file.read(PIECE_BYTES)
                    progress = self._put(archive, progress.offset, data, size, digest)
                    continue
                checks += 1
                if checks > CHECKS_MAX:
                    raise ArchiveTrouble("The hub is still checking an archive.")
                self.pause(CHECK_PAUSE_S)
                progress = self._ask("GET", archive)

    def _put(
        self, archive: UUID, offset: int, data: bytes, size: int, digest: bytes
    ) -> ArchiveProgress:
        text = base64.b64encode(digest).decode()
        headers = {
            "Content-Type": "application/x-tar",
            "Content-Range": f"bytes {offset}-{offset + len(data) - 1}/{size}",
            "Repr-Digest": f"sha-256=:{text}:",
        }
        return self._ask("PUT", archive, data, headers)

    def _ask(
        self,
        method: str,
        archive: UUID,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> ArchiveProgress:
        path = archive_path(self.event, archive)
        question = Question(
            method, path, "archive", TIMEOUT_S, ANSWER_BYTES_MAX, data, headers or {}
        )
        try:
            reply = question.ask(self.url, self.certificate)
        except NoReply as error:
            raise ArchiveTrouble(str(error)) from error
        return _read(reply.status, reply.data)


def _read(status: int, said: bytes) -> ArchiveProgress:
    try:
        if status in {http.client.OK, http.client.CONFLICT}:  # it says where it stands
            return msgspec.json.decode(said, type=ArchiveProgress)
        sentence = msgspec.json.decode(said, type=dict[str, str]).get("error", "")
    except msgspec.DecodeError:
        sentence = ""
    raise ArchiveTrouble(
        sentence or f"The hub answered {status} to an archive. Look into its log."
    )


def _measure(path: Path) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        return digest, path.stat().st_size
    except OSError as error:
        raise ArchiveTrouble(f"{path} can't be read ({error.strerror}).") from error
