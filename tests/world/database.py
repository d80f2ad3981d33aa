"""A database in memory: append-only tables, the constraints of the real one, backups.

What the hub's store asks by name is answered from the rows that batches appended.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from hub.core import chain
from hub.core.booking import Step
from hub.core.ledger import Role, Unit
from tests.world.presales import UseQueries, Uses

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
    from uuid import UUID

    from hub.core.draft import Draft
    from hub.core.records import Records
    from hub.store.store import Row

    Values = tuple[Any, ...]

T = TypeVar("T")
MONEY, VOUCHER = Unit.MONEY.value, Unit.VOUCHER.value
TABLES = (
    "attempts",
    "outcomes",
    "contradictions",
    "signatures",
    "entries",
    "postings",
    "movements",
    "bands",
    "shifts",
    "closings",
    "presales",
)
OUTCOME = (
    *("order_id", "outcome", "attempt", "digest", "till", "payer", "cancels"),
    *("advice_digest", "advice", "flags", "z_number", "sequence"),
)


@dataclass(frozen=True, slots=True)
class HeldWallet:
    """A row of the table of wallets."""

    number: int
    balance: int = 0
    overdraft: int = 0
    vouchers: int = 0
    cap: int | None = None
    excess: int = 0
    used: bool = False


@dataclass(frozen=True, slots=True)
class IssuedBand:
    """A row of the table of wristbands."""

    wallet: int
    blocked: bool = False
    registered: bool = False
    restriction: int | None = None
    successor: int | None = None
    note: UUID | None = None


@dataclass(frozen=True, slots=True)
class HeldMoney:
    """The row of what all wallets hold together."""

    held: int = 0
    cap: int | None = None
    excess: int = 0


@dataclass(frozen=True, slots=True)
class Caps:
    """How much one wallet may hold, and how much all of them."""

    wallet: int | None = None
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """One batch as it was committed: its rows by table."""

    number: int
    head: bytes
    last_entry: int
    rows: dict[str, tuple[Values, ...]]
    wallets: tuple[HeldWallet, ...]
    holdings: tuple[tuple[int, int], ...]
    money: HeldMoney


@dataclass(slots=True)
class OrderRows:
    """All rows about one order, by table."""

    attempts: dict[int, Values] = field(default_factory=dict)
    outcome: Values | None = None
    contradictions: dict[bytes, Values] = field(default_factory=dict)
    entries: dict[int, Values] = field(default_factory=dict)
    reversed: set[int] = field(default_factory=set)
    signature: Values | None = None

    @property
    def live(self) -> list[Values]:
        """The entries that no other one reverses."""
        return [
            row
            for number, row in self.entries.items()
            if row[4] is None and number not in self.reversed
        ]


class Database:
    """The tables of one event's ledger."""

    def __init__(
        self, incarnation: UUID, variants: Mapping[int, int], caps: Caps
    ) -> None:
        self.accounts: dict[tuple[str, str], int] = {}
        self.incarnation = incarnation
        self.poison: set[UUID] = set()
        """Orders that no constraint admits, as a fault of the hub would make them."""
        self.variants = variants
        self._caps = caps
        self._issued = {
            serial: self.account(Role.WALLET.value, str(serial)) for serial in variants
        }
        self._first_head = chain.first_head(incarnation)
        self._on_append: list[Callable[[Appended], None]] = []
        self._clear()

    def _clear(self) -> None:
        self.log: list[Appended] = []
        self.orders: dict[UUID, OrderRows] = {}
        self.postings: dict[int, list[tuple[int, str, int]]] = {}
        self.cancellations: dict[UUID, list[UUID]] = {}
        self.money = HeldMoney(cap=self._caps.event)
        self.wallets = {
            each: HeldWallet(each, cap=self._caps.wallet)
            for each in self._issued.values()
        }
        self.holdings: dict[int, int] = {}
        self.holders: dict[str, str | None] = {}
        self.bands = {
            serial: IssuedBand(wallet) for serial, wallet in self._issued.items()
        }
        self.booked_in: dict[UUID, int] = {}
        """In which batch a request first booked an order."""
        self.band_changes: dict[int, list[tuple[int, UUID, IssuedBand]]] = {}
        self.closings: dict[tuple[str, int], Values] = {}
        self.uses = Uses()

    @property
    def batch(self) -> int:
        """The number of the latest batch."""
        return self.log[-1].number if self.log else 0

    @property
    def head(self) -> bytes:
        """The head of the chain."""
        return self.log[-1].head if self.log else self._first_head

    @property
    def last_entry(self) -> int:
        """The number of the latest entry."""
        return self.log[-1].last_entry if self.log else 0

    def on_append(self, listener: Callable[[Appended], None]) -> None:
        """Have a function called with each batch just before it is applied."""
        self._on_append.append(listener)

    def account(self, role: str, key: str) -> int:
        """Find an account's number, or give it one."""
        return self.accounts.setdefault((role, key), len(self.accounts) + 1)

    def restore(self, batch: int, incarnation: UUID) -> None:
        """Go back to the end of an older batch: another ledger from here on."""
        kept = self.log[:batch]
        self._clear()
        self.incarnation = incarnation
        for appended in kept:
            self._apply(appended)

    def append(self, draft: Draft) -> None:
        """Commit a batch whole, or raise and commit nothing of it."""
        if draft.number != self.batch + 1 or draft.head_before != self.head:
            raise _raised("KB001")
        self._check_keys(draft)
        wallets = tuple(self._changed(*row[:7]) for row in draft.wallets.rows)
        appended = Appended(
            draft.number,
            draft.head,
            draft.last_entry,
            _rows_of(draft.records),
            wallets,
            tuple(self._held(*row) for row in draft.holdings.rows),
            HeldMoney(draft.held, self._caps.event, draft.held_excess),
        )
        if self.money.held != draft.held_before:
            raise _raised("KB003")
        for listener in self._on_append:
            listener(appended)
        self._apply(appended)

    def _changed(self, number: int, before: int, *now: int) -> HeldWallet:
        balance, overdraft, excess, vouchers_before, vouchers = now
        wallet = self.wallets[number]
        if (wallet.balance, wallet.vouchers) != (before, vouchers_before):
            raise _raised("KB003")
        return HeldWallet(
            number, balance, overdraft, vouchers, wallet.cap, excess, used=True
        )

    def _held(self, account: int, before: int, balance: int) -> tuple[int, int]:
        if self.holdings[account] != before:
            raise _raised("KB003")
        return account, balance

    def _check_keys(self, draft: Draft) -> None:
        """Hold the primary keys."""
        records = draft.records
        self.uses.check(records.presales.rows)
        for order in records.fresh:
            known = self.orders.get(order)
            if known is not None and (known.attempts or known.outcome):
                raise _raised("KB002")
        for row in records.attempts.rows:
            known = self.orders.get(row[0])
            if known is not None and row[1] in known.attempts:
                raise asyncpg.UniqueViolationError("a key is taken")
            if row[0] in self.poison:
                raise asyncpg.CheckViolationError("poison")
        for row in records.outcomes.rows:
            known = self.orders.get(row[0])
            if known is not None and known.outcome is not None:
                raise asyncpg.UniqueViolationError("a key is taken")

    def _apply(self, appended: Appended) -> None:
        rows = appended.rows
        for row in rows["attempts"]:
            self._order(row[0]).attempts[row[1]] = row
            if row[5] is None:
                self.booked_in.setdefault(row[0], appended.number)
        for row in rows["outcomes"]:
            self._order(row[0]).outcome = row
            if row[1] == Step.COMPLETED.value:
                self.booked_in.setdefault(row[0], appended.number)
        for row in rows["contradictions"]:
            self._order(row[0]).contradictions[row[1]] = row
        for row in rows["signatures"]:
            self._order(row[0]).signature = row
        self._apply_entries(rows)
        for serial, entry, *state, order in rows["bands"]:
            band = self.bands[serial] = IssuedBand(*state)
            self.band_changes.setdefault(serial, []).append((entry, order, band))
        for register, _, holder, *_ in rows["shifts"]:
            self.holders[register] = holder
        for row in rows["closings"]:
            self.closings[row[:2]] = row
        self.uses.apply(rows["presales"])
        self.wallets.update((each.number, each) for each in appended.wallets)
        self.holdings.update(appended.holdings)
        self.money = appended.money
        self.log.append(appended)

    def _apply_entries(self, rows: dict[str, tuple[Values, ...]]) -> None:
        for row in rows["entries"]:
            number, _, order, _, reverses, cancels = row
            known = self._order(order)
            known.entries[number] = row
            if reverses is not None:
                known.reversed.add(reverses)
            if cancels is not None:
                self.cancellations.setdefault(cancels, []).append(order)
        for entry, account, unit, amount in rows["postings"]:
            self.postings.setdefault(entry, []).append((account, unit, amount))

    def _order(self, order: UUID) -> OrderRows:
        return self.orders.setdefault(order, OrderRows())


