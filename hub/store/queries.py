"""Loads the named queries of the .sql files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent
_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def load_queries(path: Path = FOLDER / "queries.sql") -> Mapping[str, str]:
    """Return each query by the name in the line `-- name --` above it."""
    _, *parts = _NAME.split(path.read_text("utf-8"))
    names, texts = parts[::2], parts[1::2]
    assert len(set(names)) == len(names), "two queries share a name"
    return dict(zip(names, (text.strip() for text in texts), strict=True))


def _all_queries() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.sql")):
        queries = load_queries(path)
        assert not found.keys() & queries.keys(), f"{path.name} repeats a name"
        found |= queries
    return found


QUERIES = _all_queries()
