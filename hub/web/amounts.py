"""Amounts as people type them into forms."""

from __future__ import annotations

import re

from contract.money import MINOR_MAX

_AMOUNT = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]{1,2}))?", re.A)


def typed_amount(text: str) -> int | None:
    """Read an amount in minor units, cents parted by dot or comma; None if it is none.

    One digit behind it counts ten cents; blanks and apostrophes between thousands are
    passed over.
    """
    found = _AMOUNT.fullmatch(re.sub(r"[ '\u2019\u00a0]", "", text.strip()))
    if found is None:
        return None
    minor = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    return minor if minor <= MINOR_MAX else None
