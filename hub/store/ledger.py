"""The writer's side of the ledger: one connection that holds the writer's lock."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self

import asyncpg

from hub.core.draft import Draft
from hub.core.state import Closed, GuestsMoney, LedgerState
from hub.store.errors import BookingRefused, DatabaseGone
from hub.store.literals import literal
from hub.store.loading import load
from hub.store.queries import QUERIES
from hub.store.store import LOST, is_lost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hub.core.booking import Item, Result
    from hub.store.store import Store

log = logging.getLogger(__name__)

# Raised by book_batch_v1 when the writer's state is not the ledger's, and by its
# tables when another writer was faster.
STALE = frozenset({"KB001", "KB002", "KB003", "23505"})
NOT_NEW = "KB002"
TRIES_MAX = 100  # each is lost only to another writer's batch
# Plans must not depend on statistics: tables grow from nothing to millions of rows
# within hours, and every access is meant to be an index probe.
SETTINGS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}


# What is asked before the first batch can be judged.
WANTED_AT_FIRST = (
    "load_bands",
    "load_verdicts",
    "load_ends",
    "load_contradictions",
    "load_live_postings",
    "load_band_changes",
    "load_presale_uses",
)


class StaleState(BookingRefused):
    """The ledger is not as the writer believed; nothing was booked. Judge again."""


class Booked:
    """What a batch came to: a result per item, and the wallets that changed."""

    __slots__ = ("results", "wallets")

    def __init__(self, results: list[Result], wallets: list[int]) -> None:
        self.results = results
        self.wallets = wallets


class Ledger:
    """Judges and books batches of one event, as its only writer."""

    def __init__(
        self, store: Store, connection: asyncpg.Connection, event: int
    ) -> None:
        self._store = store
        self._connection = connection
        self._event = event
        self._state: LedgerState | None = None
        self._wary = False

    @classmethod
    async def seize(cls, store: Store, event: int) -> Self | None:
        """Become the writer if nobody else is; raises DatabaseGone.

        The lock lives as long as the connection, so a hub that lost it can't book.
        """
        ledger = await cls.beside(store, event)
        try:
            got = await ledger._connection.fetchval(QUERIES["seize_writer_lock"], event)
            if got:
                await ledger._warm_up()
                return ledger
        except BaseException as error:
            await ledger.close()  # else it held the lock, and nobody could ever write
            if is_lost(error):
                raise DatabaseGone("The database closed the connection.") from error
            raise
        await ledger._connection.close()
        return None

    @classmethod
    async def beside(cls, store: Store, event: int) -> Self:
        """Open a ledger without asking who else writes; the chain allows but one."""
        return cls(store, await store.connect(**SETTINGS), event)

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

    def forget(self) -> None:
        """Drop all that is in memory; what is needed is read again."""
        self._state = None

    async def position(self) -> tuple[int, bytes]:
        """Say how far the ledger has come: batch and chain head."""
        state = await self._known()
        return state.batch, state.chain_head

    async def ready(self, items: Sequence[Item]) -> Draft:
        """Load what judging items needs, and begin a batch; raises DatabaseGone."""
        await self.load(items)
        return Draft(await self._known())

    async def load(self, items: Sequence[Item]) -> None:
        """Load what judging these items needs, beside a batch on its way."""
        state = await self._known()
        missing = state.missing(items)
        if missing:
            await load(self._store, self._event, state, missing)

    async def write(self, draft: Draft) -> Booked:
        """Commit a closed draft.

        Raises DatabaseGone when the outcome is in doubt (book the same items again on
        a new connection), StaleState or BookingRefused when nothing was booked: then
        drop every draft of this state, and `forget` it.
        """
        extent = _extent(draft)
        query, values = QUERIES[_QUERIES[extent]], self._values(draft, extent)
        try:
            await self._connection.execute(query, *values)
        except (*LOST, asyncpg.PostgresError, ValueError) as error:
            if is_lost(error) and not self._is_unfit(error):
                raise DatabaseGone("The database closed the connection.") from error
            if getattr(error, "sqlstate", None) in STALE:
                self._wary = getattr(error, "sqlstate", None) == NOT_NEW
                raise StaleState(str(error)) from error
            raise BookingRefused(str(error)) from error
        return Booked(draft.results(), list(draft.changed))

    async def book(self, items: Sequence[Item]) -> Booked:
        """Load, judge and commit, again for as long as another writer is faster."""
        for _ in range(TRIES_MAX):
            draft = await self.ready(items)
            for item in items:
                draft.take(item)
            draft.close()
            try:
                return await self.write(draft)
            except StaleState:
                self.forget()
            except BookingRefused:
                self.forget()
                raise
        raise BookingRefused("The ledger is never as it was read a moment before.")

    async def _warm_up(self) -> None:
        """Let the database plan all it will be asked, by batches that are taken back.

        Else the first guest after an election waits for it, ten times as long as the
        next.
        """
        draft = Draft(await self._known())
        draft.close()
        try:
            for extent, query in enumerate(_QUERIES):
                attempt = self._connection.transaction()
                await attempt.start()
                try:
                    values = self._values(draft, extent)
                    await self._connection.execute(QUERIES[query], *values)
                finally:
                    await attempt.rollback()
            for query in WANTED_AT_FIRST:
                await self._store.fetch(query, self._event, [])
        except LOST as error:
            raise DatabaseGone("The database closed the connection.") from error
        except asyncpg.PostgresError as error:
            log.info("The ledger begins cold (%s).", error)
        finally:
            self.forget()

    def _is_unfit(self, error: BaseException) -> bool:
        """Whether the driver itself refused a call, on a connection that is well."""
        return isinstance(error, asyncpg.InterfaceError) and not self.is_lost

    async def _known(self) -> LedgerState:
        if self._state is None:
            row = await self._store.fetch_row("latest_batch", self._event)
            assert row is not None, "an event begins with batch 0"
            self._state = LedgerState(
                row["number"], row["chain_head"], row["last_entry"]
            )
            self._state.is_wary, self._wary = self._wary, False
            self._state.guests_money = GuestsMoney(
                row["held_minor"], row["cap_minor"], row["excess_minor"]
            )
            for closed in await self._store.fetch("load_closings", self._event):
                self._state.closings[closed["till"], closed["z_number"]] = Closed(
                    closed["digest"], tuple(closed["flags"])
                )
        return self._state

    def _values(self, draft: Draft, extent: int) -> list[Any]:
        records = draft.records
        values = [
            self._event,
            draft.number,
            draft.head_before,
            draft.head,
            draft.last_entry,
            literal(records.fresh),
        ]
        tables = [records.attempts, records.entries, records.postings, draft.wallets]
        if extent >= _WORDS:
            tables += [
                records.outcomes,
                records.contradictions,
                records.signatures,
                draft.holdings,
            ]
        if extent >= _ALL:
            tables += [
                records.bands,
                records.shifts,
                records.closings,
                records.presales,
            ]
        tables.append(records.movements)
        for table in tables:
            values += [
                column if place in table.octets else literal(column)
                for place, column in enumerate(table.columns)
            ]
        return [*values, draft.held_before, draft.held, draft.held_excess]


_PLAIN, _WORDS, _ALL = range(3)
_QUERIES = ("book_batch", "book_batch_with_words", "book_batch_with_all")


def _extent(draft: Draft) -> int:
    """Say how much a batch has to tell: a shorter call costs less."""
    records = draft.records
    rare = (records.bands, records.shifts, records.closings, records.presales)
    if any(rare):
        return _ALL
    words = records.outcomes or records.contradictions or records.holdings
    return _WORDS if words else _PLAIN
