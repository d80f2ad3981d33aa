"""Replays worlds: `python -m tests.world SEED...`."""

from __future__ import annotations

import sys

from tests.world.judgment import judge
from tests.world.simulation import World


def main() -> None:
    for seed in map(int, sys.argv[1:]):
        world = World(seed)
        world.run()
        judge(world)
        orders = sum(len(till.journal.rows) for till in world.tills)
        print(f"seed {seed}: {orders} orders at {len(world.tills)} tills, all settled")


if __name__ == "__main__":
    main()
