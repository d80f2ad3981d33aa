"""Taking in what a bank reports: each file whole or not at all.

Every credit is kept with what became of it; what names its bill is paid towards it in
the same unit of work, and the rest waits for staff. What was taken in before, from
whatever file, is recognized.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from hub.core.bills.credits import Credit
from hub.core.bills.fingerprints import Fingerprint
from hub.core.bills.matching import Disposition, Payable
from hub.core.bills.taking_in import prints_of, take_in, to_look_up
from hub.payments.camt import FILE_BYTES_MAX, Report, read
from hub.payments.errors import BankFileRefused, NotToBeBooked
from hub.service.bank_money import Money, assignment, moneys, take_money
from hub.service.rows import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hub.core.bills.taking_in import TakenIn
    from hub.store.store import Store, UnitOfWork

NAME_MAX = 200
CREDITS_AT_ONCE = 1000
"""So many are written together: a large file must not need large memory."""

_FOR_PEOPLE = frozenset({Disposition.UNASSIGNED, Disposition.QUARANTINED})


class ImportedRow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one credit; names as the command's output has them."""

    entry: int
    tx: int
    direction: str
    amount_minor: int
    currency: str
    value_date: str | None
    reference: str | None
    reference_kind: str | None
    """qrr, scor, order_id by its shape, whatever the bank calls it; null: none."""
    disposition: str
    reason: str | None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What a file was, and what became of everything in it."""

    file: str
    rows: tuple[ImportedRow, ...]
    abouts: Mapping[int, str]
    """A sentence for staff about each row, by its place, that they have to look at."""

    def count(self, disposition: Disposition) -> int:
        """Count the credits that this became of."""
        return sum(row.disposition == disposition.value for row in self.rows)


class _Content(msgspec.Struct, frozen=True):
    """A file as read, before anything is decided."""

    digest: bytes
    reports: tuple[Report, ...]
    credits: tuple[Credit, ...]
    prints: tuple[Fingerprint, ...]


async def import_file(
    store: Store,
    event: int,
    name: str,
    data: bytes,
    *,
    by: str,
    take_copies: bool = False,
) -> Imported:
    """Take in one file; raises BankFileRefused, and then nothing of it is kept.

    `by` says who handed it in. With `take_copies` a file that the bank marks as a
    duplicate is taken, too: for when the first one never came.
    """
    content = await asyncio.to_thread(_read, data)
    if not take_copies:
        _refuse_copies(content.reports)
    async with store.unit_of_work() as unit:
        await unit.fetch("bank_turn", event)
        await _refuse_known(unit, event, content)
        taken = await _decide(unit, event, content)
        file = await unit.fetch_value(
            "add_bank_file", event, name[:NAME_MAX], content.digest, by
        )
        await _keep_reports(unit, event, file, content.reports)
        for start in range(0, len(taken), CREDITS_AT_ONCE):
            some = taken[start : start + CREDITS_AT_ONCE]
            await _keep_credits(unit, event, file, some)
    return Imported(
        file=name,
        rows=tuple(_row(each) for each in taken),
        abouts={
            place: each.match.about
            for place, each in enumerate(taken)
            if each.match.disposition in _FOR_PEOPLE
        },
    )


def _read(data: bytes) -> _Content:
    if len(data) > FILE_BYTES_MAX:
        raise BankFileRefused(
            f"The file is larger than {FILE_BYTES_MAX // 2**20} MiB. "
            "Have the bank split it by day."
        )
    reports: dict[Report, None] = {}
    credits_ = []
    for item in read(io.BytesIO(data)):
        reports[item.report] = None
        credits_.append(item.credit)
    return _Content(
        hashlib.sha256(data).digest(),
        tuple(reports),
        tuple(credits_),
        prints_of(credits_),
    )


def _refuse_copies(reports: Iterable[Report]) -> None:
    for report in reports:
        if report.is_copy:
            raise NotToBeBooked(
                f"The bank marks {report.report_id or report.message_id} as a "
                "duplicate. Import the first one; if it never came, take this copy "
                "in its place."
            )


async def _refuse_known(unit: UnitOfWork, event: int, content: _Content) -> None:
    known = await unit.fetch_row("bank_file_known", event, content.digest)
    if known is not None:
        raise NotToBeBooked(
            f"This file was imported before, as {known['name']!r} on "
            f"{known['imported_at']:%Y-%m-%d at %H:%M} UTC."
        )
    identities = [report.identity for report in content.reports]
    if len(set(identities)) != len(identities):
        raise NotToBeBooked(
            "The file has the same statement twice. Download it again from the bank."
        )
    for row in await unit.fetch("bank_reports_known", event, identities):
        raise NotToBeBooked(
            f"Its statement {row['identity'].rpartition('|')[2]!r} was imported "
            f"before, in {row['name']!r} on {row['imported_at']:%Y-%m-%d at %H:%M} UTC."
        )


async def _decide(unit: UnitOfWork, event: int, content: _Content) -> list[TakenIn]:
    looked = to_look_up(content.credits, content.prints)
    rows = await unit.fetch("bank_marks_known", event, looked.marks)
    known = {row["mark"] for row in rows}
    # Locked first, and summed up after: what a payment beside us added is seen.
    await unit.fetch("lock_named_bills", event, looked.numbers)
    bills = [
        payable(row) for row in await unit.fetch("named_bills", event, looked.numbers)
    ]
    return await asyncio.to_thread(
        lambda: list(take_in(content.credits, content.prints, bills=bills, known=known))
    )


def payable(row: Mapping[str, object]) -> Payable:
    """Make what matching needs of a bill's row."""
    return Payable(
        reference=str(row["reference"]),
        currency=str(row["currency"]),
        open_minor=int(str(row["open_minor"])),
        payer_name=str(row["payer_name"]),
    )


