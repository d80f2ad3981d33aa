"""The parts of an order that depend on what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract.order import CashMove, Credit, Line, WristbandChange


@dataclass(frozen=True, slots=True)
class Parts:
    """What one kind of order says and another does not (`contract.forms`)."""

    lines: tuple[Line, ...] = ()
    credits: tuple[Credit, ...] = ()
    wristband: WristbandChange | None = None
    cash: CashMove | None = None
    bill: str | None = None
    granted_by: str = ""
    presale: tuple[str, ...] = ()
