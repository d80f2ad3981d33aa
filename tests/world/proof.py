"""What must hold of the ledger at every step, and once a world has come to rest."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

from contract.messages import decode_advice
from contract.order import decode_order
from hub.core import chain
from hub.core.booking import ResultCode, Step
from hub.core.ledger import Role, order_entry
from hub.core.state import LedgerState, Missing, OrderState
from hub.store.loading import load
from tests.world.database import (
    MONEY,
    VOUCHER,
    Database,
    MemoryStore,
    OrderRows,
    at_once,
)
from tests.world.wares import CODES

if TYPE_CHECKING:
    from uuid import UUID

    from hub.core.booking import Item, Result
    from hub.core.state import Live, Undone
    from tests.world.database import Appended, Values

Sums = dict[tuple[int, str], int]
COMPLETED = Step.COMPLETED.value


class Proof:
    """Watches a database; raises AssertionError as soon as something is wrong."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.on_append(self._watch)

    # --- every batch -----------------------------------------------------------------

    def _watch(self, appended: Appended) -> None:
        """Check a batch that is about to be applied."""
        database, rows = self._database, appended.rows
        assert appended.number == database.batch + 1, "batches have a gap"
        numbers = [row[0] for row in rows["entries"]]
        first = database.last_entry + 1
        assert numbers == list(range(first, appended.last_entry + 1))
        assert appended.head == chain.next_head(database.head, _lines(appended))
        postings: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
        for entry, account, unit, amount in rows["postings"]:
            postings[entry].append((account, unit, amount))
        for number in numbers:
            _balances(number, postings[number])
        self._wallets(appended)
        self._holdings(appended)
        self._entries(appended, postings)

    def _wallets(self, appended: Appended) -> None:
        moved: Sums = defaultdict(int)
        for _, account, unit, amount in appended.rows["postings"]:
            if account in self._database.wallets:
                moved[(account, unit)] += amount
        after = {each.number: each for each in appended.wallets}
        touched = {account for (account, _), amount in moved.items() if amount}
        assert touched <= after.keys(), "a wallet was moved on paper only"
        for number, now in after.items():
            was = self._database.wallets[number]
            assert now.balance - was.balance == moved[(number, MONEY)]
            gained = now.vouchers - was.vouchers
            assert gained == moved[(number, VOUCHER)]
            assert now.overdraft >= 0
            assert now.balance + now.overdraft >= 0, "a wallet is below its limit"
            assert now.vouchers >= 0, "a wallet owes vouchers"
            assert now.cap is None or now.balance - now.excess <= now.cap
            if now.excess > was.excess:
                assert now.balance > was.balance, "less money is more beyond the limit"
            if now.overdraft > was.overdraft:
                assert self._is_forced(appended, number), "a request overdrew a wallet"

        money = appended.money
        held = sum(each.balance for each in self._database.wallets.values())
        gained = sum(amount for (_, unit), amount in moved.items() if unit == MONEY)
        assert money.held == held + gained
        assert money.cap is None or money.held - money.excess <= money.cap

    def _holdings(self, appended: Appended) -> None:
        moved: dict[int, int] = defaultdict(int)
        for _, account, _, amount in appended.rows["postings"]:
            if account in self._database.holdings:
                moved[account] += amount
        held = {
            account: balance - self._database.holdings[account]
            for account, balance in appended.holdings
        }
        assert held == {each: moved[each] for each in held}, "cash moved on paper only"
        assert {each for each, minor in moved.items() if minor} <= held.keys()

    def _is_forced(self, appended: Appended, wallet: int) -> bool:
        own = {row[0] for row in appended.rows["attempts"] if row[3] is None}
        forced = {
            number
            for number, cause, order, *_ in appended.rows["entries"]
            if cause != "request" or order in own  # the hub's own: money has moved
        }
        return any(
            account == wallet and amount < 0 and entry in forced
            for entry, account, _, amount in appended.rows["postings"]
        )

    def _entries(
        self, appended: Appended, postings: dict[int, list[tuple[int, str, int]]]
    ) -> None:
        ended = {row[0]: row for row in appended.rows["outcomes"]}
        live: dict[UUID, set[int]] = {}
        for number, cause, order, _, reverses, _ in appended.rows["entries"]:
            known = self._database.orders.get(order) or OrderRows()
            assert known.outcome is None, f"{order} was booked again after its end"
            now = live.setdefault(order, {row[0] for row in known.live})
            assert (reverses is None) == (cause != "reversal")
            if reverses is None:
                now.add(number)
            else:
                now.remove(reverses)
                undone = postings.get(reverses)
                if undone is None:
                    undone = self._database.postings.get(reverses, [])
                self._mirrors(undone, postings[number], f"reversing {order}")
            assert len(now) <= 1, f"{order} is booked twice"
        for order, outcome in ended.items():
            known = self._database.orders.get(order) or OrderRows()
            assert known.outcome is None, f"{order} ended twice"
            lives = live.get(order, known.live)
            assert len(lives) == _is_booked(outcome), f"{order} is {outcome[1]}"

    def _mirrors(
        self,
        undone: list[tuple[int, str, int]],
        posted: list[tuple[int, str, int]],
        what: str,
    ) -> None:
        """Check a reversal; vouchers that were used since may be a loss in it."""
        guests = {
            number
            for (role, key), number in self._database.accounts.items()
            if _place(role, key) == "guest"
        }
        sums: dict[object, int] = defaultdict(int)
        for account, unit, amount in (*undone, *posted):
            is_guest = unit == VOUCHER and account in guests
            sums["guest" if is_guest else (account, unit)] += amount
        assert not any(sums.values()), f"{what} leaves {dict(sums)}"

    # --- every answer ----------------------------------------------------------------

    def told(self, item: Item, result: Result) -> None:
        """Check an answer against what the ledger has on record, now and for ever."""
        if item.closing is not None:
            assert item.till is not None
            closed = self._database.closings[item.till, item.z_number]
            assert (closed[4] == item.digest) == (result.code is ResultCode.RECORDED)
            return
        rows = self._database.orders[item.order]
        if item.step is not Step.REQUEST:
            assert result.code is ResultCode.RECORDED
            assert rows.outcome is not None
            is_first = rows.outcome[7] == item.advice_digest
            assert is_first or item.advice_digest in rows.contradictions
            return
        row = rows.attempts.get(item.attempt)
        if result.code is ResultCode.CONFLICT:
            other = rows.outcome[3] if row is None and rows.outcome else None
            assert item.digest != (row[2] if row is not None else other)
            return
        assert row is not None, "an answer without a record"
        reason = None if result.reason is None else result.reason.value
        said = (item.digest, reason, result.balance_minor)
        assert said == (row[2], row[5], row[6]), "a verdict changed"

    # --- at rest ---------------------------------------------------------------------

    def same_as_loaded(self, state: LedgerState) -> None:
        """Check that a writer's memory is what a new writer would load."""
        database = self._database
        if state.chain_head != database.head:
            return  # another writer was faster: what this one knows is read again
        fresh = LedgerState(database.batch, database.head, database.last_entry)
        missing = Missing(
            frozenset(state.bands),
            frozenset(state.orders),
            frozenset(state.originals),
            frozenset(),
            frozenset(state.presales),
        )
        at_once(load(MemoryStore(database), 0, fresh, missing))  # type: ignore[arg-type]
        assert state.bands == fresh.bands
        assert state.presales.items() <= fresh.presales.items()
        was = at_once(MemoryStore(database).fetch_row("latest_batch", 0))
        assert was is not None
        money = (was["held_minor"], was["cap_minor"], was["excess_minor"])
        assert astuple(state.guests_money) == money
        for number, wallet in fresh.wallets.items():
            assert state.wallets.get(number, wallet) == wallet
        for order, known in state.orders.items():
            is_original = order in state.originals
            here = _comparable(known, with_undone=is_original)
            there = _comparable(fresh.orders[order], with_undone=is_original)
            assert here == there, f"order {order} is remembered otherwise"
        for account, held in fresh.holdings.items():
            assert state.holdings.get(account, held) == held
        for register, holder in state.holders.items():
            assert holder == database.holders.get(register)
        assert (state.batch, state.chain_head, state.last_entry) == (
            database.batch,
            database.head,
            database.last_entry,
        )

    def settled(self) -> None:
        """Check that what is booked is what the orders' rules say, order by order."""
        sums: Sums = defaultdict(int)
        for order, rows in self._database.orders.items():
            for number in rows.entries:
                for account, unit, amount in self._database.postings.get(number, ()):
                    sums[(account, unit)] += amount
            if rows.outcome is None:
                continue
            if _is_booked(rows.outcome):
                self._books_its_rule(rows.outcome, rows.live[0][0])
            else:
                self._mirrors([], self._posted(rows), f"{order} is not booked, but")
        for number, wallet in self._database.wallets.items():
            assert sums[(number, MONEY)] == wallet.balance
            assert sums[(number, VOUCHER)] == wallet.vouchers
        self._lets_in_who_came()
        self._gives_back_no_more_than_paid()

    def _books_its_rule(self, outcome: Values, entry: int) -> None:
        order = decode_order(decode_advice(outcome[8]).order)
        expected: dict[tuple[str, str], int] = defaultdict(int)
        for posting in order_entry(order).postings:
            account = posting.account
            place = _place(account.role.value, account.key)
            expected[(place, posting.unit.value)] += posting.amount_minor
        booked: dict[tuple[str, str], int] = defaultdict(int)
        names = {number: name for name, number in self._database.accounts.items()}
        for account_number, unit, amount in self._database.postings.get(entry, ()):
            booked[(_place(*names[account_number]), unit)] += amount
        for sums in (expected, booked):
            for key in [key for key, amount in sums.items() if not amount]:
                del sums[key]
        assert booked == expected, f"{order.id} is not booked as its rule says"

    def _posted(self, rows: OrderRows) -> list[tuple[int, str, int]]:
        return [
            posting
            for number in rows.entries
            for posting in self._database.postings.get(number, ())
        ]

    def _lets_in_who_came(self) -> None:
        for code in CODES:
            holder = self._database.uses.holder(code)
            if holder is not None:
                (live,) = self._database.orders[holder].live
                assert live[5] is None, "a cancellation holds a code"

    def _gives_back_no_more_than_paid(self) -> None:
        """Hold for originals whose cancellations were all booked by requests."""
        for original, cancellations in self._database.cancellations.items():
            rows = self._database.orders.get(original)
            undoing = [self._database.orders[each] for each in set(cancellations)]
            if rows is None or rows.outcome is None or not rows.live:
                continue
            if any(each[1] != "request" for rows in undoing for each in rows.live):
                continue
            for unit in (MONEY, VOUCHER):
                paid = self._on_wallets(rows, unit)
                back = sum(self._on_wallets(each, unit) for each in undoing)
                assert paid > 0 or back <= -paid, f"{original} gave back too much"

    def _on_wallets(self, rows: OrderRows, unit: str) -> int:
        return sum(
            amount
            for account, each, amount in self._posted(rows)
            if account in self._database.wallets and each == unit
        )


