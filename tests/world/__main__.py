"""Replays worlds: `python -m tests.world SEED...`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.world.judgment import judge
from tests.world.simulation import World

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run these worlds one after the other; 2 when one of them has no number."""
    if not arguments or not all(each.isdecimal() for each in arguments):
        sys.stderr.write("Name worlds by whole numbers: python -m tests.world 5 7\n")
        return 2
    for seed in map(int, arguments):
        world = World(seed)
        world.run()
        judge(world)
        orders = sum(len(till.journal.rows) for till in world.tills)
        print(f"seed {seed}: {orders} orders at {len(world.tills)} tills, all settled")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
