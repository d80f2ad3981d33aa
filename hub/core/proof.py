"""Proof: whether all that the ledger holds of one order follows from one another.

Pure, and by the posting rules themselves: the order's bytes give their digest, the
digest is what was answered, the answer is what was booked, what is booked is what the
rule of the order's kind says, and what was undone was undone to the last cent.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from contract.fiscal import process_data
from contract.messages import AdviceFlag, Malformed, decode_advice
from contract.order import Outcome, decode_order, order_digest
from hub.core.bills.payouts import decode_paid, settlement_entry
from hub.core.bills.steps import decode_step, entry_of
from hub.core.ledger import Entry, Role, Unit, order_entry, top_up_entry
from hub.core.records import is_well_formed, read_postings
from hub.core.tally import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from contract.fiscal import Signature
    from contract.messages import OrderAdvice
    from contract.order import Order
    from hub.core.books import Books

    Row: TypeAlias = Mapping[str, Any]

Place: TypeAlias = tuple[str, str, str]
"""Role and key of an account, and the unit posted on it."""

REVERSAL, REQUEST = "reversal", "request"
OTHER_BYTES = "The stored bytes are not those that the digest was made of."


@dataclass(slots=True)
class OrderRecords:
    """Every row that names an order; entries come with their postings."""

    order: UUID
    attempts: list[Row] = field(default_factory=list)
    outcomes: list[Row] = field(default_factory=list)
    contradictions: list[Row] = field(default_factory=list)
    signatures: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    presales: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Proved:
    """What came of an order; `signature` is still to be computed, by its key."""

    findings: tuple[Finding, ...]
    signature: Signature | None
    loses: bool


def prove(records: OrderRecords, books: Books) -> Proved:
    """Check all records of one order against one another."""
    case = _Case(records, books)
    case.check()
    return Proved(tuple(case.findings), case.signature, case.loses)


def own_entry(body: bytes) -> Entry | None:
    """Make the entry of what the hub booked by itself; None if it can't be read.

    Top-ups are `provider:payment:wallet:amount`, blocks `change:serial:blocked`; what
    a bill has booked is a step of it, and settlements are what organizers were sent.
    """
    step = decode_step(body) if body.startswith(b"{") else None
    if step is not None:
        return entry_of(step)
    paid = decode_paid(body)
    if paid is not None:
        return settlement_entry(paid)
    *words, last = body.decode("utf-8", "replace").split(":")
    if len(words) == 2 and words[1].isdecimal() and last in {"True", "False"}:
        return Entry(())
    if len(words) >= 3 and words[-1].isdecimal() and last.isdecimal():
        return top_up_entry(int(words[-1]), int(last), ":".join(words[:-2]))
    return None


@dataclass(slots=True)
class _Posted:
    """An entry's postings, sorted by what they are on."""

    elsewhere: Counter[Place] = field(default_factory=Counter)
    wallets: Counter[tuple[int, str]] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)


