from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.core.intents import Pick
from edge.ui.sample import sample_selling
from edge.ui.widgets.tiling import tiling_for
from provisioning.bench.sample_till import SampleTill
from provisioning.bench.terminal import Terminal
from provisioning.bench.till import SIZE, tile_centers
from provisioning.bench.watch import CpuSpent, cpu_s, family_cpu_s
from provisioning.demo_event import CATALOGUE
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from edge.core.view import TillView

ECHO = """\
import os, sys, termios, tty
tty.setraw(0)
print(os.get_terminal_size(), os.environ["TERM"], flush=True)
while True:
    print(repr(os.read(0, 100)), flush=True)
"""


def test_a_program_sees_a_terminal_of_the_size_and_a_finger_on_it() -> None:
    with Terminal([sys.executable, "-c", ECHO], SIZE) as terminal:
        terminal.await_text("columns=98, lines=26) xterm-256color")
        terminal.tap(9, 4)
        terminal.await_text(r"\x1b[<0;10;5M\x1b[<0;10;5m")
        assert terminal.cpu_s() >= 0
        assert terminal.resident_mib() > 1
        pid = terminal.pid
    assert not Path(f"/proc/{pid}").exists()


def test_a_program_that_ends_is_named() -> None:
    with (
        Terminal([sys.executable, "-c", "print('hello')"], SIZE) as terminal,
        pytest.raises(ProvisioningError, match=r"print\('hello'\) ended"),
    ):
        terminal.await_text("good-bye")


def test_a_program_that_paints_something_else_is_named() -> None:
    with (
        Terminal([sys.executable, "-c", ECHO], SIZE) as terminal,
        pytest.raises(ProvisioningError, match="did not show 'good-bye'"),
    ):
        terminal.await_text("good-bye", timeout_s=0.5)


async def test_every_product_of_the_demo_has_a_place_to_tap() -> None:
    centers = await tile_centers(CATALOGUE)
    assert len(centers) == len(set(centers)) == len(CATALOGUE.products)
    assert all(0 <= x < SIZE[0] and 0 <= y < SIZE[1] for x, y in centers)
    assert tiling_for(len(centers), *SIZE).capacity >= len(centers)


def test_the_sample_till_counts_what_is_picked() -> None:
    till = SampleTill()
    views: list[TillView] = []
    unwatch = till.watch(views.append)
    for product in (1, 2, 1):
        till.submit(Pick(product))
    unwatch()
    till.submit(Pick(2))
    assert [line.quantity for line in views[-1].basket] == [2, 1]
    assert views[-1].total is not None
    assert views[-1].total.minor == 2 * 450 + 520
    assert replace(till.view, basket=(), total=None) == replace(
        sample_selling(), basket=(), total=None
    )


def test_work_shows_as_cpu_spent_per_order() -> None:
    spent = CpuSpent({"ended": 0})
    before_s = cpu_s(os.getpid())
    while cpu_s(os.getpid()) < before_s + 0.05:
        pass
    costs = spent.per_order(10)
    assert costs["load_us"] >= 4000
    assert costs["ended_us"] == 0
    assert costs["cores"] > 0
    assert family_cpu_s(os.getpid()) >= cpu_s(os.getpid())
