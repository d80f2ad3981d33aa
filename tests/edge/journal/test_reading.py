from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from edge.core.errors import JournalBroken
from edge.journal.journal import JOURNAL_FILE
from edge.journal.reading import read_orders

if TYPE_CHECKING:
    from pathlib import Path


def test_a_missing_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalBroken, match="no journal in"):
        read_orders(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_what_is_no_journal_is_named_and_let_go(tmp_path: Path, content: bytes) -> None:
    (tmp_path / JOURNAL_FILE).write_bytes(content)
    with pytest.raises(JournalBroken, match="can't be read"):
        read_orders(tmp_path)
    gc.collect()  # a connection left open would warn, and warnings are errors
