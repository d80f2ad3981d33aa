"""Bank files handed in, and what is told of them: to people, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contract.money import plain_amount
from hub.core.bills.matching import Disposition
from hub.payments.bank_archive import unpack
from hub.payments.by_hand import E_BANKING
from hub.payments.errors import BankFileRefused, NotToBeBooked
from hub.service.bank_import import Imported, import_file
from hub.service.payment_log import Note, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hub.service.payment_log import PaymentLog
    from hub.store.store import Store


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A file of which nothing was taken in, and why."""

    file: str
    reason: str
    is_readable: bool = False
    """It could be read, and was judged not to be booked: a test, a copy."""


class TakenFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was handed in, in its order."""

    files: tuple[Imported | Refused, ...]

    @property
    def imported(self) -> tuple[Imported, ...]:
        """The files that were taken in."""
        return tuple(each for each in self.files if isinstance(each, Imported))

    @property
    def refused(self) -> tuple[Refused, ...]:
        """The files that were not."""
        return tuple(each for each in self.files if isinstance(each, Refused))

    @property
    def is_unreadable(self) -> bool:
        """Whether a file was none of a bank's."""
        return any(not each.is_readable for each in self.refused)

    @property
    def is_well(self) -> bool:
        """Whether all was taken in, and nothing of it made no sense."""
        return not self.refused and not any(
            each.count(Disposition.QUARANTINED) for each in self.imported
        )


async def take_files(
    store: Store,
    event: int,
    files: Iterable[tuple[str, bytes]],
    *,
    by: str,
    take_copies: bool = False,
) -> TakenFiles:
    """Take in files and what is in archives, each for itself; nothing is raised."""
    said: list[Imported | Refused] = []
    for name, data in files:
        try:
            for inner, content in unpack(name, data):
                said.append(
                    await _take(
                        store, event, inner, content, by=by, take_copies=take_copies
                    )
                )
        except BankFileRefused as error:
            said.append(_refused(name, error))
    return TakenFiles(files=tuple(said))


async def _take(
    store: Store, event: int, name: str, data: bytes, *, by: str, take_copies: bool
) -> Imported | Refused:
    try:
        return await import_file(
            store, event, name, data, by=by, take_copies=take_copies
        )
    except BankFileRefused as error:
        return _refused(name, error)


async def note_files(log: PaymentLog, taken: TakenFiles, *, by: str) -> None:
    """Note in the payment log what became of files that nobody uploaded by a page."""
    for each in taken.files:
        is_well = isinstance(each, Imported) and not each.count(Disposition.QUARANTINED)
        lines = "\n".join(sentences(TakenFiles(files=(each,))))
        await log.note(
            Note(
                severity=Severity.INFO if is_well else Severity.WARNING,
                controller_name=E_BANKING.controller_name,
                action="import",
                message=f"By {by}.\n{lines}",
            )
        )


def figures(taken: TakenFiles) -> dict[str, Any]:
    """Say it for programs: all rows, and for each file how many of them are its own."""
    files = [
        {"file": each.file, "refused": each.reason, "rows": 0}
        if isinstance(each, Refused)
        else {"file": each.file, "refused": None, "rows": len(each.rows)}
        for each in taken.files
    ]
    rows = [row for each in taken.imported for row in each.rows]
    return {"rows": rows, "files": files}


def sentences(taken: TakenFiles) -> Iterator[str]:
    """Tell people: each file in a line, and below what somebody has to look at."""
    for each in taken.files:
        if isinstance(each, Refused):
            yield f"{each.file}: refused. {each.reason}"
            continue
        counts = ", ".join(
            f"{each.count(disposition)} {disposition.value}"
            for disposition in Disposition
            if each.count(disposition)
        )
        yield f"{each.file}: {len(each.rows)} credits; {counts or 'nothing in it'}."
        for place, about in each.abouts.items():
            row = each.rows[place]
            amount = f"{plain_amount(row.amount_minor)} {row.currency}".strip()
            name = f"entry {row.entry}.{row.tx}"
            yield f"  {name}, {amount}: {row.disposition}. {about}"


def _refused(name: str, error: BankFileRefused) -> Refused:
    readable = isinstance(error, NotToBeBooked)
    return Refused(file=name, reason=str(error), is_readable=readable)
