"""Bills and bank files for tests of what banks report and are told to pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from contract.bill_reference import make_reference
from hub.service.bank_import import Imported, import_file
from tests.hub import samples
from tests.hub.payments.bank_files import Detail, Entry, camt

if TYPE_CHECKING:
    from hub.store.store import Store

EVENT = samples.EVENT.number
FIRST = 123456789012345678901
PAYEE = {
    "iban": "DE89370400440532013000",
    "name": "Fox Run e. V.",
    "street": "Waldweg",
    "house_number": "3",
    "postal_code": "80331",
    "town": "München",
    "country": "DE",
}
CREDITOR = PAYEE | {"iban": "DE02120300000000202051", "name": "Kassenband GmbH"}

COMPETITION = """\
INSERT INTO competition (event, slug, name, organizer, creditor, payee)
VALUES ($1, 'fox-run', 'Fox Run', 'Fox Run e. V.', $2::jsonb, $3::jsonb)
ON CONFLICT (slug) DO UPDATE SET name = excluded.name
RETURNING id
"""
BILL = """\
INSERT INTO bill (
    reference, event, competition, currency, total_minor, payer_name, street,
    house_number, postal_code, town, country, email, locked_to, locked_at
) VALUES (
    $1, $2, $3, 'EUR', $4, $5, 'Marktgasse', '28', '9400', 'Rorschach', 'CH',
    'pia@example.org', $6::text, CASE WHEN $6::text IS NULL THEN NULL ELSE now() END
)
"""
LINE = """\
INSERT INTO bill_line (bill, position, kind, label, amount_minor)
VALUES ($1, 1, 'start_fee', 'Red Foxes', $2)
"""


async def run(store: Store, sql: str, *values: Any) -> list[Any]:
    """Do by hand, as the database's owner, what has no service here."""
    connection = await asyncpg.connect(store.dsn)
    try:
        return list(await connection.fetch(sql, *values))
    finally:
        await connection.close()


async def add_competition(store: Store) -> int:
    said = (msgspec.json.encode(each).decode() for each in (CREDITOR, PAYEE))
    (row,) = await run(store, COMPETITION, EVENT, *said)
    return int(row["id"])


async def add_bill(
    store: Store,
    number: int = 0,
    *,
    total_minor: int = 4500,
    payer: str = "Pia Muster",
    locked_to: str | None = None,
) -> str:
    """Issue a bill of one start fee; its reference."""
    competition = await add_competition(store)
    reference = make_reference(FIRST + number)
    about = (reference, EVENT, competition, total_minor, payer, locked_to)
    await run(store, BILL, *about)
    await run(store, LINE, reference, total_minor)
    return reference


def credit(
    amount: str, *references: str, ref: str = "", text: str = "", **more: Any
) -> Entry:
    """One entry with one payment of it."""
    detail = Detail(
        amount,
        "EUR",
        structured=references,
        text=(text,) if text else (),
        ref=f"T-{ref}" if ref else "",
    )
    return Entry(amount=amount, currency="EUR", ref=ref, details=[detail], **more)


def bank_file(*entries: Entry, message: str = "M1", **more: Any) -> bytes:
    return camt(*entries, **more).replace(b"<MsgId>M1<", f"<MsgId>{message}<".encode())


async def take(store: Store, data: bytes, name: str = "day.xml") -> Imported:
    return await import_file(store, EVENT, name, data, by="ann")


async def payments(store: Store, reference: str) -> list[tuple[str, str, int]]:
    rows = await run(
        store,
        "SELECT kind::text, method, principal_minor FROM payment WHERE bill = $1 "
        "ORDER BY id",
        reference,
    )
    return [tuple(row) for row in rows]


async def steps(store: Store, reference: str) -> list[str]:
    rows = await run(
        store,
        "SELECT step::text FROM bill_entry WHERE bill = $1 ORDER BY number",
        reference,
    )
    return [row["step"] for row in rows]


def told(imported: Imported) -> list[tuple[str, str | None]]:
    return [(row.disposition, row.reason) for row in imported.rows]
