"""Codes of tickets bought beforehand, in a database in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

from tests.world.wares import CODES, TICKET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from hub.store.store import Row


class Uses:
    """Which order holds a code since which entry, as batches have said it."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def holder(self, code: str) -> UUID | None:
        """The order whose guest came in by a code."""
        holders = [holder for each, _, _, holder, _ in self.rows if each == code]
        return holders[-1] if holders else None

    def check(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Hold that a batch knows who has the codes that it hands over."""
        held = {code: self.holder(code) for code in CODES}
        for code, _, before, holder, _ in rows:
            if held[code] != before:
                error = asyncpg.RaiseError("another order holds a code")
                error.sqlstate = "KB003"
                raise error
            assert None in {before, holder}, "a code changed hands while it was held"
            held[code] = holder

    def apply(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Append what a batch says."""
        self.rows += rows


class UseQueries:
    """Answers what is asked of codes by name."""

    @property
    def _uses(self) -> Uses:
        raise AssertionError("whoever answers says which uses")

    def _load_presales(self, _event: int, codes: list[str]) -> Iterator[Row]:
        for code in codes:
            if code in CODES:
                yield {
                    "code_hash": code,
                    "product": TICKET.product,
                    "holder": self._uses.holder(code),
                }

    def _load_presale_uses(self, _event: int, orders: list[UUID]) -> Iterator[Row]:
        for code, entry, _, _, order in self._uses.rows:
            if order in orders:
                yield {"order_id": order, "code_hash": code, "entry": entry}
