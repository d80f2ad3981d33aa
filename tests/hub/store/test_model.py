from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from hub.core.booking import Step
from hub.store.ledger import Ledger
from tests.hub.store.ledgers import EVENT, Bench, told
from tests.hub.store.model import Model
from tests.hub.store.words import some_items

SEEDS = (1, 2, 3)


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
            part, items = items[:size], items[size:]
            results = await bench.book(*part)
            expected = [model.book(item) for item in part]
            assert [_short(told(each)) for each in results] == [
                _short(each) for each in expected
            ]
            if draw.random() < 0.3:
                bench.ledger.forget()

        for wallet in wallets:
            balance, overdraft = await bench.balance(wallet)
            assert balance == model.balances[wallet]
            assert overdraft >= max(0, -balance)
        findings = (await bench.verify()).findings
        assert {each.check for each in findings} <= {"outcome"}, findings


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
                        identity = (item.order, item.attempt, item.digest)
                        answers = told_to.setdefault(identity, set())
                        answers.add(told(result)[:2])
            await ledger.close()

        await asyncio.gather(*(write(seed) for seed in range(4)))

        changed = {key: said for key, said in told_to.items() if len(said) != 1}
        assert not changed, "a verdict changed"
        findings = (await bench.verify()).findings
        assert {each.check for each in findings} <= {"outcome"}, findings
