"""What the documents say is so: links, pictures, diagram, tables and commands."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.core.checkout import mermaid
from edge.core.settings import Settings as TillSettings
from edge.ui import screenshot
from edge.ui.sample import sample_views
from hub.settings import Settings as HubSettings
from provisioning.setup import launcher
from tests.test_tidy import PACKAGES, tracked

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
PICTURES = {
    "docs/till.svg": "demo",
    "docs/pictures/selling.svg": "selling",
    "docs/pictures/approved.svg": "approved",
    "docs/pictures/receipts.svg": "receipts",
    "docs/pictures/declined.svg": "declined-balance",
    "docs/pictures/handed-out.svg": "handed-out",
    "docs/pictures/status.svg": "status",
    "docs/pictures/closing.svg": "closing",
}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
PROGRAM = re.compile(r"(?:[\w./-]*/)?kassenband-(till|hub|tse|provision)$")
# What else stands before the name of a till or hub: it is a unit or a user there.
OTHERS = ("systemctl", "journalctl", "install")
MODULES = {
    "till": "edge.__main__",
    "hub": "hub.__main__",
    "tse": "tse_driver.__main__",
    "provision": "provisioning.__main__",
}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCS, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    targets = LINK.findall(path.read_text("utf-8"))
    relative = [each for each in targets if "://" not in each]
    broken = [
        each for each in relative if not (path.parent / each.partition("#")[0]).exists()
    ]
    assert not broken, f"{named(path)} links to what is not there: {broken}"


def test_the_readme_leads_to_every_document() -> None:
    led_to = set(LINK.findall((ROOT / "README.md").read_text("utf-8")))
    others = {named(path) for path in DOCS} - {"README.md"}
    assert others <= led_to


def test_the_checkout_diagram_is_current() -> None:
    shown = re.search(
        r"<!-- diagram: checkout -->\n```mermaid\n(.*?)```\n<!-- end diagram -->",
        ARCHITECTURE,
        re.S,
    )
    assert shown is not None
    assert shown[1] == mermaid(), (
        "ARCHITECTURE.md shows an old diagram. "
        "Put there what this prints: python -m edge.core.checkout --mermaid"
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    views = sample_views()
    # What lies below the status, below the receipts, and below a closing.
    below = {"approved-stand-in", "approved-no-paper", "closed"}
    wanted = {*PICTURES.values(), *below}
    few = {name: view for name, view in views.items() if name in wanted}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screenshot, "SIZES", ((98, 26),))
        patch.setattr(screenshot, "sample_views", lambda: few)
        assert screenshot.main(["--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize(("shipped", "name"), PICTURES.items())
def test_the_pictures_show_the_screens_of_today(
    shipped: str, name: str, drawn: Path
) -> None:
    today = drawn / f"{name}-98x26.svg"
    assert (ROOT / shipped).read_bytes() == today.read_bytes(), (
        f"{shipped} is out of date. Draw it anew with: python -m edge.ui.screenshot "
        f"--out FOLDER, then copy {today.name}."
    )


def test_every_picture_is_drawn_by_the_project() -> None:
    shipped = {named(path) for path in (ROOT / "docs").rglob("*.svg")}
    assert shipped == set(PICTURES)


def test_pictures_need_nothing_from_elsewhere() -> None:
    for name in PICTURES:
        svg = (ROOT / name).read_text("utf-8")
        addresses = re.findall(r"""(?:href|src)\s*=|url\(|@import|<image""", svg)
        assert not addresses, f"{name} fetches something: {addresses}"


def test_the_drawing_shows_the_rooms_of_hub_and_till() -> None:
    drawing = ARCHITECTURE.partition("## The map")[2].partition("| room |")[0]
    rooms = {
        "/".join(path.relative_to(ROOT).parts[:2])
        for path in tracked()
        if path.name == "__init__.py"
        and path.relative_to(ROOT).parts[0] in {"hub", "edge"}
        and len(path.relative_to(ROOT).parts) > 2
    }
    shown = set(re.findall(r"\b(?:hub|edge)/\w+", drawing))
    beside = {"hub/commands", "edge/simulator"}  # no part of what runs at an event
    assert rooms - beside <= shown


def test_every_room_is_on_the_map() -> None:
    rooms = {
        f"{path.parent.relative_to(ROOT)}/"
        for path in tracked()
        if path.name == "__init__.py" and path.relative_to(ROOT).parts[0] in PACKAGES
    }
    assert rooms
    table = ARCHITECTURE.partition("| room |")[2].partition("\n\n")[0]
    on_the_map = set(re.findall(r"`([\w/]+/)`", table))
    # A floor, described by its rooms; cupboards, described with their room.
    other = {"edge/", "hub/", "edge/ui/screens/", "edge/ui/widgets/"}
    assert rooms - other <= on_the_map


def test_everything_on_the_map_is_there() -> None:
    table = ARCHITECTURE.partition("| room |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    for place in re.findall(r"`([^`]+)`", " ".join(rows)):
        assert (ROOT / place).exists(), f"ARCHITECTURE.md names {place}"


def test_every_case_has_its_test() -> None:
    named = set(re.findall(r"`(test_\w+)` \|$", ARCHITECTURE, re.M))
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.M)
    }
    assert len(named) >= 20
    assert named <= written, named - written


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(
            each
            for extra in project["project"]["optional-dependencies"].values()
            for each in extra
        ),
    ]
    matches = (re.match(r"[\w-]+", each) for each in declared)
    names = {match[0] for match in matches if match} - {"kassenband"}
    table = ARCHITECTURE.partition("## Dependencies")[2]
    first = " ".join(
        line.split("|")[1] for line in table.splitlines() if line.startswith("|")
    )
    given = set(re.findall(r"[\w-]+", first)) - {"library"}
    assert names == {each for each in given if not set(each) <= {"-"}}


def commands(path: Path) -> Iterator[list[str]]:
    """Every command line in a document's blocks, without what stands before it."""
    for language, block in BLOCK.findall(path.read_text("utf-8")):
        if language not in {"", "sh"}:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            if "kassenband" not in line or line.startswith(OTHERS):
                continue
            command = line.removeprefix("$ ").partition(" > ")[0]
            words = shlex.split(command, comments=True)
            for start, word in enumerate(words):
                if word == "./kassenband" or PROGRAM.match(word):
                    yield [word for word in words[start:] if word != "&"]
                    break


ALL_COMMANDS = [
    pytest.param(words, id=f"{named(path)}: {' '.join(words)}")
    for path in DOCS
    for words in commands(path)
]


@pytest.mark.parametrize("words", ALL_COMMANDS)
def test_every_command_exists(words: list[str]) -> None:
    program = PROGRAM.match(words[0])
    if program is not None:
        module = importlib.import_module(MODULES[program[1]])
        assert accepts(module._parser(), words[1:])
        return
    command, *options = words[1:]
    assert command in launcher.PURPOSES
    if command == "demo":
        rehearsal = importlib.import_module("provisioning.rehearsal")
        assert accepts(rehearsal._parser(), options)


def accepts(parser: argparse.ArgumentParser, words: list[str]) -> bool:
    try:
        parser.parse_args(words)
    except SystemExit as error:
        return error.code == 0
    return True


def test_commands_were_found() -> None:
    found = {str(each.values[0][0]) for each in ALL_COMMANDS}  # type: ignore[index]
    assert {f"kassenband-{name}" for name in MODULES} <= found
    assert "./kassenband" in found


def explained_in(document: str) -> set[str]:
    text = (ROOT / "docs" / document).read_text("utf-8")
    table = text.partition("| Key | Without it |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    return set(re.findall(r"`([\w.]+)`", " ".join(rows)))


def test_every_setting_of_the_till_is_explained() -> None:
    keys = {
        f"{section}.{key}"
        for section in TillSettings.__dataclass_fields__
        for key in getattr(TillSettings(), section).__dataclass_fields__
    }
    assert explained_in("technician.md") == keys


def test_every_setting_of_the_hub_is_explained() -> None:
    assert explained_in("operator.md") == set(HubSettings.__dataclass_fields__)


@pytest.mark.parametrize("path", DOCS, ids=named)
def test_python_and_toml_in_documents_can_be_read(path: Path) -> None:
    for language, block in BLOCK.findall(path.read_text("utf-8")):
        if language == "python":
            ast.parse(block)
        if language == "toml":
            assert tomllib.loads(block)


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "docs/ledger.md"])
def test_every_test_that_a_table_names_is_there(name: str) -> None:
    told = set(re.findall(r"`(test_\w+)`", (ROOT / name).read_text("utf-8")))
    files = (ROOT / "tests").rglob("test_*.py")
    text = "\n".join(path.read_text("utf-8") for path in files)
    known = set(re.findall(r"^(?:async )?def (test_\w+)\(", text, re.M))
    assert told
    assert told <= known, f"{name} names tests that are not there: {told - known}"
