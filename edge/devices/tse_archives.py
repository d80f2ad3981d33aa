"""Archives of the TSE's log on the till's disk, until the hub has them.

A file's name says all about it, `<TSE>_<first>-<last>_<id>.tar`; a mark beside them
says how far a TSE is archived.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tarfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID, uuid4

from edge.core.errors import ArchiveRefused, ArchiveTrouble
from tse_driver import tar
from tse_driver.counters import Counters
from tse_driver.errors import AT_SHELL, TseError
from tse_driver.export_reader import check_export
from tse_driver.session import Pins, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tse_driver.connection import Wire

PART: Final = "gathering.part"
SERIAL_DIGITS: Final = 64
CHECK_S: Final = 3600.0
REFUSALS_MAX: Final = 3  # then it is not sent again before the till is started anew
REFUSED_PAUSE_S: Final = 960.0  # the hub keeps to its word for a quarter of an hour


class Delivery(Protocol):
    """How an archive gets to the hub."""

    def deliver(self, path: Path, archive: UUID) -> None:
        """Deliver it, blocking; raises ArchiveTrouble or ArchiveRefused, why not."""


@dataclass(slots=True)
class _Refusal:
    """How often the hub refused an archive, why, and when it is sent anew."""

    count: int
    text: str
    again_at: float


@dataclass(slots=True)
class ArchiveFiles:
    """Implements edge.ports.Archives on a directory of the till's disk."""

    directory: Path
    delivery: Delivery
    now: Callable[[], float] = time.monotonic
    _refusals: dict[UUID, _Refusal] = field(default_factory=dict)
    _first: int = 0
    _names: set[str] = field(default_factory=set)

    async def reach(self, serial: str) -> int:
        """Say up to which number a TSE's log is archived; 0 if not at all."""
        return await asyncio.to_thread(self._reach, serial)

    async def begin(self, serial: str, first: int) -> None:
        """Begin an archive anew."""
        await asyncio.to_thread(self._begin, first)

    async def add(self, piece: bytes) -> None:
        """Add an export of some numbers."""
        await asyncio.to_thread(self._add, piece)

    async def seal(self, serial: str, last: int) -> None:
        """Verify what was gathered, and keep it until it is delivered."""
        await asyncio.to_thread(self._end)
        part = self.directory / PART
        if self._names:
            await verify(part, serial)
            name = f"{serial}_{self._first}-{last}_{uuid4()}.tar"
            await asyncio.to_thread(_keep, part, self.directory / name)
        await asyncio.to_thread(self._mark, serial, last)

    async def deliver(self) -> None:
        """Deliver all that waits, oldest first; one that is refused holds up none.

        One that is refused again and again stays here, and ArchiveRefused says so.
        """
        trouble: ArchiveTrouble | None = None
        given_up: ArchiveRefused | None = None
        for path in await asyncio.to_thread(self._waiting):
            archive = UUID(path.stem.rsplit("_", 1)[1])
            refusal = self._refusals.get(archive)
            if refusal is not None and self._rests(refusal):
                if refusal.count >= REFUSALS_MAX:
                    given_up = given_up or _given_up(path, refusal)
                else:
                    trouble = trouble or ArchiveTrouble(refusal.text)
                continue
            try:
                await asyncio.to_thread(self.delivery.deliver, path, archive)
            except ArchiveRefused as error:
                refusal = self._refused(archive, str(error))
                trouble = trouble or ArchiveTrouble(refusal.text)
            except ArchiveTrouble as error:
                trouble = trouble or error
            else:
                self._refusals.pop(archive, None)
                await asyncio.to_thread(path.unlink, missing_ok=True)
        worst = given_up or trouble
        if worst is not None:
            raise worst

    async def note_whole(self, serial: str, last: int) -> None:
        """Note that a whole log was kept, of which this is the last number."""
        if await self.reach(serial) < last:
            await asyncio.to_thread(self._mark, serial, last)

    async def note_export(
        self, path: Path, spans: Mapping[str, tuple[int, int]]
    ) -> None:
        """Note how far an export gets that the hub has verified.

        `spans` are the till's own first and last number, by TSE.
        """
        serials, numbers = await asyncio.to_thread(_numbers, path)
        for serial in serials & spans.keys():
            begun, last = spans[serial]
            reach = max(await self.reach(serial), begun - 1)
            while reach < last and reach + 1 in numbers:  # it may have been a part
                reach += 1
            await self.note_whole(serial, reach)

    async def has_delivered(self, serial: str, last: int) -> bool:
        """Say whether the hub has a TSE's log up to this number, and nothing waits."""
        if await self.reach(serial) < last:
            return False
        return not await asyncio.to_thread(self._waiting)

    def _rests(self, refusal: _Refusal) -> bool:
        return refusal.count >= REFUSALS_MAX or self.now() < refusal.again_at

    def _refused(self, archive: UUID, text: str) -> _Refusal:
        known = self._refusals.get(archive)
        count = known.count + 1 if known else 1
        refusal = _Refusal(count, text, self.now() + REFUSED_PAUSE_S)
        self._refusals[archive] = refusal
        return refusal

    def _reach(self, serial: str) -> int:
        try:
            return int(self._mark_of(serial).read_text("ascii"))
        except (OSError, ValueError):
            return 0

    def _begin(self, first: int) -> None:
        self._names, self._first = set(), first
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.directory / PART).write_bytes(b"")
        except OSError as error:
            raise _no_room(self.directory, error) from error

    def _add(self, piece: bytes) -> None:
        source = io.BytesIO(piece)
        try:
            with (self.directory / PART).open("ab") as file:
                for member in tar.members(source):
                    if member.name in self._names:  # info.csv, certificates: each time
                        continue
                    self._names.add(member.name)
                    file.write(_entry(member.name, tar.content(source, member)))
        except TseError as error:
            raise ArchiveTrouble(f"The TSE's export can't be read: {error}") from error
        except OSError as error:
            raise _no_room(self.directory, error) from error

    def _end(self) -> None:
        try:
            with (self.directory / PART).open("ab") as file:
                file.write(bytes(2 * tarfile.BLOCKSIZE))
        except OSError as error:
            raise _no_room(self.directory, error) from error

    def _waiting(self) -> list[Path]:
        found = self.directory.glob("*_*_*.tar")
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def _mark(self, serial: str, last: int) -> None:
        path = self._mark_of(serial)
        fresh = path.with_suffix(".new")
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.write_text(f"{last}\n", "ascii")
            _keep(fresh, path)
        except OSError as error:
            raise _no_room(self.directory, error) from error

    def _mark_of(self, serial: str) -> Path:
        assert len(serial) == SERIAL_DIGITS
        return self.directory / f"{serial}.mark"