def _rows_of(records: Records) -> dict[str, tuple[Values, ...]]:
    rows = {name: tuple(getattr(records, name).rows) for name in TABLES}
    postings, taken = rows["postings"], 0
    whole: list[Values] = []
    for number, *_, first, middle, last in rows["entries"]:
        # As the real database takes them, which counts from 1.
        assert first - 1 == taken <= middle <= last, "an entry has another's postings"
        for unit, its in (
            (MONEY, postings[taken:middle]),
            (VOUCHER, postings[middle:last]),
        ):
            whole += [(number, account, unit, amount) for account, amount in its]
        taken = last
    assert taken == len(postings), "a posting is no entry's"
    rows["postings"] = tuple(whole)
    rows["entries"] = tuple(row[:6] for row in rows["entries"])
    return rows


class MemoryStore(UseQueries):
    """Answers what the hub's store asks by name, as its queries would."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _uses(self) -> Uses:
        return self._database.uses

    async def fetch(self, query: str, *values: Any) -> list[Row]:
        """Return all rows of a named query."""
        return list(getattr(self, f"_{query}")(*values))

    async def fetch_row(self, query: str, *values: Any) -> Row | None:
        """Return the first row of a named query, if there is one."""
        return next(iter(await self.fetch(query, *values)), None)

    async def fetch_value(self, query: str, *values: Any) -> Any:
        """Return the first column of the first row; None without a row."""
        row = await self.fetch_row(query, *values)
        return None if row is None else next(iter(row.values()))

    async def connect(self, **_: str) -> Connection:
        """Make a connection of one's own."""
        return Connection(self._database)

    def _latest_batch(self, _event: int) -> Iterator[Row]:
        database = self._database
        yield {
            "number": database.batch,
            "chain_head": database.head,
            "last_entry": database.last_entry,
            "held_minor": database.money.held,
            "cap_minor": database.money.cap,
            "excess_minor": database.money.excess,
        }

    def _open_account(self, _event: int, role: str, key: str) -> Sequence[Row]:
        self._database.account(role, key)
        return ()

    def _account(self, _event: int, role: str, key: str) -> Iterator[Row]:
        yield {"id": self._database.accounts[(role, key)]}

    def _open_holding(self, _event: int, account: int) -> Sequence[Row]:
        self._database.holdings.setdefault(account, 0)
        return ()

    def _holding(self, _event: int, account: int) -> Iterator[Row]:
        yield {"balance_minor": self._database.holdings[account]}

    def _register_holder(self, _event: int, register: str) -> Iterator[Row]:
        if register in self._database.holders:
            yield {"holder": self._database.holders[register]}

    def _load_bands(self, _event: int, serials: list[int]) -> Iterator[Row]:
        for serial in serials:
            band = self._database.bands.get(serial)
            if band is not None:
                wallet = self._wallet(band.wallet)
                variant = self._database.variants[serial]
                yield {"serial": serial, "variant": variant, **asdict(band), **wallet}

    def _load_band_changes(self, _event: int, orders: list[UUID]) -> Iterator[Row]:
        for serial, changes in self._database.band_changes.items():
            variant = self._database.variants[serial]
            before: IssuedBand = IssuedBand(
                self._database.accounts[("wallet", str(serial))]
            )
            for entry, order, band in changes:
                if order in orders:
                    yield {
                        "order_id": order,
                        "serial": serial,
                        "entry": entry,
                        "variant": variant,
                        "variant_before": variant,
                        **asdict(band),
                        **{f"{key}_before": was for key, was in asdict(before).items()},
                    }
                before = band

    def _load_closings(self, _event: int) -> Iterator[Row]:
        for (till, z_number), row in self._database.closings.items():
            flags = row[7].split("+") if row[7] else []
            yield {
                "till": till,
                "z_number": z_number,
                "digest": row[4],
                "flags": flags,
            }

    def _load_wallets(self, _event: int, numbers: list[int]) -> Iterator[Row]:
        yield from (self._wallet(number) for number in numbers)

    def _load_verdicts(self, _event: int, orders: list[UUID]) -> Iterator[Row]:
        for order in orders:
            for row in self._rows(order).attempts.values():
                names = ("order_id", "attempt", "digest", "till", "body", "reason")
                yield dict(zip((*names, "balance_minor"), row, strict=True))

    def _load_ends(self, _event: int, orders: list[UUID]) -> Iterator[Row]:
        for order in orders:
            row = self._rows(order).outcome
            if row is not None:
                found = dict(zip(OUTCOME, row, strict=True))
                found["flags"] = found["flags"].split("+") if found["flags"] else []
                yield found

    def _load_contradictions(self, _event: int, orders: list[UUID]) -> Iterator[Row]:
        for order in orders:
            for digest in self._rows(order).contradictions:
                yield {"order_id": order, "advice_digest": digest}

    def _load_live_postings(self, _event: int, orders: list[UUID]) -> Iterator[Row]:
        for order in orders:
            for number, _, _, attempt, _, cancels in self._rows(order).live:
                said = {
                    "order_id": order,
                    "id": number,
                    "attempt": attempt,
                    "cancels": cancels,
                }
                posted = self._database.postings.get(number, ())
                if not posted:  # as an outer join
                    yield {**said, "account": None, "held_minor": None}
                for account, unit, amount in posted:
                    yield {
                        **said,
                        "account": account,
                        "unit": unit,
                        "amount_minor": amount,
                        "is_wallet": account in self._database.wallets,
                        "held_minor": self._database.holdings.get(account),
                    }

    def _load_cancellations(self, _event: int, orders: list[UUID]) -> Iterator[Row]:
        database = self._database
        for original in orders:
            for order in dict.fromkeys(database.cancellations.get(original, ())):
                rows = self._rows(order)
                for number, _, _, attempt, _, _ in rows.live:
                    asked = rows.attempts.get(attempt)
                    yield {
                        "cancels": original,
                        "order_id": order,
                        "minor": self._on_wallets(number, MONEY),
                        "vouchers": self._on_wallets(number, VOUCHER),
                        **self._lost(number),
                        "body": None if asked is None else asked[4],
                        "advice": None if rows.outcome is None else rows.outcome[8],
                    }

    def _wallet(self, number: int) -> Row:
        wallet = self._database.wallets[number]
        return {
            "id": number,
            "balance_minor": wallet.balance,
            "overdraft_minor": wallet.overdraft,
            "vouchers": wallet.vouchers,
            "cap_minor": wallet.cap,
            "excess_minor": wallet.excess,
            "used": wallet.used,
        }

    def _on_wallets(self, entry: int, unit: str) -> int:
        return sum(
            amount
            for account, each, amount in self._database.postings.get(entry, ())
            if account in self._database.wallets and each == unit
        )

    def _lost(self, entry: int) -> Row:
        database, role = self._database, Role.STAND_IN_LOSS.value
        losses = {each for (is_, _), each in database.accounts.items() if is_ == role}
        lost = [each for each in database.postings.get(entry, ()) if each[0] in losses]
        names = ("losses", "units", "amounts")
        columns = zip(*lost, strict=True) if lost else (None, None, None)
        return dict(zip(names, columns, strict=True))

    def _rows(self, order: UUID) -> OrderRows:
        return self._database.orders.get(order) or OrderRows()


class Connection:
    """A session that commits drafts instead of running statements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def execute(self, _query: str, draft: Draft) -> None:
        """Append a batch, or raise what the driver would raise."""
        self._database.append(draft)


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("it waits for something that nothing here will bring")


def _raised(code: str) -> asyncpg.PostgresError:
    """Make the error that a function of the database raises by a code of its own."""
    error = asyncpg.RaiseError(f"error {code}")
    error.sqlstate = code
    return error
