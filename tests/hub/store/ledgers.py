"""A ledger under test: the event of the samples, wallets with money, items to book."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg

from contract.messages import DeclineReason, encode_advice
from contract.order import Order, Outcome, Path, encode_order
from hub.core.booking import (
    Item,
    Result,
    advice_item,
    block_item,
    credit_item,
    request_item,
)
from hub.service.verification import Report, verify
from hub.store.ledger import Ledger
from hub.store.store import Store
from tests.hub import samples
from tests.hub.conftest import populate

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from hub.core.records import Records

EVENT = samples.EVENT.number


class Bench:
    """An opened ledger with shorthands for what tests do over and over."""

    def __init__(self, dsn: str, store: Store, ledger: Ledger) -> None:
        self.dsn = dsn
        self.store = store
        self.ledger = ledger

    @classmethod
    async def open(cls, dsn: str, stack: AsyncExitStack) -> Bench:
        store = await Store.open(dsn)
        stack.push_async_callback(store.close)
        await populate(store)
        ledger = await Ledger.seize(store, EVENT)
        assert ledger is not None, "a fresh database has no other writer"
        stack.push_async_callback(ledger.close)
        return cls(dsn, store, ledger)

    async def wallet(self, balance_minor: int = 0, *, blocked: bool = False) -> int:
        """Issue a wristband with money on it; its serial."""
        serial: int = await self.store.fetch_value(
            "issue_wristband", EVENT, uuid4().bytes, b"", 0
        )
        if balance_minor:
            await self.book(credit_item(uuid4(), serial, balance_minor, "test"))
        if blocked:
            await self.book(block_item(uuid4(), serial, blocked=True))
        return serial

    async def book(self, *items: Item) -> list[Result]:
        """Book items in one batch."""
        return (await self.ledger.book(items)).results

    async def balance(self, serial: int) -> tuple[int, int]:
        """Balance and overdraft of a wristband's wallet."""
        row = await self.store.fetch_row("wallet_of", EVENT, serial)
        assert row is not None
        return row["balance_minor"], row["overdraft_minor"]

    async def posted(self, role: str, key: str) -> int:
        """What all postings on an account add up to."""
        connection = await asyncpg.connect(self.dsn)
        total = await connection.fetchval(
            "SELECT coalesce(sum(p.amount_minor), 0)::bigint FROM account AS a"
            " LEFT JOIN posting AS p ON p.account = a.id"
            " WHERE a.role = $1::account_role AND a.key = $2",
            role,
            key,
        )
        await connection.close()
        return int(total)

    async def verify(self) -> Report:
        row = await self.store.fetch_row("event_by_slug", samples.EVENT.slug)
        assert row is not None
        return await verify(self.store, EVENT, row["incarnation"])


def asked(order: Order, refusal: DeclineReason | None = None) -> Item:
    """The request of an order."""
    return request_item(order, encode_order(order), refusal)


def completed(
    order: Order, path: Path = Path.ONLINE, refusal: DeclineReason | None = None
) -> Item:
    """The advice that an order was completed."""
    said = samples.advice(order, Outcome.COMPLETED, path)
    return advice_item(said, order, encode_advice(said), refusal=refusal)


def aborted(order: Order) -> Item:
    """The advice that an order was aborted."""
    said = samples.advice(order, Outcome.ABORTED, None)
    return advice_item(said, order, encode_advice(said))


def each_amount(change: str) -> str:
    """Write what SQL makes of all amounts `n` of a row of `entry`."""
    return (
        f"ARRAY(SELECT {change} FROM unnest(amounts) WITH ORDINALITY AS a (n, place)"
        " ORDER BY place)"
    )


def told(result: Result) -> tuple[str, str | None, tuple[str, ...]]:
    """A result in short: code, reason, flags."""
    reason = result.reason.value if result.reason else None
    return result.code.value, reason, tuple(flag.value for flag in result.flags)


def posted(records: Records, entry: int) -> list[tuple[int, str, int]]:
    """What an entry of a batch posts: accounts, units and amounts, money first."""
    [row] = [row for row in records.entries.rows if row[0] == entry]
    first, middle, last = row[-3:]
    rows = records.postings.rows
    money = [(account, "money", amount) for account, amount in rows[first - 1 : middle]]
    vouchers = [(account, "voucher", amount) for account, amount in rows[middle:last]]
    return [*money, *vouchers]


def order_id(number: int) -> UUID:
    return UUID(int=number)
