from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hub.service.bank_report import TakenFiles, figures, sentences, take_files
from tests.hub.payments.test_bank_archive import archive
from tests.hub.service.bank_desk import EVENT, add_bill, bank_file, credit

if TYPE_CHECKING:
    from hub.store.store import Store


async def hand_in(store: Store, *files: tuple[str, bytes]) -> TakenFiles:
    return await take_files(store, EVENT, files, by="ann")


async def test_rows_are_told_as_agreed(store: Store) -> None:
    bill = await add_bill(store)
    data = bank_file(credit("45.00", bill, ref="A"), credit("1.00", text="?", ref="B"))

    taken = await hand_in(store, ("day.xml", data))

    assert msgspec.to_builtins(figures(taken)) == {
        "rows": [
            {
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
            },
            {
                "entry": 2,
                "tx": 1,
                "direction": "CRDT",
                "amount_minor": 100,
                "currency": "EUR",
                "value_date": "2026-05-04",
                "reference": None,
                "reference_kind": None,
                "disposition": "unassigned",
                "reason": "no_reference",
            },
        ],
        "files": [{"file": "day.xml", "refused": None, "rows": 2}],
    }
    assert taken.is_well
    assert list(sentences(taken)) == [
        "day.xml: 2 credits; 1 booked, 1 unassigned.",
        "  entry 2.1, 1.00 EUR: unassigned. It names no bill in a form with a right "
        "check digit.",
    ]


async def test_one_bad_file_keeps_no_other_out(store: Store) -> None:
    bill = await add_bill(store)
    good = bank_file(credit("45.00", bill, ref="A"))
    packed = archive(("good.xml", good), ("again.xml", good), ("bad.xml", b"?"))

    taken = await hand_in(store, ("days.zip", packed))

    assert [each.file for each in taken.imported] == ["days.zip/good.xml"]
    again, bad = taken.refused
    assert (again.is_readable, bad.is_readable) == (True, False)
    assert taken.is_unreadable
    assert not taken.is_well
    told = list(sentences(taken))
    assert told[0] == "days.zip/good.xml: 1 credits; 1 booked."
    assert told[1].startswith("days.zip/again.xml: refused. This file was imported")


async def test_what_makes_no_sense_is_not_well(store: Store) -> None:
    data = bank_file(credit("45.00", ref="A", direction="BOTH"))

    taken = await hand_in(store, ("day.xml", data))

    assert not taken.is_well
    assert not taken.is_unreadable
