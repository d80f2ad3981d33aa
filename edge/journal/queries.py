"""Loads the journal's SQL: named statements, schemas, migrations."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_TO = re.compile(r"^-- to (\d+) --$", re.MULTILINE)
_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def queries() -> dict[str, str]:
    """Return every statement of queries.sql by its name."""
    parts = _NAME.split(read("queries.sql"))
    names, bodies = parts[1::2], parts[2::2]
    assert len(set(names)) == len(names), "two statements share a name"
    return dict(zip(names, (body.strip() for body in bodies), strict=True))


@cache
def migrations() -> tuple[str, ...]:
    """Return the scripts that make version 1, 2, ... of a journal."""
    parts = _TO.split(read("migrations.sql"))
    numbers, scripts = parts[1::2], parts[2::2]
    assert list(map(int, numbers)) == list(range(1, len(numbers) + 1)), "a gap"
    return tuple(script.strip() for script in scripts)


def read(name: str) -> str:
    """Return the text of one of the SQL files beside this module."""
    return resources.files("edge.journal").joinpath(name).read_text("utf-8")
