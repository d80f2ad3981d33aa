"""PostgreSQL's text form of arrays.

The driver's own encoder asks of every element whether it is a nested array, which
takes longer than all else that is done to book an order. Text costs a tenth, parsing
included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


def literal(values: Sequence[object]) -> str:
    """Write an array of numbers, UUIDs, truth values, words and NULLs.

    JSON quotes and escapes printable words as PostgreSQL does; texts that may hold
    control characters go as arrays of bytes.
    """
    return "{" + msgspec.json.encode(values)[1:-1].decode() + "}"
