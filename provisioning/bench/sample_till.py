"""The till's screens over a basket in memory: what a tap costs without the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract.money import Money
from edge.core.intents import Pick
from edge.core.view import BasketLine
from edge.ui.app import TillApp
from edge.ui.sample import sample_selling

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from edge.core.intents import Intent
    from edge.core.view import TillView


class SampleTill:
    """Puts what is picked into the basket; knows no other intent."""

    def __init__(self) -> None:
        self._view = replace(sample_selling(), basket=(), total=None)
        self._watchers: list[Callable[[TillView], None]] = []

    @property
    def view(self) -> TillView:
        """The newest picture of the till."""
        return self._view

    def submit(self, intent: Intent, /) -> None:
        """Put a picked product into the basket."""
        if isinstance(intent, Pick):
            self._view = _with_one_more(self._view, intent.product)
            for watcher in self._watchers:
                watcher(self._view)

    def watch(self, callback: Callable[[TillView], None], /) -> Callable[[], None]:
        """Call back at each new view."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def shown(self, order: UUID, /) -> None:
        """No approval is ever painted here."""


def _with_one_more(view: TillView, number: int) -> TillView:
    assert view.catalogue is not None
    product = view.catalogue.product(number)
    assert product is not None
    lines = {line.product: line for line in view.basket}
    quantity = lines[number].quantity + 1 if number in lines else 1
    lines[number] = BasketLine(
        product=number,
        name=product.name,
        quantity=quantity,
        total=Money(product.price_minor * quantity, view.catalogue.currency),
    )
    total = Money(sum(line.total.minor for line in lines.values()))
    return replace(view, basket=tuple(lines.values()), total=total)


if __name__ == "__main__":
    TillApp(SampleTill()).run()
