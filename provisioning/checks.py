"""`./kassenband check`: format, lint, types, import contracts and the fast tests."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from provisioning.setup.steps import TIED_TO_US

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


def main() -> int:
    """Run every step, also after a failed one; 1 when any of them found something."""
    failed = [name for name, argv in STEPS if not _passes(name, list(argv))]
    if failed:
        sys.stdout.write(f"check: {', '.join(failed)} found something.\n")
        return 1
    sys.stdout.write("check: all is well.\n")
    return 0


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
