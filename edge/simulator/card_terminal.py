"""A card terminal for the demo: takes a moment, refuses some cards, forgets nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from contract.order import CardReceipt
from edge.core.errors import CardRefused

if TYPE_CHECKING:
    from random import Random

    from contract.money import Money

PROVIDER = "demo"
TAKES_S = 0.3


class SimulatedTerminal:
    """Charges `approved` percent of all cards; a reference is charged once."""

    def __init__(self, random: Random, *, approved: int = 90) -> None:
        self._random = random
        self._approved = approved
        self._taken: dict[str, CardReceipt] = {}

    async def charge(self, reference: str, amount: Money) -> CardReceipt:
        """Take an amount from the guest's card; returns when it is taken."""
        if reference not in self._taken:
            await asyncio.sleep(TAKES_S)
            if self._random.randrange(100) >= self._approved:
                raise CardRefused(f"The card for {amount} was refused. Try another.")
            self._taken[reference] = CardReceipt(
                provider=PROVIDER,
                id=reference,
                scheme="demo",
                masked_number=f"{'*' * 12}{self._random.randrange(10_000):04d}",
            )
        return self._taken[reference]

    async def refund(
        self, reference: str, amount: Money, receipt: CardReceipt | None
    ) -> CardReceipt:
        """Give an amount back that was taken by this receipt."""
        if receipt is None or receipt not in self._taken.values():
            raise CardRefused(f"This terminal never took the {amount} to give back.")
        await asyncio.sleep(TAKES_S)
        return self._taken.setdefault(
            reference, CardReceipt(provider=PROVIDER, id=reference, scheme="demo")
        )

    async def find(self, reference: str) -> CardReceipt | None:
        """Look up what became of a charge or a refund."""
        return self._taken.get(reference)
