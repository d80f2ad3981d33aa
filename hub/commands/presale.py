"""`kassenband-hub presale`: codes of tickets bought beforehand, and their use."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.commands import numbers
from hub.commands.answer import Answer, table
from hub.commands.files import read_text
from hub.commands.opened import opened
from hub.commands.verbs import Verbs
from hub.service.presales import Told, find, take_in
from hub.store.errors import Refused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from contract.catalogue import Catalogue
    from hub.commands.opened import Opened
    from hub.service.presales import Known
    from hub.settings import Settings

REFUSALS_SHOWN = 20
PRODUCT_DIGITS_MAX = 9


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `presale` understands."""
    verbs = Verbs(parser)
    taking = verbs.add("import", _import, "take in codes that a shop has sold")
    taking.add_argument("file", type=Path, help="CSV or JSON, see docs/operator.md")
    taking.add_argument(
        "--product", type=numbers.number, help="the ticket, if the file is silent"
    )
    taking.add_argument("--origin", help="the shop, if the file is silent")
    verbs.add("list", _list, "count codes by where they were bought, and those used")
    showing = verbs.add("show", _show, "say what became of a code")
    showing.add_argument("code", help="as it was printed, or its SHA-256")


async def _import(settings: Settings, options: argparse.Namespace) -> Answer:
    codes = list(_read(options.file, options.product, options.origin))
    async with opened(settings) as at:
        catalogue = _catalogue(at)
        done = await take_in(at.store, at.event.number, catalogue, codes)
    figures = {"new": done.new, "known": done.known, "refused": len(done.refused)}
    lines = [f"New: {done.new}. Known: {done.known}. Refused: {len(done.refused)}."]
    lines += done.refused[:REFUSALS_SHOWN]
    if len(done.refused) > REFUSALS_SHOWN:
        lines.append(f"... and {len(done.refused) - REFUSALS_SHOWN} more.")
    return Answer(
        figures | {"refusals": list(done.refused)}, lines, good=not done.refused
    )


async def _list(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        names = {each.id: each.name for each in _catalogue(at).products}
        rows = await at.store.fetch("count_presales", at.event.number)
    figures = [dict(row) for row in rows]
    cells = [
        (
            row["origin"],
            names.get(row["product"], str(row["product"])),
            str(row["sold"]),
            str(row["used"]),
        )
        for row in rows
    ]
    lines = table(("Bought at", "Ticket", "Codes", "Used"), cells)
    return Answer({"presales": figures}, lines if rows else ["No codes are known."])


async def _show(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        known = await find(at.store, at.event.number, options.code)
        names = {each.id: each.name for each in _catalogue(at).products}
    if known is None:
        raise Refused(
            "No ticket was sold under this code. Look at it again, or import the "
            "shop's codes with 'kassenband-hub presale import'."
        )
    name = names.get(known.presale["product"], str(known.presale["product"]))
    return Answer(_figures(known), _sentences(known, name))


def _figures(known: Known) -> dict[str, Any]:
    holder = known.history[-1]["holder"] if known.history else None
    return {
        "sha256": known.presale["code_hash"],
        "product": known.presale["product"],
        "origin": known.presale["origin"],
        "added_at": known.presale["added_at"],
        "used_by": holder,
        "history": [dict(row) for row in known.history],
    }


def _sentences(known: Known, name: str) -> list[str]:
    lines = [
        f"{name}, bought at {known.presale['origin']}, "
        f"taken in {known.presale['added_at']:%Y-%m-%d %H:%M}."
    ]
    for row in known.history:
        what = "freed" if row["holder"] is None else "used"
        lines.append(f"{row['booked_at']:%Y-%m-%d %H:%M}: {what}, {row['order_id']}.")
    is_free = not known.history or known.history[-1]["holder"] is None
    lines.append("It lets a guest in." if is_free else "It lets nobody in any more.")
    return lines


def _catalogue(at: Opened) -> Catalogue:
    agreed = at.event.agreed
    if not agreed.catalogues:
        raise Refused(
            "No catalogue is published yet, so there are no tickets. "
            "Use 'kassenband-hub catalogue publish'."
        )
    return agreed.catalogues[agreed.current_catalogue]


# --- the file ------------------------------------------------------------------------


def _read(path: Path, product: int | None, origin: str | None) -> Iterable[Told]:
    rows = _rows(path)
    for place, row in rows:
        said = str(row.get("product") or product or "").strip()
        is_number = said.isascii() and said.isdecimal()
        if not is_number or len(said) > PRODUCT_DIGITS_MAX:
            raise Refused(
                f"{path}, {place}: it does not say which product the ticket is. "
                "Write it into the column 'product', or name it by --product."
            )
        shop = str(row.get("origin") or origin or path.stem).strip()
        yield Told(place, str(row.get("code") or ""), int(said), shop)


def _rows(path: Path) -> Iterable[tuple[str, Mapping[str, Any]]]:
    text = read_text(path)
    if path.suffix == ".json":
        return _objects(path, text)
    lines = text.splitlines()
    delimiter = ";" if lines and ";" in lines[0] else ","
    reader = csv.DictReader(lines, delimiter=delimiter)
    if "code" not in (reader.fieldnames or ()):
        raise Refused(
            f"{path} has no column 'code'. Its first line names the columns: "
            "code, product, origin."
        )
    try:
        return [(f"line {number}", row) for number, row in enumerate(reader, start=2)]
    except csv.Error as error:
        raise Refused(f"The file {path} is no CSV: {error}.") from None


def _objects(path: Path, text: str) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"The file {path} is no JSON: {error}.") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Refused(
            f"{path} is no list of objects with code, product and origin. "
            "Correct the file."
        )
    return [(f"object {number}", each) for number, each in enumerate(found, start=1)]
