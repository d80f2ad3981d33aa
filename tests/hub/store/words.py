"""Words about few orders and few wallets, so that they get in each other's way."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from uuid import UUID

from contract.order import Path
from hub.core.booking import credit_item
from tests.hub.samples import order
from tests.hub.store.ledgers import aborted, asked, completed

if TYPE_CHECKING:
    from hub.core.booking import Item

ITEMS = 400


def some_items(draw: random.Random, wallets: list[int]) -> list[Item]:
    """Draw requests, advices and credits, some of them twice, in any order."""
    items: list[Item] = []
    for _ in range(ITEMS):
        if items and draw.random() < 0.15:
            items.append(draw.choice(items))
            continue
        number = draw.randrange(ITEMS // 3)
        attempt = draw.choice((1, 1, 1, 2, 3))
        stable = random.Random(f"{number}/{attempt}")
        total = stable.randrange(0, 400)
        wallet = stable.choice([*wallets, 4_000_000])
        if draw.random() < 0.05:
            total += 1  # other bytes for the same attempt
        sale = order(total, wallet, order_id=UUID(int=number + 1), attempt=attempt)
        match draw.randrange(10):
            case 0:
                items.append(aborted(sale))
            case 1:
                items.append(completed(sale))
            case 2:
                items.append(completed(sale, Path.STAND_IN))
            case 3:
                payment = UUID(int=draw.randrange(10_000, 10_050))
                amount = 50 + payment.int % 7
                wallet = wallets[payment.int % len(wallets)]
                items.append(credit_item(payment, wallet, amount, "test"))
            case _:
                items.append(asked(sale))
    return items
