from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from textual import pilot

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 100
"""How often the loop goes round before a pause ends: a screen that opens takes 25."""


@pytest.fixture(autouse=True)
def _one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Show times of day as the drawings do, wherever they are looked at."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def _patient_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a pause end when what was done is shown, however busy the machine is.

    Textual's own ends when the process uses little CPU; so does one that gets none.
    """
    wait_for_idle = vars(pilot)["wait_for_idle"]

    async def wait(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
        await wait_for_idle(min_sleep, max_sleep)
        for _ in range(ROUNDS):
            await asyncio.sleep(0)

    monkeypatch.setattr(pilot, "wait_for_idle", wait)