class _Case:
    """One order under examination."""

    def __init__(self, records: OrderRecords, books: Books) -> None:
        self.records = records
        self.books = books
        self.findings: list[Finding] = []
        self.signature: Signature | None = None
        self.loses = False
        self._asked = {row["attempt"]: row for row in records.attempts}
        self._orders: dict[bytes, Order] = {}
        self._end = records.outcomes[0] if records.outcomes else None
        self._advised: Order | None = None

    def check(self) -> None:
        """Look at everything once."""
        for row in self.records.attempts:
            self._check_attempt(row)
        if self._end is not None:
            self._check_end(self._end)
        for row in self.records.contradictions:
            self._compare(row["advice"], row["advice_digest"])
            self._find(
                "outcome",
                "Two advices contradict each other; only the first was booked.",
            )
        if self._end is None and self.records.signatures:
            self._find("signature", "A signature is noted, but no outcome.")
        live = self._check_entries()
        self._check_verdicts()
        self._check_live(live)
        self._check_presales()

    def _find(self, check: str, text: str) -> None:
        where = f"order {self.records.order}"
        self.findings.append(Finding(check=check, where=where, text=text))

    # --- words -----------------------------------------------------------------------

    def _compare(self, data: bytes, digest: bytes) -> bool:
        if hashlib.sha256(data).digest() == digest:
            return True
        self._find("digest", OTHER_BYTES)
        return False

    def _check_attempt(self, row: Row) -> None:
        if not self._compare(row["body"], row["digest"]) or row["till"] is None:
            return
        order = self._read(row["body"], row["digest"])
        if order is None:
            self._find("verdict", f"Attempt {row['attempt']} can't be read.")
        elif (order.id, order.attempt, order.till) != (
            row["order_id"],
            row["attempt"],
            row["till"],
        ):
            self._find("verdict", f"Attempt {row['attempt']} and its bytes differ.")

    def _read(self, body: bytes, digest: bytes) -> Order | None:
        known = self._orders.get(digest)
        if known is None:
            try:
                known = self._orders[digest] = decode_order(body)
            except msgspec.DecodeError:
                return None
        return known

    def _check_end(self, row: Row) -> None:
        if not self._compare(row["advice"], row["advice_digest"]):
            return
        try:
            advice = decode_advice(row["advice"])
        except Malformed as error:
            self._find("outcome", f"The stored advice can't be read: {error}.")
            return
        digest = order_digest(advice.order)
        order = self._advised = self._read(bytes(advice.order), digest)
        if order is None:
            self._find("outcome", "The order in the stored advice can't be read.")
            return
        if _columns(row) != _words(advice, order, digest):
            self._find("outcome", "The record and its advice differ.")
        self._check_signature(advice, order)

    def _check_signature(self, advice: OrderAdvice, order: Order) -> None:
        signature = advice.signature
        noted = [
            (row["tse_serial"], row["number"], row["counter"])
            for row in self.records.signatures
        ]
        if signature is None:
            if noted:
                self._find("signature", "A signature is noted that no advice brought.")
            if advice.outage is None:
                self._find("signature", "There is neither a signature nor an outage.")
            return
        self.signature = signature
        if noted != [(signature.tse_serial, signature.number, signature.counter)]:
            self._find("signature", "The signature noted is not the advice's.")
        if signature.client != order.till:
            self._find(
                "signature",
                f"The signature is of till {signature.client}, not {order.till}.",
            )
        if signature.process_data != process_data(order, advice.outcome):
            self._find("signature", "The signed text is not that of the order.")

    # --- entries ---------------------------------------------------------------------

    def _check_entries(self) -> Sequence[Row]:
        """Check each entry; returns the bookings that no reversal undoes."""
        live: dict[int, Row] = {}
        for row in self.records.entries:
            if not is_well_formed(row):
                self._find(
                    "entry",
                    f"Entry {row['id']} has an account twice, or no proper postings.",
                )
            if row["cause"] == REVERSAL:
                self._check_reversal(row, live.pop(row["reverses"], None))
            else:
                live[row["id"]] = row
                self._check_booking(row)
        return list(live.values())

    def _check_reversal(self, row: Row, undone: Row | None) -> None:
        if undone is None:
            self._find(
                "reversal",
                f"Entry {row['id']} reverses entry {row['reverses']}, which is no live "
                "booking of this order.",
            )
        elif _mirror(undone) != read_postings(row) and not self._lost_vouchers(
            undone, row
        ):
            self._find(
                "reversal", f"Entry {row['id']} does not mirror entry {undone['id']}."
            )
        else:
            return
        self._sort(row)

    def _lost_vouchers(self, undone: Row, row: Row) -> bool:
        """Whether a reversal mirrors but for vouchers that were used since."""
        sums = Counter[object]()
        for account, unit, amount in (*read_postings(undone), *read_postings(row)):
            found = self.books.account(account)
            is_loss = found is not None and found[0] == Role.STAND_IN_LOSS.value
            is_guest = is_loss or self.books.is_wallet(account)
            voucher = unit == Unit.VOUCHER.value
            sums["guest" if is_guest and voucher else (account, unit)] += amount
        return not any(sums.values())

    def _sort(self, row: Row) -> _Posted:
        posted, sums = _Posted(), Counter[str]()
        for account, unit, amount in read_postings(row):
            sums[unit] += amount
            if self.books.is_wallet(account):
                posted.wallets[account, unit] += amount
                continue
            found = self.books.account(account)
            if found is None:
                self._find("entry", f"Entry {row['id']} posts on no account.")
            elif found[0] == Role.STAND_IN_LOSS.value:
                posted.losses[unit] += amount
            else:
                posted.elsewhere[(*found, unit)] += amount
        for unit, excess in sums.items():
            if excess:
                self._find(
                    "entry",
                    f"The postings of entry {row['id']} add up to {excess} {unit}.",
                )
        return posted

    def _check_booking(self, row: Row) -> None:
        asked = self._asked.get(row["attempt"])
        if row["cause"] != REQUEST:
            if self._end is None or row["batch"] != self._end["batch"]:
                self._find("outcome", f"Entry {row['id']} follows from no advice.")
            self._check_amounts(row, self._advised)
        elif asked is None or asked["batch"] != row["batch"]:
            self._find("verdict", f"Entry {row['id']} follows from no request.")
        elif asked["reason"] is not None:
            self._find(
                "verdict",
                f"Attempt {row['attempt']} was declined ({asked['reason']}), but entry "
                f"{row['id']} books it.",
            )
        elif asked["till"] is None:
            self._check_own(row, asked)
        else:
            self._check_amounts(row, self._orders.get(asked["digest"]))

    def _check_own(self, row: Row, asked: Row) -> None:
        entry = own_entry(asked["body"])
        if entry is None:
            self._find("order", "What the hub booked by itself can't be read.")
        else:
            self._match(row, entry, may_lose=False)

    def _check_amounts(self, row: Row, order: Order | None) -> None:
        if order is None:
            self._sort(row)
            return  # told where its bytes were looked at
        if row["cancels"] != order.cancels:
            self._find("order", f"Entry {row['id']} cancels another order than said.")
        asked = row["cause"] == REQUEST
        if asked and self.books.currency not in {None, order.currency.value}:
            self._find("order", f"It runs in {order.currency.value}, the event not.")
        try:
            entry = order_entry(order, adds_up=True if asked else None)
        except AssertionError as error:
            self._find("order", f"No posting rule takes it: {error}.")
            return
        may_lose = not asked or order.cancels is not None
        self._match(row, entry, may_lose=may_lose)

    def _match(self, row: Row, entry: Entry, *, may_lose: bool) -> None:
        """Compare what is posted with what the rule says, wallets by what they bore."""
        amounts = {(account, unit): each for account, unit, each in read_postings(row)}
        if amounts == self.books.exactly(entry, row["id"]):
            return  # nearly all do; what follows says what is wrong, or lost
        posted = self._sort(row)
        due: Counter[Place] = Counter()
        moves: Counter[tuple[int | None, str]] = Counter()
        for each in entry.postings:
            account, unit = each.account, each.unit.value
            if account.role is Role.WALLET:
                wallet = self.books.wallet_of(int(account.key), row["id"])
                moves[wallet, unit] += each.amount_minor
            else:
                due[account.role.value, account.key, unit] += each.amount_minor
        if _nonzero(due) != _nonzero(posted.elsewhere) or not _bears(
            moves, posted, may_lose=may_lose
        ):
            self._find("order", "The amounts posted are not those of the order.")
        if any(posted.losses.values()):
            self.loses = True
            self._check_loss_flag(row)

    def _check_loss_flag(self, row: Row) -> None:
        said = self._end is not None and (
            AdviceFlag.STAND_IN_LOSS.value in self._end["flags"]
        )
        if row["cause"] != REQUEST and not said:
            self._find("outcome", "A loss is posted, but its advice is not flagged.")

    # --- verdicts --------------------------------------------------------------------

    def _check_verdicts(self) -> None:
        entered = {
            row["attempt"] for row in self.records.entries if row["cause"] == REQUEST
        }
        end = self._end
        for row in self.records.attempts:
            if row["reason"] is not None or row["attempt"] in entered:
                continue
            # An advice that came first has booked it; the request then merely agrees.
            agrees = (
                end is not None
                and end["outcome"] == Outcome.COMPLETED.value
                and end["attempt"] == row["attempt"]
                and end["batch"] <= row["batch"]
            )
            if not agrees:
                self._find(
                    "verdict",
                    f"Attempt {row['attempt']} was answered as booked, but no entry "
                    "books it.",
                )

    def _check_live(self, live: Sequence[Row]) -> None:
        end, wanted = self._end, None
        if self._advised is not None and self._advised.training:
            pass  # nothing is booked of what was practiced
        elif end is not None and end["outcome"] == Outcome.COMPLETED.value:
            wanted = end["attempt"]
        elif end is None and self._asked:
            top = max(self._asked)
            wanted = top if self._asked[top]["reason"] is None else None
        if [row["attempt"] for row in live] != ([] if wanted is None else [wanted]):
            said = "still open" if end is None else end["outcome"]
            self._find(
                "order", f"It is booked {len(live)} times, with the outcome {said}."
            )

    # --- codes of the presale --------------------------------------------------------

    def _check_presales(self) -> None:
        """Check that guests came in by just the codes that the order named."""
        if not (self.records.presales or self._names_codes()):
            return
        noted: dict[int, dict[str, UUID | None]] = {}
        for row in self.records.presales:
            noted.setdefault(row["entry"], {})[row["code_hash"]] = row["holder"]
        taken: dict[int, frozenset[str]] = {}
        for row in self.records.entries:
            said = noted.pop(row["id"], {})
            taken[row["id"]] = frozenset(said)
            if not self._is_due(row, said, taken):
                self._find(
                    "presale",
                    f"The codes that entry {row['id']} uses or frees are not those of "
                    "the order.",
                )
        for entry in noted:
            self._find("presale", f"Entry {entry}, which uses codes, is not there.")

    def _names_codes(self) -> bool:
        known = [*self._orders.values(), self._advised]
        return any(order is not None and order.presale for order in known)

    def _is_due(
        self,
        row: Row,
        said: Mapping[str, UUID | None],
        taken: Mapping[int, frozenset[str]],
    ) -> bool:
        codes, own = frozenset(said), self.records.order
        if row["cause"] == REVERSAL:  # but for those that changed hands since
            return codes <= taken.get(row["reverses"], frozenset())
        asked = self._asked.get(row["attempt"])
        order = self._advised
        if row["cause"] == REQUEST and asked is not None:
            order = self._orders.get(asked["digest"])
        named = frozenset(() if order is None else order.presale)
        if row["cancels"] is not None:
            return codes <= named and not any(said.values())
        if any(holder != own for holder in said.values()):
            return False
        flags = self._end["flags"] if self._end is not None else ()
        is_odd = row["cause"] != REQUEST and not _CODE_FLAGS.isdisjoint(flags)
        return codes <= named if is_odd else codes == named


