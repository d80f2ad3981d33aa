from __future__ import annotations

import string

import pytest

from contract.acts import OrderKind
from contract.money import Money
from contract.sheet_words import SheetLanguage
from hub.core.closing_comparison import Finding, FindingCode
from hub.core.closing_sentences import sentence

VALUES: dict[str, object] = {
    "first": 3,
    "last": 5,
    "what": "completed",
    "said": Money(100),
    "found": Money(200),
    "said_orders": 1,
    "found_orders": 2,
    "said_tax": Money(16),
    "found_tax": Money(32),
    "kind": OrderKind.TOP_UP,
    "method": None,
    "code": 1,
    "serial": "aa",
    "till_says": "bb",
    "counter": 7,
    "logged": "updateTime (3)",
}


@pytest.mark.parametrize("language", SheetLanguage)
@pytest.mark.parametrize("code", FindingCode)
def test_every_finding_is_told(code: FindingCode, language: SheetLanguage) -> None:
    told = sentence(Finding(code, VALUES), language)
    assert told.endswith((".", "?"))
    assert not [name for _, name, _, _ in string.Formatter().parse(told) if name]
    assert "None" not in told


def test_one_number_is_no_range() -> None:
    alone = Finding(FindingCode.LATE, {"first": 4, "last": 4})
    assert "4 to 4" not in sentence(alone)
    assert "4 bis 4" not in sentence(alone, SheetLanguage.DE)
