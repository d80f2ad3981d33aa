"""What cash registers are handed out with: templates of rolls and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from contract.stocking import Pieces, Stocking, stocking_fault
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection

    from contract.money import Currency
    from hub.store.store import Store

STOCKINGS_MAX: Final = 20
"""So many of an event's fit into what tills are told of it, be they ever so large."""


async def stockings(store: Store, event: int) -> tuple[Stocking, ...]:
    """List an event's templates by name."""
    return tuple(
        Stocking(
            name=row["name"],
            pieces=msgspec.json.decode(row["pieces"], type=tuple[Pieces, ...]),
        )
        for row in await store.fetch("stockings", event)
    )


async def put_stocking(
    store: Store, event: int, stocking: Stocking, currency: Currency
) -> None:
    """Make a template, or change it; tills are told at once.

    Raises Refused for what there are no coins or notes of, and for one too many.
    """
    refuse_unfillable(stocking, currency)
    await refuse_too_many(store, event, {stocking.name})
    pieces = msgspec.json.encode(stocking.pieces).decode()
    await store.fetch("put_stocking", event, stocking.name, pieces)


def refuse_unfillable(stocking: Stocking, currency: Currency) -> None:
    """Raise Refused for a template of what there are no coins or notes of."""
    fault = stocking_fault(stocking, currency)
    if fault is not None:
        raise Refused(f"The stocking {stocking.name} can't be filled. {fault}")


async def refuse_too_many(store: Store, event: int, names: Collection[str]) -> None:
    """Raise Refused if an event had too many templates with those of these names."""
    kept = {each.name for each in await stockings(store, event)}
    count = len(kept.union(names))
    if count > STOCKINGS_MAX:
        raise Refused(
            f"With that there would be {count} stockings; an event has up to "
            f"{STOCKINGS_MAX}. Take one away with 'kassenband-hub stocking remove'."
        )


async def remove_stocking(store: Store, event: int, name: str) -> None:
    """Take a template away; raises Refused when there is none of that name."""
    if not await store.fetch_value("remove_stocking", event, name):
        raise Refused(
            f"No stocking is named {name}. See 'kassenband-hub stocking list'."
        )
