"""Takes archives of TSEs' logs from the tills, checks them, and keeps them for good.

A piece is on disk before it is answered; what is whole is read from end to end before
it is recorded. Names on disk are made here, of ids that were checked.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from contract.archives import ArchiveProgress, ArchiveState
from contract.ids import IDENTITY_PATTERN, TillId
from hub.service.archive_check import ArchiveReport

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from hub.service.context import ContextKeeper
    from hub.store.store import Store

log = logging.getLogger(__name__)

ARCHIVE_BYTES_MAX: Final = 8 * 1024**3  # a Diebold Nixdorf TSE holds 7 GB
FREE_BYTES_MIN: Final = 1024**3  # the database may lie on the same disk
REFUSAL_S: Final = 900.0  # then it may be delivered anew
PARTS_MAX: Final = 4  # begun and not whole, by till
CHECKS_MAX: Final = 2  # at one time, by till: each is a process
SHOWN_MAX: Final = 500


class ArchiveRefused(Exception):
    """An archive or a piece of it can't be taken; `status` is what HTTP calls it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of an archive from an offset, and what the whole is to be."""

    offset: int
    data: bytes
    size: int
    digest: bytes


@dataclass(slots=True)
class _Coming:
    """An archive that is not recorded yet, as this process knows it."""

    size: int
    digest: bytes
    checking: asyncio.Task[None] | None = None
    refused: str = ""
    refused_at: float = 0.0


