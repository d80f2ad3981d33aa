from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hub.service.payment_log import PaymentLog, Search, Severity
from hub.store.store import Store
from tests.hub.service.bank_desk import add_bill, bank_file, credit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.commands.conftest import Office


@pytest.fixture
def bill(hub: Office, one_database: str) -> str:
    async def made() -> str:
        store = await Store.open(one_database)
        try:
            return await add_bill(store)
        finally:
            await store.close()

    assert hub
    return asyncio.run(made())


@pytest.fixture
def day(hub: Office, bill: str) -> Path:
    path = hub.folder / "day.xml"
    path.write_bytes(
        bank_file(credit("45.00", bill, ref="A"), credit("1.00", text="?", ref="B"))
    )
    return path


def test_every_row_of_a_file_is_told(hub: Office, day: Path, bill: str) -> None:
    figures = hub.figures("bank-import", day)

    booked, waiting = figures["rows"]
    assert booked == {
        "entry": 1,
        "tx": 1,
        "direction": "CRDT",
        "amount_minor": 4500,
        "currency": "EUR",
        "value_date": "2026-05-04",
        "reference": bill,
        "reference_kind": "qrr",
        "disposition": "booked",
        "reason": None,
    }
    assert (waiting["disposition"], waiting["reason"]) == ("unassigned", "no_reference")


def test_people_read_what_somebody_has_to_look_at(hub: Office, day: Path) -> None:
    said = hub("bank-import", day)

    assert said.code == 0
    assert said.out.splitlines() == [
        "day.xml: 2 credits; 1 booked, 1 unassigned.",
        "  entry 2.1, 1.00 EUR: unassigned. It names no bill in a form with a right "
        "check digit.",
    ]


def test_a_file_of_before_is_judged_bad(hub: Office, day: Path) -> None:
    hub("bank-import", day)

    again = hub("bank-import", day)

    assert again.code == 1
    assert "This file was imported before, as 'day.xml'" in again.out


def test_what_can_not_be_read_ends_with_2(hub: Office, day: Path) -> None:
    broken = hub.folder / "broken.xml"
    broken.write_bytes(day.read_bytes()[:-9])

    said = hub("bank-import", broken, day)
    assert said.code == 2
    assert "broken.xml: refused. The file is no whole XML document" in said.out
    assert "day.xml: 2 credits" in said.out

    missing = hub("bank-import", hub.folder / "none.xml")
    assert missing.code == 2
    assert "none.xml can't be read" in missing.errors


def test_every_import_is_in_the_payment_log(
    hub: Office, day: Path, one_database: str
) -> None:
    broken = hub.folder / "broken.xml"
    broken.write_bytes(day.read_bytes()[:-9])
    hub("bank-import", broken, day)

    async def entries() -> list[tuple[Severity, str, str]]:
        store = await Store.open(one_database)
        try:
            found = await PaymentLog(store).search(Search())
        finally:
            await store.close()
        return [(each.severity, each.controller_name, each.message) for each in found]

    taken, refused = asyncio.run(entries())
    assert taken[:2] == (Severity.INFO, "EBankingController")
    assert "By command.\nday.xml: 2 credits" in taken[2]
    assert refused[:2] == (Severity.WARNING, "EBankingController")
    assert "broken.xml: refused" in refused[2]


def test_nonsense_is_judged_bad(hub: Office) -> None:
    path = hub.folder / "odd.xml"
    path.write_bytes(bank_file(credit("45.00", ref="A", direction="BOTH")))

    said = hub("bank-import", path)

    assert said.code == 1
    assert "quarantined" in said.out
