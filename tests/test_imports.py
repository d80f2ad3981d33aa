"""The import rules, seen at run time: what a pure package really pulls in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("package", PURE)
def test_a_pure_package_pulls_in_no_io(package: str) -> None:
    assert not loaded_by(package) & set(PURE[package])


def test_a_till_needs_no_database_and_no_web_server() -> None:
    assert not loaded_by("edge") & {"asyncpg", "fastapi", "uvicorn", "hub"}


def test_a_hub_needs_no_card_reader_and_no_screen() -> None:
    assert not loaded_by("hub") & {"smartcard", "textual", "serial", "edge"}
