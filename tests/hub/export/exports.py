"""Exports of our tills' days as files, and ways to tamper with them."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

from hub.export.archive import archive
from hub.export.cash_point import Event, Group
from hub.export.closing_rows import ClosingRows
from hub.export.tse_register import TseRegister
from tests.hub import samples
from tests.hub.export import till_days
from tests.hub.export.till_days import all_closings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.hub.export.till_days import Till

EVENT = Event(
    name=samples.EVENT.name,
    seller=samples.EVENT.seller,
    groups={
        (till_days.CATALOGUE.version, product.id): Group(group.id, group.name)
        for product in till_days.CATALOGUE.products
        for group in till_days.CATALOGUE.groups
        if group.id == product.group
    },
    tax_names={tax.code: tax.name for tax in till_days.CATALOGUE.taxes},
    cashiers={"ann": "Ann; Müller"},
)


def write(out: Path, tills: Sequence[Till]) -> Path:
    """Export all closings of these tills."""
    tses = TseRegister({till.facts.serial: till.facts for till in tills}.values())
    seller = EVENT.seller
    with archive(
        out, tses.tables, supplier=seller.name, location=seller.city, comment="Test"
    ) as tables:
        for point, orders in all_closings(tills):
            rows = ClosingRows(EVENT, point, tses, tables.write)
            for ended in orders:
                rows.add(ended)
            rows.finish()
    return out


def texts(path: Path) -> dict[str, str]:
    """Return the files of an export."""
    with zipfile.ZipFile(path) as archive_:
        return {name: archive_.read(name).decode() for name in archive_.namelist()}


def rows(path: Path, file: str) -> list[dict[str, str]]:
    """Return the rows of a table."""
    text = io.StringIO(texts(path)[file], newline="")
    return list(csv.DictReader(text, delimiter=";", strict=True))


def tampered(path: Path, changes: Mapping[str, Callable[[str], str | None]]) -> Path:
    """Copy an export with some of its files changed, or left out."""
    copy = path.with_name(f"tampered-{path.name}")
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as archive_:
        for name, text in texts(path).items():
            changed = changes[name](text) if name in changes else text
            if changed is not None:
                archive_.writestr(name, changed)
    return copy
