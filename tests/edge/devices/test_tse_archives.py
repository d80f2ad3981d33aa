"""Archives wait on disk; one the hub refuses is sent a few times, and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from edge.core.errors import ArchiveRefused, ArchiveTrouble
from edge.devices.tse_archives import REFUSALS_MAX, REFUSED_PAUSE_S, ArchiveFiles

if TYPE_CHECKING:
    from pathlib import Path

SERIAL = "ab" * 32


@dataclass
class Hub:
    """Refuses some archives, and counts how often each was sent."""

    refused: set[UUID] = field(default_factory=set)
    sent: list[UUID] = field(default_factory=list)

    def deliver(self, path: Path, archive: UUID) -> None:
        assert path.exists()
        self.sent.append(archive)
        if archive in self.refused:
            raise ArchiveRefused("The hub refuses an archive: it is forged.")


def waiting(folder: Path, first: int) -> UUID:
    archive = uuid4()
    (folder / f"{SERIAL}_{first}-{first + 9}_{archive}.tar").write_bytes(b"data")
    return archive


def kept(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.tar")]


async def test_what_is_refused_again_and_again_stays_and_is_named(
    tmp_path: Path,
) -> None:
    bad, clock = waiting(tmp_path, 1), [0.0]
    hub = Hub({bad})
    files = ArchiveFiles(tmp_path, hub, now=lambda: clock[0])
    for _ in range(REFUSALS_MAX):
        for _ in range(2):  # at once it is not sent again
            with pytest.raises(ArchiveTrouble, match="forged"):
                await files.deliver()
        clock[0] += REFUSED_PAUSE_S
    good = waiting(tmp_path, 11)
    for _ in range(3):
        clock[0] += REFUSED_PAUSE_S
        with pytest.raises(ArchiveRefused, match=r"forged.*3 times.*start the till"):
            await files.deliver()
    assert hub.sent == [bad] * REFUSALS_MAX + [good]
    (left,) = kept(tmp_path)
    assert str(bad) in left

    hub.refused.clear()  # put right; a till that is started anew sends it again
    await ArchiveFiles(tmp_path, hub).deliver()
    assert kept(tmp_path) == []
