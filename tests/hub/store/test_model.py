from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from contract.order import Path
from hub.core.booking import Step, credit_item
from hub.store.ledger import Ledger
from tests.hub.samples import order
from tests.hub.store.ledgers import EVENT, Bench, aborted, asked, completed, told
from tests.hub.store.model import Model

if TYPE_CHECKING:
    from hub.core.booking import Item

SEEDS = (1, 2, 3)
ITEMS = 400


def some_items(draw: random.Random, wallets: list[int]) -> list[Item]:
    """Words about few orders and few wallets, so that they get in each other's way."""
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


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_batch_books_what_one_by_one_would(database: str, seed: int) -> None:
    draw = random.Random(seed)
    async with AsyncExitStack() as stack:
        bench = await Bench.open(database, stack)
        wallets = [await bench.wallet(500) for _ in range(5)]
        model = Model(dict.fromkeys(wallets, 500))
        items = some_items(draw, wallets)

        while items:
            size = min(draw.randrange(1, 60), len(items))
            # Within what is booked at once, words about one order keep their order;
            # the model takes them as the batches do: first words first.
            part, items = _first_words(items[:size]), items[size:]
            results = await bench.book(*part)
            expected = [model.book(item) for item in part]
            assert [_short(told(each)) for each in results] == [
                _short(each) for each in expected
            ]

        for wallet in wallets:
            balance, overdraft = await bench.balance(wallet)
            assert balance == model.balances[wallet]
            assert overdraft >= max(0, -balance)
        findings = (await bench.verify()).findings
        assert {each.check for each in findings} <= {"outcome"}, findings


def _first_words(items: list[Item]) -> list[Item]:
    rounds: list[list[Item]] = []
    left = items
    while left:
        named: dict[UUID, object] = {}
        now, later = [], []
        for item in left:
            if named.setdefault(item.order, item.identity) == item.identity:
                now.append(item)
            else:
                later.append(item)
                named[item.order] = None
        rounds.append(now)
        left = later
    return [item for each in rounds for item in each]


def _short(said: object) -> object:
    assert isinstance(said, tuple)
    code, reason, flags = said
    return code, reason, tuple(sorted(flags))


async def test_several_writers_keep_every_promise(database: str) -> None:
    draw = random.Random(4)
    async with AsyncExitStack() as stack:
        bench = await Bench.open(database, stack)
        wallets = [await bench.wallet(500) for _ in range(3)]
        items = [each for each in some_items(draw, wallets) if each.till is not None]
        told_to: dict[object, set[object]] = {}

        async def write(seed: int) -> None:
            ledger = await Ledger.beside(bench.store, EVENT)
            mixed = random.Random(seed).sample(items, len(items))
            writer = Bench(bench.dsn, bench.store, ledger)
            for start in range(0, len(mixed), 40):
                part = mixed[start : start + 40]
                for item, result in zip(part, await writer.book(*part), strict=True):
                    if item.step is Step.REQUEST:
                        answers = told_to.setdefault(item.identity, set())
                        answers.add(told(result)[:2])
            await ledger.close()

        await asyncio.gather(*(write(seed) for seed in range(4)))

        changed = {key: said for key, said in told_to.items() if len(said) != 1}
        assert not changed, "a verdict changed"
        findings = (await bench.verify()).findings
        assert {each.check for each in findings} <= {"outcome"}, findings
