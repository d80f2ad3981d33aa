from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hub.store.queries import FOLDER, QUERIES, load_queries

if TYPE_CHECKING:
    from pathlib import Path


def test_a_query_is_found_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- one --\n-- Why.\nSELECT 1;\n\n-- two --\nSELECT 2;\n")

    assert load_queries(path) == {"one": "-- Why.\nSELECT 1;", "two": "SELECT 2;"}


def test_every_query_is_used() -> None:
    packages = [FOLDER.parent, FOLDER.parents[1] / "provisioning"]
    code = "".join(
        path.read_text() for package in packages for path in package.rglob("*.py")
    )
    used = set(re.findall(r'"(\w+)"', code))

    assert {n for n in QUERIES if n not in used and not n.startswith("chain_")} == set()
