"""A pattern ends where its text ends: no line break may hide behind it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

import contract
from contract.acts import MASKED_NUMBER_PATTERN
from contract.catalogue import Name
from contract.fields import BillReference, Digest, PlaceKey, StaffId
from contract.ids import EventIdField, TillIdField
from contract.staff import RoleName
from contract.stocking import StockingName

FIELDS: dict[str, tuple[Any, str]] = {
    "name": (Name, "Beer"),
    "digest": (Digest, "0" * 64),
    "bill": (BillReference, "0" * 27),
    "place": (PlaceKey, "bar-1"),
    "till": (TillIdField, "bar-1"),
    "event": (EventIdField, "summer"),
    "staff": (StaffId, "ann"),
    "role": (RoleName, "cashier"),
    "stocking": (StockingName, "Bar float"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_trailing_line_break_is_refused(name: str) -> None:
    field, good = FIELDS[name]
    assert msgspec.convert(good, field) == good
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(f"{good}\n", field)


def test_every_pattern_of_the_contract_ends_with_its_text() -> None:
    assert re.search(MASKED_NUMBER_PATTERN, "1234\n") is None
    folder = Path(contract.__file__).parent
    found = [
        f"{path.name}: {pattern}"
        for path in folder.glob("*.py")
        for pattern in re.findall(r'r"(\^[^"]*\$)"', path.read_text())
    ]
    assert found == []
