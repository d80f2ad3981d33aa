from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hub.service import bank_folder
from hub.service.bank_folder import BankFolder
from hub.service.payment_log import PaymentLog, Search, Severity
from tests.hub.hubs import until
from tests.hub.service.bank_desk import EVENT, add_bill, bank_file, credit, payments

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from hub.store.store import Store


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def watched(store: Store, folder: Path) -> BankFolder:
    return BankFolder(store, EVENT, folder, PaymentLog(store), is_due=lambda: True)


async def test_a_file_is_taken_in_and_moved_on(store: Store, tmp_path: Path) -> None:
    bill = await add_bill(store)
    folder = watched(store, tmp_path)
    (tmp_path / "day.xml").write_bytes(bank_file(credit("45.00", bill, ref="A")))

    await folder.look()
    assert await payments(store, bill) == []  # it might still grow
    await folder.look()

    assert await payments(store, bill) == [("payment", "ebanking", 4500)]
    assert names(tmp_path) == ["done"]
    report = (tmp_path / "done" / "day.xml.txt").read_text("utf-8")
    assert report == "day.xml: 1 credits; 1 booked.\n"
    (entry,) = await PaymentLog(store).search(Search())
    assert entry.controller_name == "EBankingController"
    assert entry.message == f"By folder.\n{report}".strip()
    assert entry.severity is Severity.INFO


async def test_a_growing_file_is_left_alone(store: Store, tmp_path: Path) -> None:
    folder = watched(store, tmp_path)
    data = bank_file(credit("45.00", ref="A"))
    for end in range(1, 4):
        (tmp_path / "day.xml").write_bytes(data[: end * 100])
        (tmp_path / "day.xml.part").write_bytes(data)
        await folder.look()

    assert (tmp_path / "day.xml").exists()


async def test_a_refused_file_says_why(store: Store, tmp_path: Path) -> None:
    folder = watched(store, tmp_path)
    for _ in range(2):
        (tmp_path / "day.xml").write_bytes(b"no bank's file")
        await folder.look()
        await folder.look()

    refused = tmp_path / "refused"
    assert names(refused) == [
        "day-2.xml",
        "day-2.xml.txt",
        "day.xml",
        "day.xml.txt",
    ]
    assert "no whole XML document" in (refused / "day.xml.txt").read_text("utf-8")
    entries = await PaymentLog(store).search(Search())
    assert [each.severity for each in entries] == [Severity.WARNING] * 2


async def test_only_the_one_that_books_looks(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank_folder, "LOOK_INTERVAL_S", 0.01)
    is_writer = False
    folder = BankFolder(
        store, EVENT, tmp_path, PaymentLog(store), is_due=lambda: is_writer
    )
    bill = await add_bill(store)
    file = tmp_path / "day.xml"
    file.write_bytes(bank_file(credit("45.00", bill, ref="A")))
    task = asyncio.create_task(folder.run())
    try:
        await asyncio.sleep(0.1)
        assert file.exists()
        is_writer = True
        await until(lambda: not file.exists())
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(await payments(store, bill)) == 1
