"""Tickets bought beforehand: taking in their codes, and saying who came in by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.presale import CODE_MAX, CODE_MIN, code_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.catalogue import Catalogue
    from hub.store.store import Row, Store

ORIGIN_MAX = 80


@dataclass(frozen=True, slots=True)
class Told:
    """A code as some shop tells it: where in its file, and for which ticket."""

    place: str
    code: str
    product: int
    origin: str


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of codes; `refused` says of each where it stands and why."""

    new: int
    known: int
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A code, and which orders held or freed it, the first one first."""

    presale: Row
    history: Sequence[Row]


async def take_in(
    store: Store, event: int, catalogue: Catalogue, codes: Sequence[Told]
) -> TakenIn:
    """Keep the digests of codes; those that are known already are only counted.

    Raises DatabaseGone; no code is ever told, logged or stored.
    """
    tickets = {each.product for each in catalogue.tickets}
    refused: list[str] = []
    wanted: dict[str, Told] = {}
    repeated = 0
    for told in codes:
        digest = code_digest(told.code)
        fault = _fault(told, digest, tickets)
        first = wanted.get(digest or "")
        if fault is None and first is not None and first.product != told.product:
            fault = "the same code is given for another ticket above"
        if fault is not None:
            refused.append(f"{told.place}: {fault}.")
        elif digest is not None and first is None:
            wanted[digest] = told
        else:
            repeated += 1
    for row in await store.fetch("load_presales", event, list(wanted)):
        told = wanted.pop(row["code_hash"])
        if row["product"] == told.product:
            repeated += 1
        else:
            refused.append(
                f"{told.place}: this code is known, for product {row['product']}."
            )
    added = await store.fetch(
        "add_presales",
        event,
        list(wanted),
        [each.product for each in wanted.values()],
        [each.origin for each in wanted.values()],
    )
    # Whoever imports the same file at the same time has added the others.
    repeated += len(wanted) - len(added)
    return TakenIn(len(added), repeated, tuple(refused))


async def find(store: Store, event: int, code: str) -> Known | None:
    """Find a code, as it was printed or by its digest; None when it is not known."""
    for digest in (code.strip().lower(), code_digest(code)):
        row = await store.fetch_row("read_presale", event, digest)
        if row is not None:
            used = await store.fetch("presale_history", event, digest)
            return Known(row, used)
    return None


def _fault(told: Told, digest: str | None, tickets: set[int]) -> str | None:
    if digest is None:
        return (
            f"a code has {CODE_MIN} to {CODE_MAX} printable characters, "
            f"this one has {len(told.code.strip())}"
        )
    if told.product not in tickets:
        return f"product {told.product} is no ticket of the catalogue"
    if not 0 < len(told.origin) <= ORIGIN_MAX:
        return f"the origin has 1 to {ORIGIN_MAX} characters"
    return None
