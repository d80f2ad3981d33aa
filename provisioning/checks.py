"""`./kassenband check`: format, lint, types, import contracts and the fast tests."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.setup.steps import TIED_TO_US

if TYPE_CHECKING:
    from collections.abc import Sequence

STOPPED = 128 + signal.SIGINT

# These start servers, daemons, a browser or whole machines' worth of seeds, or draw
# every screen; `test` runs them.
SLOW_TESTS = (
    "tests/appliance",
    "tests/browser",
    "tests/edge/devices",
    "tests/edge/test_link.py",
    "tests/edge/ui",
    "tests/hub/link",
    "tests/hub/service",
    "tests/hub/store",
    "tests/hub/test_main.py",
    "tests/hub/web",
    "tests/provisioning",
    "tests/systemd",
    "tests/test_launcher.py",
    "tests/tse_driver",
    "tests/world",
)
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".", "kassenband")),
    ("lint", ("ruff", "check", "--quiet", ".", "kassenband")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
    (
        "fast tests",
        (
            *("pytest", "-q", "-n", "2", "--dist", "loadfile"),
            *(f"--ignore={folder}" for folder in SLOW_TESTS),
        ),
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every step, also after a failed one; 1 when any of them found something.

    130 is the end by Ctrl+C.
    """
    _parser().parse_args(arguments)
    try:
        failed = [name for name, argv in STEPS if not _passes(name, list(argv))]
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return STOPPED
    if failed:
        sys.stdout.write(f"check: {', '.join(failed)} found something.\n")
        return 1
    sys.stdout.write("check: all is well.\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="kassenband check",
        description=f"Looks the project over: {', '.join(name for name, _ in STEPS)}."
        " Exit code: 0 all is well, 1 something was found.",
    )


def _passes(name: str, argv: list[str]) -> bool:
    sys.stdout.write(f"check: {name} ...\n")
    sys.stdout.flush()
    begun = time.monotonic()
    program = Path(sys.executable).parent / argv[0]
    code = subprocess.run([*TIED_TO_US, program, *argv[1:]], check=False).returncode
    taken_s = time.monotonic() - begun
    verdict = "ok" if code == 0 else f"failed with code {code}"
    sys.stdout.write(f"check: {name}: {verdict} ({taken_s:.1f} s)\n")
    return code == 0


if __name__ == "__main__":
    sys.exit(main())