_CODE_FLAGS = frozenset(
    {AdviceFlag.PRESALE_UNKNOWN.value, AdviceFlag.PRESALE_USED.value}
)


_SAID = (
    "order_id",
    "digest",
    "outcome",
    "attempt",
    "till",
    "payer",
    "cancels",
    "z_number",
    "sequence",
)


def _columns(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in _SAID)


def _words(advice: OrderAdvice, order: Order, digest: bytes) -> tuple[object, ...]:
    moves = not order.training
    return (
        order.id,
        digest,
        advice.outcome.value,
        order.attempt,
        order.till,
        order.payment.wallet if order.payment and moves else None,
        order.cancels if moves else None,
        order.z_number,
        order.sequence,
    )


def _mirror(row: Row) -> list[tuple[int, str, int]]:
    return [(account, unit, -amount) for account, unit, amount in read_postings(row)]


def _nonzero(amounts: Mapping[Any, int]) -> dict[Any, int]:
    return {place: amount for place, amount in amounts.items() if amount}


def _bears(
    moves: Mapping[tuple[int | None, str], int], posted: _Posted, *, may_lose: bool
) -> bool:
    """Whether wallets bore what the order moved; or, with losses, no more than that."""
    if not may_lose or not any(posted.losses.values()):
        return _nonzero(moves) == _nonzero(posted.wallets)
    for unit in Unit:
        due = sum(minor for place, minor in moves.items() if place[1] == unit.value)
        borne = sum(
            minor for place, minor in posted.wallets.items() if place[1] == unit.value
        )
        if due != borne + posted.losses[unit.value]:
            return False
    return all(
        min(0, moves.get(place, 0)) <= minor <= max(0, moves.get(place, 0))
        for place, minor in posted.wallets.items()
    )
