from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from hub.commands.files import read_file, read_text
from hub.settings import SettingsError
from hub.store.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path


class Named(msgspec.Struct):
    name: str


@pytest.mark.parametrize(
    ("ending", "text"), [("toml", 'name = "Zoë"'), ("json", '{"name": "Zoë"}')]
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_is_read_with_and_without_a_byte_order_mark(
    tmp_path: Path, ending: str, text: str, mark: str
) -> None:
    path = tmp_path / f"named.{ending}"
    path.write_text(mark + text, "utf-8")
    assert read_file(path, Named) == Named("Zoë")


def test_a_file_that_can_t_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.csv can't be read"):
        read_text(tmp_path / "gone.csv")
    path = tmp_path / "latin.csv"
    path.write_bytes("Zoë".encode("latin-1"))
    with pytest.raises(Refused, match=r"latin\.csv is no text"):
        read_text(path)
