"""Whole tills: card event to approved, and orders with genuine signatures.

They are the demo's tills without a screen, in processes of their own; the figures come
out of their journals, and every run is audited as the demo is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from provisioning.bench.figures import Figures, Sample
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from provisioning.bench.baseline import Pace

TILLS = (1, 3)
SECONDS_MIN = 10
END_TIMEOUT_S = 300


class Audit(msgspec.Struct):
    """What the demo's last line says (as far as it is used here)."""

    orders_booked: int
    orders_lost: int
    orders_doubled: int
    signatures_verified: int
    ledger_balanced: bool
    p50_ms: float | None
    p99_ms: float | None


def measure_whole_tills(
    figures: Figures, directory: Path, pace: Pace, say: Callable[[str], object]
) -> None:
    """Let tills sell as fast as their cashiers can, TSE without delay."""
    seconds = max(pace.seconds, SECONDS_MIN)
    for tills in TILLS:
        say(f"till: {tills} whole tills sell for {seconds} s\n")
        audit = run_demo(directory, tills, seconds)
        sample = Sample(
            audit.orders_booked / seconds,
            audit.p50_ms,
            audit.p99_ms,
            {
                "lost": audit.orders_lost,
                "doubled": audit.orders_doubled,
                "signed": audit.signatures_verified,
            },
        )
        figures.add(name_of(tills), sample, unit="orders/s")


def name_of(tills: int) -> str:
    """Name the figure of so many whole tills."""
    return f"whole tills, card to approved, {tills} tills"


def run_demo(directory: Path, tills: int, seconds: int) -> Audit:
    """Run the demo without a screen; its own audit of what was sold."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "provisioning", "demo", "--headless", "--json"),
            *("--tills", str(tills), "--seconds", str(seconds)),
            *("--pause-ms", "0", "--tse-latency-ms", "0"),
            *("--directory", str(directory)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + END_TIMEOUT_S,
        env=os.environ,
    )
    try:
        return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Audit)
    except (IndexError, msgspec.DecodeError):
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise ProvisioningError(
            f"The demo without a screen ended with {done.returncode}:"
            f" {' '.join(said)} Run './kassenband demo --headless' to see more."
        ) from None
