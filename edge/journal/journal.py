"""The till's journal on disk: SQLite, WAL, synchronous=FULL, one commit per step.

The wallet cache is a second file with synchronous=OFF, because losing it costs nothing
but offline allowance.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self
from uuid import UUID

import aiosqlite

from contract.ids import OrderId, WalletSerial
from edge.core.errors import JournalBroken
from edge.core.records import CachedWallet, Recovered
from edge.journal import rows, tse_rows
from edge.journal.place import Lock, take
from edge.journal.queries import migrations, queries, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from contract.ids import EventId, TillId
    from contract.messages import Anchor
    from edge.core.records import Record, ShiftOrder, StoredOrder, TseNews

JOURNAL_FILE = "journal.db"
WALLETS_FILE = "wallets.db"
LOCK_FILE = "journal.lock"


class SqliteJournal:
    """A Journal that survives power cuts. Open it with `open`, close it once."""

    def __init__(
        self,
        where: Path,
        lock: Lock,
        orders: aiosqlite.Connection,
        wallets: aiosqlite.Connection,
    ) -> None:
        self._where = where
        self._lock = lock
        self._orders = orders
        self._wallets = wallets
        self._sql = queries()

    @classmethod
    async def open(
        cls, where: Path, *, till: TillId, event: EventId, require_disk: bool = True
    ) -> Self:
        """Open or make the journal of a till; raises JournalBroken saying why not."""
        with _explained(where):
            lock = take(where, LOCK_FILE, require_disk=require_disk)
            opened: list[aiosqlite.Connection] = []
            try:
                orders = await _open_orders(where / JOURNAL_FILE)
                opened.append(orders)
                wallets = await _open_wallets(where / WALLETS_FILE)
                opened.append(wallets)
                journal = cls(where, lock, orders, wallets)
                await journal._identify(till, event)
            except BaseException:
                for database in opened:
                    await database.close()
                lock.release()
                raise
            return journal

    async def close(self) -> None:
        """Let go of the files."""
        await self._orders.close()
        await self._wallets.close()
        self._lock.release()

    async def commit(self, records: Sequence[Record]) -> None:
        """Write these records durably, all or none; returns when they are on disk."""
        with _explained(self._where):
            try:
                for record in records:
                    for name, values in rows.statements(record):
                        await self._orders.execute(self._sql[name], values)
                await self._orders.commit()
            except BaseException:
                await self._orders.rollback()
                raise

    async def recover(self) -> Recovered:
        """Read what a till must know to go on."""
        with _explained(self._where):
            kept = await self._kept()
            ledger = await self._all("ledger")
            (counters,) = await self._all("counters")
            (standing,) = await self._all("standing_in_since")
            spends = await self._all("spends")
            registers = await self._all("registers")
            closings = await self._all("open_closings")
            starts = await self._all("closing_starts")
            past = await self._all("past")
            closed = await self._all("past_closing")
            tse_news = await self._tse_news()
            at_z = {"z_number": counters["z_number"]}
            (z_number,) = await self._all("z_orders", at_z)
            orders = [
                rows.stored_order(row, await self._all("attempts", {"id": row["id"]}))
                for row in await self._all("alive")
            ]
            wallets = await _rows(self._wallets, self._sql["cached_wallets"], {})
        return Recovered(
            orders=tuple(orders),
            undelivered=await self.undelivered(),
            spends=tuple(spend for row in spends for spend in rows.spends(row)),
            next_sequence=counters["next_sequence"],
            z_number=counters["z_number"],
            incarnation=UUID(ledger[0]["incarnation"]) if ledger else None,
            batch=ledger[0]["batch"] if ledger else 0,
            last_at=rows.time_or_none(counters["last_at"]),
            standing_in_since=rows.time_or_none(standing["since"]),
            config=kept.get("config"),
            catalogue=kept.get("catalogue"),
            cashier=kept.get("cashier", b""),
            unsaid=kept.get("unsaid", b""),
            elsewhere=kept.get("elsewhere", b""),
            shift=kept.get("shift", b""),
            closings=rows.open_closings(closings, starts),
            tse_news=tse_news,
            z_orders=z_number["z_orders"],
            registers={row["register"]: row["cash_minor"] for row in registers},
            recent=tuple(rows.past_order(row) for row in past),
            last_closing=rows.past_closing(closed[0]) if closed else None,
            wallets={
                WalletSerial(row["serial"]): CachedWallet(
                    row["available_minor"],
                    bool(row["blocked"]),
                    row["batch"],
                    row["vouchers"],
                    row["variant"],
                )
                for row in wallets
            },
        )

    async def undelivered(self) -> tuple[OrderId, ...]:
        """List the sealed orders the ledger does not hold, oldest first."""
        with _explained(self._where):
            found = await self._all("undelivered")
        return tuple(rows.order_id(row["id"]) for row in found)

    async def advices(self, orders: Sequence[OrderId]) -> dict[OrderId, bytes]:
        """Read the sealed advices of these orders."""
        advices: dict[OrderId, bytes] = {}
        with _explained(self._where):
            for order in orders:
                for row in await self._all("advice", {"id": str(order)}):
                    advices[order] = row["advice"]
        return advices

    async def find(
        self, order: OrderId
    ) -> tuple[StoredOrder | None, tuple[StoredOrder, ...]]:
        """Read an order, and those that cancel it."""
        with _explained(self._where):
            found = await self._stored("order", order)
            undoing = await self._stored("undoing", order)
        return (found[0] if found else None), tuple(undoing)

    async def shift(
        self, z_number: int
    ) -> tuple[tuple[ShiftOrder, ...], Anchor | None]:
        """Read the orders of a Z number, and the newest anchor."""
        with _explained(self._where):
            orders = await self._all("shift", {"z_number": z_number})
            anchors = await self._all("latest_anchor")
        anchor = rows.anchor(anchors[0]) if anchors else None
        return tuple(rows.shift_order(row) for row in orders), anchor

    async def last_at(self) -> datetime | None:
        """Say when the till was last busy, by its own clock."""
        with _explained(self._where):
            (counters,) = await self._all("counters")
        return rows.time_or_none(counters["last_at"])

    async def fiscal_spans(self) -> dict[str, tuple[int, int]]:
        """Say which number this till began first at each TSE, and which last."""
        with _explained(self._where):
            found = await self._all("fiscal_spans")
        return {row["serial"]: (row["first"], row["last"]) for row in found}

    async def latest_recorded(self) -> OrderId | None:
        """Name the order whose advice was recorded last."""
        with _explained(self._where):
            found = await self._all("latest_recorded")
        return rows.order_id(found[0]["id"]) if found else None

    async def cache(self, wallets: Iterable[tuple[WalletSerial, CachedWallet]]) -> None:
        """Remember what the hub said of wallets; a power cut may lose it."""
        with _explained(self._where):
            await self._wallets.executemany(
                self._sql["cache_wallet"],
                [
                    {
                        "serial": serial,
                        "available_minor": known.available_minor,
                        "blocked": known.blocked,
                        "batch": known.batch,
                        "vouchers": known.vouchers,
                        "variant": known.variant,
                    }
                    for serial, known in wallets
                ],
            )
            await self._wallets.commit()

    async def forget_wallets(self) -> None:
        """Drop every cached wallet."""
        with _explained(self._where):
            await self._wallets.execute(self._sql["forget_wallets"])
            await self._wallets.commit()

    async def _tse_news(self) -> TseNews:
        return tse_rows.tse_news(
            await self._all("tse_uses"),
            await self._all("tse_outages"),
            await self._all("tse_clocks"),
        )

    async def _stored(self, name: str, order: OrderId) -> list[StoredOrder]:
        return [
            rows.stored_order(row, await self._all("attempts", {"id": row["id"]}))
            for row in await self._all(name, {"id": str(order)})
        ]

    async def _identify(self, till: TillId, event: EventId) -> None:
        owner = f"{till} at {event}".encode()
        kept = await self._kept()
        if "owner" not in kept:
            await self._orders.execute(
                self._sql["keep"], {"name": "owner", "value": owner}
            )
            await self._orders.commit()
        elif kept["owner"] != owner:
            raise JournalBroken(
                f"The journal in {self._where} belongs to till"
                f" {kept['owner'].decode()}, not to {owner.decode()}."
                " Give this till a directory of its own (journal.directory)."
            )

    async def _kept(self) -> dict[str, bytes]:
        return {row["name"]: row["value"] for row in await self._all("kept")}

    async def _all(
        self, name: str, values: dict[str, object] | None = None
    ) -> list[sqlite3.Row]:
        return await _rows(self._orders, self._sql[name], values or {})


async def _open_orders(path: Path) -> aiosqlite.Connection:
    database = await _connect(path, "FULL")
    try:
        await _bring_up_to_date(database)
        await database.executescript(read("schema.sql"))
        await database.commit()
    except BaseException:
        await database.close()
        raise
    return database


async def _bring_up_to_date(database: aiosqlite.Connection) -> None:
    """Make a journal of an older version one of this version, a step at a time."""
    newest = len(migrations())
    ((known,),) = await _rows(database, "PRAGMA user_version", {})
    if known > newest:
        raise JournalBroken(
            f"The journal is of version {known}, and this till knows {newest}. Start"
            " the software that wrote it, or a newer one."
        )
    made = await _rows(database, "PRAGMA table_info(orders)", {})
    steps = range(known + 1, newest + 1)
    for number in steps if made else ():
        await database.executescript(
            f"BEGIN IMMEDIATE; {migrations()[number - 1]}"
            f" PRAGMA user_version = {number}; COMMIT;"
        )
    await database.execute(f"PRAGMA user_version = {newest}")


async def _connect(path: Path, synchronous: str) -> aiosqlite.Connection:
    database = await aiosqlite.connect(path)
    try:
        database.row_factory = sqlite3.Row
        await database.execute("PRAGMA journal_mode=WAL")
        await database.execute(f"PRAGMA synchronous={synchronous}")
        await database.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        await database.close()
        raise
    return database


async def _open_wallets(path: Path) -> aiosqlite.Connection:
    try:
        return await _open_cache(path)
    except sqlite3.DatabaseError:  # a torn cache is worth nothing: begin anew
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return await _open_cache(path)


async def _open_cache(path: Path) -> aiosqlite.Connection:
    database = await _connect(path, "OFF")
    try:
        await database.executescript(read("wallets.sql"))
        await database.commit()
        await _check_cache(database)
    except BaseException:
        await database.close()
        raise
    return database


async def _check_cache(database: aiosqlite.Connection) -> None:
    # Without syncing, a power cut may tear a page that opening does not look at.
    ((verdict,),) = await _rows(database, "PRAGMA quick_check(1)", {})
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    # A cache of an older version lacks columns, and is as little worth.
    await _rows(database, f"EXPLAIN {queries()['cached_wallets']}", {})


async def _rows(
    database: aiosqlite.Connection, sql: str, values: dict[str, object]
) -> list[sqlite3.Row]:
    return list(await database.execute_fetchall(sql, values))


@contextmanager
def _explained(where: Path) -> Iterator[None]:
    """Turn the disk's errors into a sentence for a person."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalBroken(
            f"The journal in {where} can't be used ({error}). Check the disk: is it"
            " full, read-only or broken? Then start the till again."
        ) from error
