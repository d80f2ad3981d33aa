"""The package that hub and till are installed from holds all that they read."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.test_tidy import PACKAGES, ROOT, tracked

BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the backend that every environment of ours has; nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"hatchling builds no wheel: {done.stderr}"
    (found,) = folder.glob("kassenband-*.whl")
    return found


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    """Statements, migrations, styles, templates and texts as well as modules."""
    ours = {
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.relative_to(ROOT).parts[0] in PACKAGES
    }
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert {Path(name).suffix for name in ours} >= {
        *(".py", ".sql", ".tcss", ".html", ".json", ".css"),
    }
    assert {name for name in held if ".dist-info/" not in name} == ours


def test_what_is_installed_from_it_finds_its_files(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = (
        "import hub, sys\n"
        "assert hub.__file__.startswith(sys.argv[1]), hub.__file__\n"
        "from hub.store.queries import QUERIES\n"
        "from hub.web.texts import Language, texts\n"
        "from edge.journal.journal import migrations\n"
        "import edge.ui.app, hub.assembly\n"
        "assert QUERIES and migrations() and all(map(texts, Language))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
