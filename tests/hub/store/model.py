"""The ledger one item at a time, in plain Python: what a batch must equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.core.booking import Step

if TYPE_CHECKING:
    from uuid import UUID

    from hub.core.booking import Item

Told = tuple[str, str | None, tuple[str, ...]]


@dataclass
class Known:
    """What the model remembers of an order."""

    attempts: dict[int, tuple[bytes, str | None]] = field(default_factory=dict)
    live: tuple[int, int | None, int] | None = None  # attempt, wallet, charged
    end: Item | None = None
    end_flags: tuple[str, ...] = ()


class Model:
    """Sales, advices and credits, without cancellations."""

    def __init__(self, balances: dict[int, int]) -> None:
        self.balances = dict(balances)
        self.overdrafts = dict.fromkeys(balances, 0)
        self.orders: dict[UUID, Known] = {}

    def book(self, item: Item) -> Told:
        known = self.orders.setdefault(item.order, Known())
        if item.step is Step.REQUEST:
            return self._request(item, known)
        return self._advice(item, known)

    def _request(self, item: Item, known: Known) -> Told:
        seen = known.attempts.get(item.attempt)
        end = known.end
        if seen is not None and seen[0] != item.digest:
            return "conflict", None, ()
        if seen is not None:
            return ("declined" if seen[1] else "booked"), seen[1], ()
        if end and end.attempt == item.attempt and end.digest != item.digest:
            return "conflict", None, ()
        reason = self._decide(item, known)
        known.attempts[item.attempt] = (item.digest, reason)
        return ("declined" if reason else "booked"), reason, ()

    def _decide(self, item: Item, known: Known) -> str | None:
        if known.end is not None:
            if known.end.step is Step.ABORTED:
                return "aborted"
            return None if known.end.attempt == item.attempt else "superseded"
        if any(number > item.attempt for number in known.attempts):
            return "superseded"
        self._close(known)
        if item.payer not in self.balances:
            return "unknown_wristband"
        if _minor(item) < 0 and self.balances[item.payer] + _minor(item) < 0:
            return "insufficient_balance"
        self._move(item.payer, _minor(item))
        known.live = (item.attempt, item.payer, _minor(item))
        return None

    def _advice(self, item: Item, known: Known) -> Told:
        if known.end is not None:
            if known.end.advice_digest == item.advice_digest:
                return "recorded", None, known.end_flags
            return "recorded", None, ("contradicts_advice",)
        flags: list[str] = []
        seen = known.attempts.get(item.attempt)
        if item.step is Step.COMPLETED and seen and seen[1]:
            flags.append("contradicts_decline")
        if seen and seen[0] != item.digest:
            flags.append("other_bytes")
        stands = (
            item.step is Step.COMPLETED
            and known.live is not None
            and known.live[0] == item.attempt
            and seen is not None
            and seen[0] == item.digest
        )
        if not stands:
            self._close(known)
        if item.step is Step.COMPLETED and not stands:
            flags += self._force(item, known)
        known.end, known.end_flags = item, tuple(flags)
        return "recorded", None, tuple(flags)

    def _force(self, item: Item, known: Known) -> list[str]:
        charged = 0
        if item.payer in self.balances:
            charged = _minor(item)
            if item.stand_in:
                charged = -min(max(self.balances[item.payer], 0), -charged)
            self._move(item.payer, charged)
        known.live = (item.attempt, item.payer, charged)
        flags = []
        if charged != _minor(item):
            flags.append("stand_in_loss")
            if item.payer not in self.balances:
                flags.append("unknown_wristband")
        if charged < 0 and self.balances[item.payer or 0] < 0:
            flags.append("exceeds_balance")
        return flags

    def _close(self, known: Known) -> None:
        if known.live is not None:
            _, wallet, charged = known.live
            if wallet in self.balances:
                self._move(wallet, -charged)
            known.live = None

    def _move(self, wallet: int | None, minor: int) -> None:
        assert wallet is not None
        self.balances[wallet] += minor


def _minor(item: Item) -> int:
    return sum(move.minor for move in item.moves)