@dataclass(slots=True)
class TseArchives:
    """Takes archives into a folder; raises ArchiveRefused, DatabaseGone."""

    store: Store
    context: ContextKeeper
    folder: Path
    _coming: dict[tuple[TillId, UUID], _Coming] = field(default_factory=dict)
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def progress(self, event: str, peer: str, archive: UUID) -> ArchiveProgress:
        """Say what is here of an archive."""
        till = self._till(event, peer)
        coming = self._known(till, archive)
        if await self._is_recorded(till, archive, b""):
            return ArchiveProgress(state=ArchiveState.RECORDED)
        offset = await asyncio.to_thread(_size, self._part(till, archive))
        if coming is not None and coming.refused:
            return ArchiveProgress(state=ArchiveState.REFUSED, text=coming.refused)
        if coming is not None and coming.checking is not None:
            return ArchiveProgress(state=ArchiveState.CHECKING, offset=offset)
        # What is whole and not being checked is sent its last byte again.
        last = (offset if coming is None else coming.size) - 1
        offset = max(0, min(offset, last))
        return ArchiveProgress(state=ArchiveState.RECEIVING, offset=offset)

    async def take(
        self, event: str, peer: str, archive: UUID, piece: Piece
    ) -> ArchiveProgress:
        """Take a piece, if it is the next one; the last one has the whole checked."""
        till = self._till(event, peer)
        if piece.size > ARCHIVE_BYTES_MAX:
            raise ArchiveRefused(
                413,
                f"An archive of {piece.size} bytes is more than any TSE holds"
                f" ({ARCHIVE_BYTES_MAX} bytes at most).",
            )
        async with self._busy:
            if await self._is_recorded(till, archive, piece.digest):
                return ArchiveProgress(state=ArchiveState.RECORDED)
            coming = self._known(till, archive)
            if coming is None or coming.refused:
                coming = self._begun(till, archive, piece)
            if (coming.size, coming.digest) != (piece.size, piece.digest):
                raise ArchiveRefused(
                    409, "This archive was begun with another size or digest."
                )
            if coming.checking is not None:
                return ArchiveProgress(state=ArchiveState.CHECKING, offset=piece.size)
            part = self._part(till, archive)
            offset = await asyncio.to_thread(self._write, part, piece)
            if offset < piece.size:
                return ArchiveProgress(state=ArchiveState.RECEIVING, offset=offset)
            if self._checks(till) >= CHECKS_MAX:
                raise ArchiveRefused(
                    429, "The hub still checks other archives of this till. Try later."
                )
            coming.checking = asyncio.create_task(self._check(till, archive, coming))
            return ArchiveProgress(state=ArchiveState.CHECKING, offset=offset)

    @property
    def known(self) -> int:
        """How many archives are kept in mind: a few of each till."""
        return len(self._coming)

    async def settled(self) -> None:
        """Return when nothing is being checked."""
        tasks = [each.checking for each in self._coming.values() if each.checking]
        await asyncio.gather(*tasks)

    def _begun(self, till: TillId, archive: UUID, piece: Piece) -> _Coming:
        """Keep an archive in mind, in place of the oldest ones of its till."""
        self._coming.pop((till, archive), None)
        idle = [
            key
            for key, each in self._coming.items()
            if key[0] == till and each.checking is None
        ]
        for key in idle[: max(0, len(idle) - PARTS_MAX + 1)]:
            del self._coming[key]
        coming = _Coming(piece.size, piece.digest)
        self._coming[till, archive] = coming
        return coming

    def _checks(self, till: TillId) -> int:
        return sum(
            key[0] == till and each.checking is not None
            for key, each in self._coming.items()
        )

    def _known(self, till: TillId, archive: UUID) -> _Coming | None:
        """Return what is known of one that is coming; a refusal is not for good."""
        coming = self._coming.get((till, archive))
        if coming is not None and coming.refused:
            if time.monotonic() - coming.refused_at < REFUSAL_S:
                return coming
            del self._coming[till, archive]
            return None
        return coming

    def _till(self, event: str, peer: str) -> TillId:
        agreed = self.context.current.agreed
        if event != agreed.event:
            raise ArchiveRefused(
                404,
                f"This hub serves the event {agreed.event}, not {event}."
                " Correct hub.edge_url or till.event in the till's configuration.",
            )
        # A revoked till may deliver: its log is as much of the event as any.
        if peer not in agreed.tills:
            raise ArchiveRefused(
                403, f"The certificate is of {peer}, which is no till of this event."
            )
        # Both name a folder: whatever the database holds, none may lead elsewhere.
        if re.fullmatch(IDENTITY_PATTERN, peer) is None:
            raise ArchiveRefused(
                403, f"{peer!r} is no till's id. Give the till another one."
            )
        if re.fullmatch(IDENTITY_PATTERN, event) is None:
            raise ArchiveRefused(
                404, f"{event!r} is no event's name. Give the event another one."
            )
        return TillId(peer)

    def _part(self, till: TillId, archive: UUID) -> Path:
        return self.folder / str(self.context.current.event) / till / f"{archive}.part"

    def _write(self, part: Path, piece: Piece) -> int:
        """Append a piece where the file ends; a second time changes nothing."""
        try:
            part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            here = _size(part)
            if piece.offset > here or piece.offset + len(piece.data) <= here:
                return here
            if not here:
                _clear(part.parent)
            free = shutil.disk_usage(part.parent).free
            if free - (piece.size - here) < FREE_BYTES_MIN:
                raise ArchiveRefused(
                    507, f"The hub's disk has no room for it ({free} bytes are free)."
                )
            with part.open("r+b" if here else "wb") as file:
                file.seek(piece.offset)
                file.write(piece.data)
                file.flush()
                os.fsync(file.fileno())
                return file.tell()
        except OSError as error:
            log.exception("An archive can't be written.")
            raise ArchiveRefused(
                507, f"The hub can't write the archive ({error.strerror})."
            ) from error

    async def _check(self, till: TillId, archive: UUID, coming: _Coming) -> None:
        part = self._part(till, archive)
        refusal: str | None
        try:
            refusal = await self._record(till, archive, part, coming)
        except Exception:
            log.exception("The archive %s of till %s can't be recorded.", archive, till)
            refusal = None  # the till sends its last byte again
        if refusal is None:
            del self._coming[till, archive]
        elif refusal:
            log.warning("Refused the archive %s of till %s: %s", archive, till, refusal)
            coming.refused, coming.refused_at = refusal, time.monotonic()
            await asyncio.to_thread(part.unlink, missing_ok=True)
        else:
            del self._coming[till, archive]
        coming.checking = None

    async def _record(
        self, till: TillId, archive: UUID, part: Path, coming: _Coming
    ) -> str:
        found = await examine(part)
        if isinstance(found, str):
            return found
        event = self.context.current.number
        refusal = await self._objection(till, found, coming)
        if refusal:
            return refusal
        path = part.with_suffix(".tar")
        await asyncio.to_thread(_keep, part, path)
        await self.store.fetch(
            "put_tse_archive",
            event,
            till,
            found.serials[0],
            archive,
            coming.digest,
            coming.size,
            str(path.relative_to(self.folder)),
            msgspec.json.encode(found).decode(),
        )
        log.info("Till %s delivered %d log messages.", till, found.messages)
        return ""

    async def _objection(
        self, till: TillId, found: ArchiveReport, coming: _Coming
    ) -> str:
        """Say why an archive can't be kept as one of this till's TSEs; "" if it can."""
        if found.digest != coming.digest.hex():
            return "Its bytes are not those that were announced. Deliver it anew."
        if not found.valid:
            first = next((f"{each[1]}: {each[2]}" for each in found.findings), "")
            return f"Not every message in it could be verified. {first}"[:SHOWN_MAX]
        if len(found.serials) != 1:
            return "It holds messages of more than one TSE."
        event = self.context.current.number
        uses = await self.store.fetch("tse_uses", event)
        if (till, found.serials[0]) not in {(u["till"], u["tse_serial"]) for u in uses}:
            return (
                f"Till {till} never told that it uses TSE {found.serials[0][:16]}..."
                " at this event. Start the till with it once, connected to the hub."
            )
        return ""

    async def _is_recorded(self, till: TillId, archive: UUID, digest: bytes) -> bool:
        event = self.context.current.number
        row = await self.store.fetch_row("tse_archive_of", event, till, archive, digest)
        return row is not None


async def examine(path: Path) -> ArchiveReport | str:
    """Read an archive in a process of its own; returns a sentence when it is none."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub.service.archive_check", str(path)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said, _ = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode:
        text = said.decode(errors="replace").strip()
        return text[-SHOWN_MAX:] or "The hub can't read it."
    return msgspec.json.decode(said, type=ArchiveReport)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _keep(part: Path, path: Path) -> None:
    """Give an archive its name, for good: its till deletes its own once it is told."""
    part.replace(path)
    for folder in (path.parent, path.parent.parent):  # both may be new
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _clear(folder: Path) -> None:
    """Drop the oldest of those that were begun, so that they can't fill the disk."""
    parts = sorted(folder.glob("*.part"), key=lambda each: each.stat().st_mtime_ns)
    for each in parts[: max(0, len(parts) - PARTS_MAX + 1)]:
        each.unlink(missing_ok=True)
