"""A sheet's rows as a page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.sheet import Cells, Code, Pair, Rule, Text
from hub.web.qr_code import qr_svg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.sheet import Sheet


def view_sheet(sheet: Sheet, code_label: str) -> Iterator[dict[str, object]]:
    """Write rows for a template; draws QR codes, so call it from a thread."""
    for row in sheet.rows:
        kind: dict[str, object] = {"kind": type(row).__name__}
        match row:
            case Text(text=text, style=style, centered=centered):
                yield kind | {"text": text, "style": style.value, "centered": centered}
            case Pair(left=left, right=right, style=style):
                yield kind | {"left": left, "right": right, "style": style.value}
            case Cells(cells=cells, style=style):
                yield kind | {"cells": cells, "style": style.value}
            case Rule():
                yield kind
            case Code(text=text):
                yield kind | {"code": qr_svg(text, code_label)}