async def _keep_reports(
    unit: UnitOfWork, event: int, file: int, reports: Sequence[Report]
) -> None:
    rows = [
        {
            "identity": report.identity,
            "kind": report.kind,
            "version": report.version,
            "account": report.account,
            "is_copy": report.is_copy,
        }
        for report in reports
    ]
    await unit.fetch("add_bank_reports", event, file, _json(rows))


async def _keep_credits(
    unit: UnitOfWork, event: int, file: int, taken: Sequence[TakenIn]
) -> None:
    rows = [_kept(each) for each in taken]
    ids = {
        (row["entry"], row["part"]): row["id"]
        for row in await unit.fetch("add_bank_credits", event, file, _json(rows))
    }
    marks: list[tuple[object, ...]] = []
    money: list[Money] = []
    assigned: list[tuple[object, ...]] = []
    for each in taken:
        credit = ids[each.credit.entry, each.credit.part]
        marks += [(mark, credit) for mark in each.kept_marks]
        for made in _money(each, credit):
            money.append(made)
            assigned.append(assignment(credit, 0, made))
    await unit.fetch("add_bank_marks", event, *columns(marks, 2))
    await take_money(unit, event, money)
    await unit.fetch("add_bank_assignments", *columns(assigned, 5))


def _money(taken: TakenIn, credit: int) -> Iterable[Money]:
    if taken.match.disposition is not Disposition.BOOKED:
        return ()
    return moneys(
        credit,
        0,
        taken.match.parts,
        fee_minor=taken.credit.charges_minor or None,
        value_on=taken.credit.day,
    )


def _kept(taken: TakenIn) -> dict[str, object]:
    credit, decided = taken.credit, taken.match
    return {
        "entry": credit.entry,
        "part": credit.part,
        "account": credit.account,
        "direction": credit.direction.value,
        "amount_minor": credit.amount_minor,
        "currency": credit.currency,
        "is_reversal": credit.is_reversal,
        "is_sum": credit.is_sum,
        "booked_on": credit.booked_on,
        "value_on": credit.value_on,
        "entry_ref": credit.entry_ref,
        "bank_ref": credit.bank_ref,
        "end_to_end_id": credit.end_to_end_id,
        "structured": credit.structured,
        "texts": credit.text,
        "payer_name": credit.payer_name,
        "payer_iban": credit.payer_iban,
        "charges_minor": credit.charges_minor,
        "marks": sorted(taken.fingerprint.marks),
        "disposition": decided.disposition.value,
        "reason": None if decided.reason is None else decided.reason.value,
        "about": decided.about,
    }


def _row(taken: TakenIn) -> ImportedRow:
    credit, decided = taken.credit, taken.match
    mention = next(iter(credit.mentions), None)
    given = next(iter(credit.structured), None)
    return ImportedRow(
        entry=credit.entry,
        tx=credit.part,
        direction=credit.direction.value,
        amount_minor=credit.amount_minor,
        currency=credit.currency,
        value_date=None if credit.value_on is None else credit.value_on.isoformat(),
        reference=given if mention is None else str(mention),
        reference_kind=None if mention is None else mention.shape.value,
        disposition=decided.disposition.value,
        reason=None if decided.reason is None else decided.reason.value,
    )


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return msgspec.json.encode(rows).decode()
