"""The import rules, seen at run time: what a pure package really pulls in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.checks import STEPS

ROOT = Path(__file__).parent.parent
OUTSIDE = (
    "asyncio",
    "socket",
    "serial",
    "smartcard",
    "aiosqlite",
    "asyncpg",
    "paho",
    "textual",
    "fastapi",
)
PURE = {
    "contract": OUTSIDE,
    "edge.core": OUTSIDE,
    "hub.core": OUTSIDE,
    "tse_driver.log_message": (*OUTSIDE, "contract", "edge", "hub"),
}


def loaded_by(packages: str) -> set[str]:
    script = (
        "import importlib, pkgutil, sys\n"
        f"package = importlib.import_module({packages!r})\n"
        "for each in pkgutil.walk_packages("
        "getattr(package, '__path__', []), package.__name__ + '.'):\n"
        "    importlib.import_module(each.name)\n"
        "print('\\n'.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_imports_point_down_only() -> None:
    """By the contracts of pyproject.toml, as `./kassenband check` asks for them."""
    steps = dict(STEPS)
    done = subprocess.run(
        [Path(sys.executable).parent / steps["imports"][0], *steps["imports"][1:]],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("package", PURE)
def test_a_pure_package_pulls_in_no_io(package: str) -> None:
    assert not loaded_by(package) & set(PURE[package])


def test_a_till_needs_no_database_and_no_web_server() -> None:
    assert not loaded_by("edge") & {"asyncpg", "fastapi", "uvicorn", "hub"}


def test_a_hub_needs_no_card_reader_and_no_screen() -> None:
    assert not loaded_by("hub") & {"smartcard", "textual", "serial", "edge"}
