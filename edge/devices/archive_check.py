"""Checks an export of a TSE: `python -m edge.devices.archive_check FILE SERIAL`.

A process of its own, last in line for the processor: the till sells meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from tse_driver.errors import TseError
from tse_driver.export_reader import check_export

LAST_IN_LINE = 19


def main(arguments: list[str]) -> int:
    """Say what is wrong with an export; returns 0 when nothing is, 1 when it is bad."""
    with contextlib.suppress(OSError):  # the unit's system calls may forbid it
        os.nice(LAST_IN_LINE)
    path, serial = arguments
    try:
        with Path(path).open("rb") as file:
            check = check_export(file, lambda _: None)
    except (TseError, OSError) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    bad = [each for each in check.findings if each.kind.is_bad]
    for each in bad[:3]:
        sys.stdout.write(f"{each.subject}: {each.text}\n")
    if not bad and check.serials != {serial}:
        sys.stdout.write("It is not signed by this TSE alone.\n")
    return 0 if check.valid and check.serials == {serial} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
