"""The writer's side of the ledger: one connection that holds the writer's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import asyncpg

from contract.messages import AdviceFlag, DeclineReason
from hub.core.booking import Result, ResultCode
from hub.store.errors import BookingRefused, DatabaseGone
from hub.store.queries import QUERIES
from hub.store.store import LOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hub.core.booking import Item
    from hub.core.ledger import Account
    from hub.store.store import Store


class Booked:
    """What a batch came to: a result per item, and the wallets that changed."""

    __slots__ = ("results", "wallets")

    def __init__(self, results: list[Result], wallets: list[int]) -> None:
        self.results = results
        self.wallets = wallets


class Ledger:
    """Books batches of one event, as its only writer."""

    def __init__(self, connection: asyncpg.Connection, event: int) -> None:
        self._connection = connection
        self._event = event
        self._accounts: dict[Account, int] = {}

    @classmethod
    async def seize(cls, store: Store, event: int) -> Self | None:
        """Become the writer if nobody else is; raises DatabaseGone.

        The lock lives as long as the connection, so a hub that lost it can't book.
        """
        connection = await store.connect()
        try:
            got = await connection.fetchval(QUERIES["seize_writer_lock"], event)
        except LOST as error:
            raise DatabaseGone("The database closed the connection.") from error
        if got:
            return cls(connection, event)
        await connection.close()
        return None

    @property
    def is_lost(self) -> bool:
        """Whether the connection ended, and with it the writer's lock."""
        return bool(self._connection.is_closed())

    def on_loss(self, listener: Callable[[], None]) -> None:
        """Have a function called when the connection ends."""
        self._connection.add_termination_listener(lambda _: listener())

    async def close(self) -> None:
        """Stop being the writer."""
        self._connection.terminate()

    async def book(self, items: Sequence[Item]) -> Booked:
        """Book items in their order, each order named once; commits or raises.

        Raises DatabaseGone when the outcome is in doubt (repeat the same batch on a
        new connection), BookingRefused when nothing was booked.
        """
        try:
            await self._open_missing(items)
            rows = [self._row(item) for item in items]
            answer = await self._connection.fetchrow(
                QUERIES["book_batch"], self._event, rows
            )
        except LOST as error:
            raise DatabaseGone("The database closed the connection.") from error
        except (asyncpg.PostgresError, asyncpg.DataError, ValueError) as error:
            raise BookingRefused(str(error)) from error
        batch, head = answer["batch"], answer["chain_head"]
        results = [_result(each, batch, head) for each in answer["results"]]
        return Booked(results, answer["wallets"] or [])

    def _row(self, item: Item) -> tuple[Any, ...]:
        fiscal, accounts = item.fiscal, self._accounts
        return (
            item.step.value,
            item.order,
            item.attempt,
            item.digest,
            item.till,
            item.wallet,
            item.wallet_minor,
            item.stand_in,
            item.refusal and item.refusal.value,
            item.cancels,
            [flag.value for flag in item.flags],
            item.advice_digest,
            fiscal and fiscal.tse_serial,
            fiscal and fiscal.number,
            fiscal and fiscal.counter,
            [(accounts[each.account], each.amount_minor) for each in item.postings],
            item.body,
        )

    async def _open_missing(self, items: Sequence[Item]) -> None:
        for item in items:
            for posting in item.postings:
                if posting.account not in self._accounts:
                    await self._open(posting.account)

    async def _open(self, account: Account) -> None:
        key = (self._event, account.role.value, account.key)
        await self._connection.execute(QUERIES["open_account"], *key)
        number: int = await self._connection.fetchval(QUERIES["account"], *key)
        self._accounts[account] = number


def _result(row: asyncpg.Record, batch: int, chain_head: bytes) -> Result:
    return Result(
        code=ResultCode(row["code"]),
        reason=DeclineReason(row["reason"]) if row["reason"] else None,
        balance_minor=row["balance_minor"],
        flags=tuple(AdviceFlag(flag) for flag in row["flags"] or ()),
        batch=batch,
        chain_head=chain_head,
    )
