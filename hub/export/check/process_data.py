"""What the TSE signed of a receipt, and what its rows say: the same, or not.

Kassenbeleg-V1 (DSFinV-K 2.4, annex I): type, five gross sums, payments.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.fiscal import CONTAINERS, container
from hub.export.check.amounts import CENT, amount, whole, written
from hub.export.closed_lists import CASH, NOTHING_PAID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HOME = "EUR"
NOT_CASH = "Unbar"
_SUM = r"-?[0-9]+\.[0-9]{2}"
_SUMS = re.compile(rf"{_SUM}(?:_{_SUM}){{{CONTAINERS - 1}}}")
_PAYMENT = re.compile(rf"({_SUM}):({CASH}|{NOT_CASH})(?::([A-Z]{{3}}))?")


@dataclass(frozen=True, slots=True)
class Said:
    """Process data, taken apart; amounts in hundred thousandths."""

    kind: str
    sums: tuple[int, ...]
    paid: Mapping[tuple[str, str], int]
    """By Bar or Unbar, and currency."""


def read(text: str) -> Said | None:
    """Take process data apart; None where they are no Kassenbeleg-V1."""
    parts = text.split("^")
    if len(parts) != 3 or not _SUMS.fullmatch(parts[1]):
        return None
    paid: Counter[tuple[str, str]] = Counter()
    for each in parts[2].split("_") if parts[2] else ():
        found = _PAYMENT.fullmatch(each)
        if found is None:
            return None
        paid[found[2], found[3] or HOME] += amount(found[1].replace(".", ","))
    sums = tuple(amount(each.replace(".", ",")) for each in parts[1].split("_"))
    return Said(parts[0], sums, paid)


def write(kind: str, sums: Iterable[int], paid: Mapping[tuple[str, str], int]) -> str:
    """Write what a till will have had signed, from what the rows say."""
    entries = sorted(
        ((*key, value) for key, value in paid.items() if value),
        key=lambda each: (each[0] != CASH, each[1] != HOME, each[1]),
    )
    return "^".join(
        (
            kind,
            "_".join(map(_dotted, sums)),
            "_".join(
                f"{_dotted(value)}:{how}" + ("" if currency == HOME else f":{currency}")
                for how, currency, value in entries
            ),
        )
    )


def containers(taxes: Iterable[tuple[str, int]]) -> tuple[int, ...]:
    """Add gross sums by tax key into the five containers."""
    sums = [0] * CONTAINERS
    for key, gross in taxes:
        code = whole(key)
        if code is not None and code > 0:
            sums[container(code) - 1] += gross
    return tuple(sums)


def payments(
    rows: Iterable[tuple[str, str, str, int]],
) -> Counter[tuple[str, str]]:
    """Add up payments as they are signed: type, currency, amount in it and at home."""
    paid: Counter[tuple[str, str]] = Counter()
    for kind, currency, foreign, value in rows:
        if kind != NOTHING_PAID:
            how = CASH if kind == CASH else NOT_CASH
            paid[how, currency] += amount(foreign) if foreign else value
    return paid


def differences(
    said: Said, kind: str, sums: Iterable[int], paid: Mapping[tuple[str, str], int]
) -> Iterable[str]:
    """Say where process data and rows do not agree."""
    if said.kind != kind:
        yield f"It was signed as {said.kind!r}, but is {kind!r}."
    for number, (signed, told) in enumerate(zip(said.sums, sums, strict=True), 1):
        if abs(signed - told) >= CENT:
            yield (
                f"Container {number} was signed with {written(signed)}; "
                f"transactions_vat.csv says {written(told)}."
            )
    for key in sorted(said.paid.keys() | paid.keys()):
        signed, told = said.paid.get(key, 0), paid.get(key, 0)
        if abs(signed - told) >= CENT:
            yield (
                f"{' '.join(key)} was signed with {written(signed)}; "
                f"datapayment.csv says {written(told)}."
            )


def _dotted(value: int) -> str:
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value) // CENT, 100)
    return f"{sign}{whole}.{rest:02d}"
