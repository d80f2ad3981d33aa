from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from hub.__main__ import main
from hub.store.store import Store
from tests.hub import samples
from tests.hub.conftest import populate

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    errors: str

    @property
    def figures(self) -> Any:
        """The one object of --json."""
        (line,) = self.out.splitlines()
        return json.loads(line)


class Office:
    """Runs `kassenband-hub` as an operator does, in this process."""

    def __init__(
        self,
        config: Path,
        capture: pytest.CaptureFixture[str],
        patch: pytest.MonkeyPatch,
    ) -> None:
        self.folder = config.parent
        self._config = config
        self._capture = capture
        self._patch = patch

    def __call__(self, *arguments: str | Path, typed: str = "") -> Said:
        """Run a command with something on its standard input."""
        self._patch.setattr("sys.stdin", io.StringIO(typed))
        code = main(["--config", str(self._config), *map(str, arguments)])
        captured = self._capture.readouterr()
        return Said(code, captured.out, captured.err)

    def figures(self, *arguments: str | Path, typed: str = "") -> Any:
        """Run a command that must do what it says; its figures."""
        said = self(*arguments, "--json", typed=typed)
        assert said.code == 0, said
        return said.figures

    def write(self, name: str, text: str) -> Path:
        """Write a file beside the settings."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path


@pytest.fixture
def config(one_database: str, tmp_path: Path) -> Path:
    """The settings of a hub whose database is migrated and empty."""
    path = tmp_path / "hub.toml"
    values = {"event": samples.EVENT.slug, "database": one_database}
    path.write_text("".join(f"{key} = {json.dumps(v)}\n" for key, v in values.items()))
    return path


@pytest.fixture
def new_hub(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Office:
    """A hub of which no event is known yet."""
    return Office(config, capsys, monkeypatch)


@pytest_asyncio.fixture
async def opened_event(one_database: str) -> None:
    store = await Store.open(one_database)
    await populate(store)
    await store.close()


@pytest.fixture
def hub(new_hub: Office, opened_event: None) -> Office:
    """A hub with the event of the samples."""
    return new_hub
