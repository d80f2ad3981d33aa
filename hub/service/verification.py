"""`verify`: recompute the whole ledger and say what is wrong where."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from contract.fiscal import process_data
from contract.messages import Malformed, decode_advice
from contract.order import decode_order, order_digest
from contract.receipt import qr_text
from hub.core import chain
from hub.core.ledger import Role, order_entry
from tse_driver.errors import TseError
from tse_driver.log_message import verify_receipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from uuid import UUID

    from contract.messages import OrderAdvice
    from contract.order import Order
    from hub.store.store import Row, Snapshot, Store

FINDINGS_MAX = 1000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: what was checked, where, and in which way."""

    check: str
    where: str
    text: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found; ok means not a single finding."""

    ok: bool
    orders: int
    entries: int
    signatures: int
    batches: int
    findings: tuple[Finding, ...]


async def verify(store: Store, event: int, incarnation: UUID) -> Report:
    """Recompute chain, balances, entries, orders and signatures of one event.

    Reads one moment of the database; at most 1000 findings are told.
    """
    async with store.snapshot() as snapshot:
        run = _Run(snapshot, event)
        await run.check_chain(incarnation)
        await run.check_sums()
        await run.check_amounts()
    return run.report()


class _Run:
    def __init__(self, snapshot: Snapshot, event: int) -> None:
        self._snapshot = snapshot
        self._event = event
        self._findings: list[Finding] = []
        self._counts: Counter[str] = Counter()

    def report(self) -> Report:
        return Report(
            ok=not self._findings,
            orders=self._counts["outcome"],
            entries=self._counts["entry"],
            signatures=self._counts["signature"],
            batches=self._counts["batch"],
            findings=tuple(self._findings[:FINDINGS_MAX]),
        )

    def _find(self, check: str, where: object, text: str) -> None:
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(Finding(check=check, where=str(where), text=text))

    async def check_chain(self, incarnation: UUID) -> None:
        streams = [
            _Stream(kind, self._snapshot.stream(f"chain_{kind}", self._event))
            for kind in _FIELDS
        ]
        expected = 0
        head = chain.first_head(incarnation)
        async for batch in self._snapshot.stream("verify_batches", self._event):
            if batch["number"] != expected:
                self._find(
                    "chain",
                    f"batch {expected}",
                    f"Batches {expected} to {batch['number'] - 1} are missing.",
                )
            if batch["number"] > 0:
                lines = []
                for stream in streams:
                    for row in await stream.take(batch["number"]):
                        lines.append(_line(stream.kind, row))
                        self._examine(stream.kind, row)
                head = chain.next_head(head, lines)
            if head != batch["chain_head"]:
                self._find(
                    "chain",
                    f"batch {batch['number']}",
                    "The batch's records do not give its chain head: "
                    "something in it was changed, added or removed.",
                )
                head = batch["chain_head"]
            expected = batch["number"] + 1
            self._counts["batch"] += 1
        for stream in streams:
            if await stream.has_more():
                self._find("chain", stream.kind, "Records lie outside of any batch.")

    def _examine(self, kind: str, row: Row) -> None:
        self._counts[kind] += 1
        if kind == "attempt":
            self._compare(row["body"], row["digest"], f"order {row['order_id']}")
        elif kind == "contradiction":
            self._compare(
                row["advice"], row["advice_digest"], f"order {row['order_id']}"
            )
            self._find(
                "outcome",
                f"order {row['order_id']}",
                "Two advices contradict each other; only the first was booked.",
            )
        elif kind == "closing":
            where = f"closing {row['z_number']} of till {row['till']}"
            self._compare(row["report"], row["digest"], where)
        elif kind == "outcome":
            self._examine_outcome(row)

    def _compare(self, data: bytes, digest: bytes, where: str) -> None:
        if hashlib.sha256(data).digest() != digest:
            self._find("digest", where, "The stored bytes are not those received.")

    def _examine_outcome(self, row: Row) -> None:
        where = f"order {row['order_id']}"
        self._compare(row["advice"], row["advice_digest"], where)
        try:
            advice = decode_advice(row["advice"])
            order = decode_order(bytes(advice.order))
        except (Malformed, msgspec.DecodeError) as error:
            self._find("outcome", where, f"The stored advice can't be read: {error}.")
            return
        if (
            order.id != row["order_id"]
            or order_digest(advice.order) != row["digest"]
            or advice.outcome.value != row["outcome"]
        ):
            self._find("outcome", where, "The record and its advice differ.")
        if advice.signature is not None:
            problem = _signature_problem(advice, order)
            if problem:
                self._find("signature", where, problem)
        elif advice.outage is None:
            self._find(
                "signature", where, "There is neither a signature nor an outage."
            )

    async def check_sums(self) -> None:
        for row in await self._ask("verify_wallets"):
            self._find(
                "balance",
                f"wallet account {row['id']}",
                f"It holds {row['balance_minor']} and {row['vouchers']} vouchers; its "
                f"postings add up to {row['posted_minor']} and "
                f"{row['posted_vouchers']}.",
            )
        for row in await self._ask("verify_holdings"):
            self._find(
                "balance",
                f"{row['role']} {row['key']}",
                f"It holds {row['balance_minor']} by its own row; its postings add "
                f"up to {row['posted_minor']}.",
            )
        for row in await self._ask("verify_entries"):
            self._find(
                "entry",
                f"entry {row['id']}",
                f"Its postings add up to {row['excess']} {row['unit']}.",
            )
        for row in await self._ask("verify_stray_postings"):
            self._find("entry", f"entry {row['entry']}", "Postings without an entry.")
        for row in await self._ask("verify_live_entries"):
            self._find(
                "order",
                f"order {row['order_id']}",
                f"It is booked {row['bookings']} times, with the outcome "
                f"{row['outcome'] or 'still open'}.",
            )
        for row in await self._ask("verify_signature_counters"):
            self._find(
                "signature",
                f"TSE {row['tse_serial']}",
                f"Signature counter {row['counter']} is claimed by "
                f"{row['orders']} orders.",
            )

    async def _ask(self, query: str) -> list[Row]:
        return await self._snapshot.fetch(query, self._event)

    async def check_amounts(self) -> None:
        """Compare what each completed order says with what is posted for it."""
        rows = self._snapshot.stream("verify_booked_amounts", self._event)
        posted: Counter[tuple[str, str]] = Counter()
        current: Any = None
        async for row in rows:
            if current is not None and row["order_id"] != current["order_id"]:
                self._check_amounts_of(current, posted)
                posted = Counter()
            current = row
            posted[_account(row["role"], row["key"])] += row["amount_minor"]
        if current is not None:
            self._check_amounts_of(current, posted)

    def _check_amounts_of(self, row: Row, posted: Counter[tuple[str, str]]) -> None:
        try:
            order = decode_order(bytes(decode_advice(row["advice"]).order))
        except (Malformed, msgspec.DecodeError):
            return  # told by check_chain
        due: Counter[tuple[str, str]] = Counter()
        for posting in order_entry(order).postings:
            account = _account(posting.account.role.value, posting.account.key)
            due[account] += posting.amount_minor
        if {k: v for k, v in due.items() if v} != {
            k: v for k, v in posted.items() if v
        }:
            self._find(
                "order",
                f"order {row['order_id']}",
                "The amounts posted are not those of the order.",
            )


class _Stream:
    """Rows ordered by batch, taken batch by batch."""

    def __init__(self, kind: str, rows: AsyncIterator[Row]) -> None:
        self.kind = kind
        self._rows = rows
        self._next: Row | None = None
        self._begun = False

    async def take(self, batch: int) -> list[Row]:
        """Return the rows of a batch; rows of batches that are missing are passed."""
        taken: list[Row] = []
        while await self.has_more():
            assert self._next is not None
            if self._next["batch"] > batch:
                break
            if self._next["batch"] == batch:
                taken.append(self._next)
            self._next = await anext(self._rows, None)
        return taken

    async def has_more(self) -> bool:
        """Whether a row is left."""
        if not self._begun:
            self._begun = True
            self._next = await anext(self._rows, None)
        return self._next is not None


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "attempt": ("order_id", "attempt", "digest", "till", "reason", "balance_minor"),
    "outcome": ("order_id", "outcome", "attempt", "advice_digest", "flags"),
    "contradiction": ("order_id", "advice_digest"),
    "signature": ("order_id", "tse_serial", "number", "counter"),
    "band": (
        "serial",
        "entry",
        "wallet",
        "blocked",
        "registered",
        "restriction",
        "successor",
        "note",
        "order_id",
    ),
    "shift": ("register", "entry", "holder", "z_number", "order_id"),
    "closing": (
        "till",
        "z_number",
        "first_sequence",
        "last_sequence",
        "digest",
        "signature",
        "flags",
    ),
    "entry": ("id", "cause", "order_id", "attempt", "reverses", "cancels"),
}
"""What the chain says of each kind of record, by the columns it is kept in."""


def _line(kind: str, row: Row) -> bytes:
    fields = [row[name] for name in _FIELDS[kind]]
    if kind == "entry":
        amounts = (row["accounts"] or (), row["units"] or (), row["amounts"] or ())
        fields.append(sorted(zip(*amounts, strict=True)))
    return chain.line(kind, *fields)


def _account(role: str, key: str) -> tuple[str, str]:
    # A wallet's charge and what had to be written off add up to the order's amount.
    if role in {Role.WALLET.value, Role.STAND_IN_LOSS.value}:
        return "guest", ""
    return role, key


def _signature_problem(advice: OrderAdvice, order: Order) -> str:
    signature = advice.signature
    assert signature is not None
    if signature.client != order.till:
        return f"The signature is of till {signature.client}, not {order.till}."
    if signature.process_data != process_data(order, advice.outcome):
        return "The signed text is not that of the order."
    try:
        check = verify_receipt(qr_text(signature))
    except TseError as error:
        return f"The signature can't be read: {error}"
    if not check.valid:
        return check.reason
    if check.tse_serial != signature.tse_serial:
        return "The TSE's serial number does not belong to its public key."
    return ""
