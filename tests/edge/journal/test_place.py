from __future__ import annotations

from pathlib import Path

import pytest

from edge.core.errors import JournalBroken
from edge.journal.place import check_disk, filesystem

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /tmp rw - tmpfs tmpfs rw
24 22 0:6 / /live rw - overlay overlay rw
25 24 8:2 / /live/my\\040data rw - ext4 /dev/sdb1 rw
""".splitlines()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/till", "ext4"),
        ("/tmp/till", "tmpfs"),
        ("/tmpfoo", "ext4"),
        ("/live/x", "overlay"),
        ("/live/my data/x", "ext4"),
    ],
)
def test_the_nearest_mount_says_which_file_system_it_is(path: str, kind: str) -> None:
    assert filesystem(Path(path), MOUNTS) == kind


def test_a_place_that_forgets_is_refused_with_the_remedy() -> None:
    with pytest.raises(JournalBroken, match="Put it on a real disk"):
        check_disk(Path("/tmp/till"), MOUNTS)
    check_disk(Path("/var/lib/till"), MOUNTS)
