from __future__ import annotations

from typing import Any

from dsfinvk import fields, models
from dsfinvk.table import Model

from hub.export.tables import BY_FILE, TABLES, certificate_column

# What the package has from an older version of the standard.
NEWER = {
    ("subitems.csv", "ZI_NAME"): 60,
    ("tse.csv", "TSE_SIG_ALGO"): len("ecsdsa-plain-SHA3-512"),
}
# Where a certificate needs them, any export may have these.
MORE = {f"TSE_ZERTIFIKAT_{number}" for number in ("III", "IV", "V", "VI", "VII")}


def strangers() -> dict[str, list[fields.Field]]:
    """The tables as somebody else's package has them."""
    found: list[Any] = [
        each
        for each in vars(models).values()
        if isinstance(each, type) and issubclass(each, Model) and each is not Model
    ]
    return {
        each._filename: [own for own in each._fields if own.name not in MORE]
        for each in found
    }


def test_tables_and_columns_are_those_of_an_independent_package() -> None:
    theirs = strangers()
    assert set(theirs) == set(BY_FILE)
    for file, table in BY_FILE.items():
        assert [each.name for each in theirs[file]] == [
            each.name for each in table.columns
        ]


def test_lengths_and_decimals_are_those_of_an_independent_package() -> None:
    for file, theirs in strangers().items():
        for ours, other in zip(BY_FILE[file].columns, theirs, strict=True):
            if isinstance(other, fields.NumericField):
                assert (ours.is_number, ours.size) == (True, other.places), ours
            elif isinstance(other, fields.StringField) and other.max_length:
                size = NEWER.get((file, ours.name), other.max_length)
                assert (ours.is_number, ours.size) == (False, size), ours


def test_every_table_begins_with_the_closing_it_belongs_to() -> None:
    assert len(TABLES) == 20
    for table in TABLES:
        head = [column.name for column in table.columns[:3]]
        assert head == ["Z_KASSE_ID", "Z_ERSTELLUNG", "Z_NR"]


def test_a_long_certificate_gets_columns_of_its_own() -> None:
    column = certificate_column(4)
    assert (column.name, column.size) == ("TSE_ZERTIFIKAT_IV", 1000)