def _given_up(path: Path, refusal: _Refusal) -> ArchiveRefused:
    return ArchiveRefused(
        f"{refusal.text} It was sent {refusal.count} times and lies in {path}."
        " Put right what the hub says, then start the till anew."
    )


def _numbers(path: Path) -> tuple[set[str], Counters]:
    """Read whose an export is, and which fiscal transactions are in it."""
    numbers = Counters()
    try:
        with path.open("rb") as file:
            check = check_export(file, lambda each: numbers.add(each.number))
    except (TseError, OSError) as error:
        raise ArchiveTrouble(f"{path} can't be read: {error}") from error
    for number in check.open_numbers:
        numbers.add(number)
    return check.serials, numbers


def _entry(name: str, data: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    padding = -len(data) % tarfile.BLOCKSIZE
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(padding)


async def gather_whole(wire: Wire, till: str, pins: Pins, directory: Path) -> Path:
    """Export all that a TSE has logged, verified, into a file of the directory.

    Raises ArchiveTrouble. Nothing else may ask the TSE meanwhile: it takes minutes.
    """
    part = directory / PART
    try:
        serial = await asyncio.to_thread(_export_all, wire, till, pins, part)
    except TseError as error:
        raise ArchiveTrouble(error.sentence(AT_SHELL)) from error
    except OSError as error:
        raise _no_room(directory, error) from error
    await verify(part, serial)
    path = directory / f"{serial}_whole_{uuid4()}.tar"
    await asyncio.to_thread(_keep, part, path)
    return path


def _export_all(wire: Wire, till: str, pins: Pins, part: Path) -> str:
    session = Session(wire, till, pins=pins)
    try:
        info = session.open()
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with part.open("wb") as file:
            for piece in session.export_all():
                file.write(piece)
    finally:
        session.close()
    return info.serial


async def verify(path: Path, serial: str) -> None:
    """Check every signature of an export, in a process that yields to the till's own.

    Raises ArchiveTrouble when one is bad or the export is another TSE's.
    """
    program = (sys.executable, "-m", "edge.devices.archive_check", str(path), serial)
    process = await asyncio.create_subprocess_exec(
        *program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(CHECK_S):
            said, _ = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode:
        text = said.decode(errors="replace").strip()[-500:]
        raise ArchiveTrouble(f"The export of TSE {serial[:16]}... is not right: {text}")


def _keep(source: Path, path: Path) -> None:
    """Give a file its name once it is on disk."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _no_room(directory: Path, error: OSError) -> ArchiveTrouble:
    return ArchiveTrouble(
        f"The TSE's archive can't be written to {directory} ({error.strerror})."
        " Check the disk: is it full or read-only?"
    )
