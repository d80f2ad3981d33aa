from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from dsfinvk.validate import validate_dir

from hub.export.archive import archive
from hub.export.index import DTD_NAME, INDEX_NAME, dtd
from hub.export.tables import BY_FILE, TABLES

if TYPE_CHECKING:
    from pathlib import Path


def test_somebody_elses_validator_finds_nothing_at_all(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(exported) as packed:
        packed.extractall(tmp_path)

    assert validate_dir(str(tmp_path)) == []
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_everything_is_in_one_file(exported: Path) -> None:
    with zipfile.ZipFile(exported) as packed:
        names = packed.namelist()
        assert names == [INDEX_NAME, DTD_NAME, *BY_FILE]
        assert packed.read(DTD_NAME) == dtd()
        for table in TABLES:
            text = packed.read(table.file).decode("utf-8")
            heading = ";".join(column.name for column in table.columns)
            assert text.startswith(f"{heading}\r\n")
            assert text.count("\n") == text.count("\r\n")


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    out = tmp_path / "export.zip"

    def break_off() -> None:
        with archive(out, TABLES, supplier="A", location="B", comment="C") as tables:
            tables.write("vat.csv", "1\r\n")
            raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        break_off()

    assert list(tmp_path.iterdir()) == []