def _is_booked(outcome: Values) -> bool:
    """Whether an order that ended like that has an entry: not what was practiced."""
    practiced = decode_order(decode_advice(outcome[8]).order).training
    return outcome[1] == COMPLETED and not practiced


def _balances(number: int, postings: list[tuple[int, str, int]]) -> None:
    sums: dict[str, int] = defaultdict(int)
    for _, unit, amount in postings:
        sums[unit] += amount
    assert not any(sums.values()), f"entry {number} does not balance"
    places = {(account, unit) for account, unit, _ in postings}
    assert len(places) == len(postings), f"entry {number} names an account twice"


def _lines(appended: Appended) -> list[bytes]:
    """Write a batch's part of the chain from its rows, as `verify` does."""
    rows = appended.rows
    lines = [
        chain.line("attempt", order, attempt, digest, till, why, balance)
        for order, attempt, digest, till, _, why, balance in rows["attempts"]
    ]
    for row in rows["outcomes"]:
        words = row[9].split("+") if row[9] else []
        lines.append(chain.line("outcome", row[0], row[1], row[2], row[7], words))
    lines += [chain.line("contradiction", *row[:2]) for row in rows["contradictions"]]
    lines += [chain.line("signature", *row) for row in rows["signatures"]]
    lines += [chain.line("band", *row) for row in rows["bands"]]
    lines += [chain.line("shift", *row) for row in rows["shifts"]]
    lines += [
        chain.line("presale", code, entry, holder, order)
        for code, entry, _, holder, order in rows["presales"]
    ]
    for *span, _, signed, flags in rows["closings"]:
        seal = None if signed is None else hashlib.sha256(signed).digest()
        words = flags.split("+") if flags else []
        lines.append(chain.line("closing", *span, seal, words))
    postings: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
    for entry, account, unit, amount in rows["postings"]:
        postings[entry].append((account, unit, amount))
    lines += [
        chain.line("entry", *row, sorted(postings[row[0]])) for row in rows["entries"]
    ]
    return lines


def _comparable(known: OrderState, *, with_undone: bool) -> tuple[object, ...]:
    return (
        known.verdicts,
        known.end,
        known.contradictions,
        None if known.live is None else _live(known.live),
        _undone(known) if with_undone else None,
    )


def _undone(known: OrderState) -> dict[UUID, Undone]:
    # Losses are only ever added up; a loaded one has them in no order.
    return {
        order: replace(undone, losses=tuple(sorted(undone.losses)))
        for order, undone in known.undone.items()
    }


def _live(live: Live) -> tuple[object, ...]:
    charges: dict[int, tuple[int, int]] = {}
    for each in live.charges:
        minor, vouchers = charges.get(each.wallet, (0, 0))
        charges[each.wallet] = (minor + each.minor, vouchers + each.vouchers)
    bands = sorted(live.bands, key=lambda each: each[0])
    said = live.entry, live.attempt, live.cancels, bands, sorted(live.presale)
    return said, sorted(live.postings), charges


def _place(role: str, key: str) -> str:
    # What a wallet was charged and what had to be written off add up to the amount.
    is_guest = role in {Role.WALLET.value, Role.STAND_IN_LOSS.value}
    return "guest" if is_guest else f"{role} {key}"
