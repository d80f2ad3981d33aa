from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from contract.bill_reference import creditor_reference, make_reference
from hub.payments.errors import BankFileRefused, NotToBeBooked
from hub.service import bank_import
from hub.service.bank_import import import_file
from tests.hub.payments.bank_files import Detail, Entry
from tests.hub.service.bank_desk import (
    EVENT,
    add_bill,
    bank_file,
    credit,
    payments,
    run,
    steps,
    take,
    told,
)

if TYPE_CHECKING:
    from hub.store.store import Store

BOOKED, KNOWN = ("booked", None), ("ignored", "known")


async def test_a_credit_that_names_its_bill_pays_it(store: Store) -> None:
    bill = await add_bill(store)

    imported = await take(store, bank_file(credit("45.00", bill, ref="A")))

    (row,) = imported.rows
    assert (row.disposition, row.reason) == BOOKED
    assert (row.entry, row.tx, row.direction) == (1, 1, "CRDT")
    assert (row.amount_minor, row.currency) == (4500, "EUR")
    assert (row.value_date, row.reference) == ("2026-05-04", bill)
    assert row.reference_kind == "qrr"
    assert await payments(store, bill) == [("payment", "ebanking", 4500)]
    assert await steps(store, bill) == ["payment", "release"]


async def test_a_bill_is_paid_in_rates_and_too_much_is_kept(store: Store) -> None:
    bill = await add_bill(store)
    rates = [
        credit("20.00", bill, ref="A"),
        credit("20.00", creditor_reference(bill), ref="B"),
        credit("10.00", text=f"Rest fuer {bill}", ref="C"),
    ]

    assert told(await take(store, bank_file(*rates))) == [BOOKED] * 3

    assert await payments(store, bill) == [
        ("payment", "ebanking", each) for each in (2000, 2000, 1000)
    ]
    assert await steps(store, bill) == ["payment", "payment", "payment", "release"]


async def test_a_posted_slip_is_paid_as_one(store: Store) -> None:
    bill = await add_bill(store, locked_to="slip")

    await take(store, bank_file(credit("45.00", bill, ref="A")))

    assert await payments(store, bill) == [("payment", "slip", 4500)]


async def test_what_the_bank_keeps_is_booked_as_its_fee(store: Store) -> None:
    bill = await add_bill(store)
    charged = credit("45.00", bill, ref="A")
    charged.details[
        0
    ].more = '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">2.95</TtlChrgsAndTaxAmt></Chrgs>'

    await take(store, bank_file(charged))

    assert await steps(store, bill) == ["payment", "fee", "release"]


async def test_the_statement_repeats_what_notifications_said(store: Store) -> None:
    bill = await add_bill(store)
    entry = credit("45.00", bill, ref="A")
    await take(store, bank_file(entry, kind="054", version="04"))

    for number, version in enumerate(("02", "04", "06", "08")):
        again = bank_file(entry, kind="053", version=version, message=f"S{number}")
        assert told(await take(store, again, f"{version}.xml")) == [KNOWN]

    assert await payments(store, bill) == [("payment", "ebanking", 4500)]


async def test_a_file_is_not_taken_twice(store: Store) -> None:
    bill = await add_bill(store)
    data = bank_file(credit("45.00", bill, ref="A"))
    await take(store, data)

    with pytest.raises(NotToBeBooked, match=r"imported before, as 'day\.xml'"):
        await take(store, data, "again.xml")
    with pytest.raises(NotToBeBooked, match="'R1' was imported before"):
        await take(store, data + b"\n", "other.xml")

    assert len(await payments(store, bill)) == 1


async def test_two_people_importing_at_once_book_once(store: Store) -> None:
    bill = await add_bill(store)
    entry = credit("45.00", bill, ref="A")
    files = [bank_file(entry, kind=kind, message=kind) for kind in ("053", "054")]

    said = await asyncio.gather(*(take(store, data) for data in files))

    assert sorted(map(told, said), key=str) == [[BOOKED], [KNOWN]]
    assert len(await payments(store, bill)) == 1


async def test_a_banks_copy_is_refused_unless_it_is_wanted(store: Store) -> None:
    bill = await add_bill(store)
    copy = bank_file(
        credit("45.00", bill, ref="A"), head="<CpyDplctInd>DUPL</CpyDplctInd>"
    )

    with pytest.raises(NotToBeBooked, match="duplicate"):
        await take(store, copy)
    await import_file(store, EVENT, "copy.xml", copy, by="ann", take_copies=True)

    assert len(await payments(store, bill)) == 1


async def test_a_test_file_is_refused(store: Store) -> None:
    bill = await add_bill(store)
    data = bank_file(
        credit("45.00", bill, ref="A"), about="<AddtlInf>TEST-FILE</AddtlInf>"
    )

    with pytest.raises(NotToBeBooked, match="TEST"):
        await take(store, data)

    assert await payments(store, bill) == []


async def test_a_broken_file_leaves_nothing_behind(store: Store) -> None:
    bill = await add_bill(store)
    whole = bank_file(credit("45.00", bill, ref="A"))

    with pytest.raises(BankFileRefused, match="no whole XML"):
        await take(store, whole[:-20])
    assert await run(store, "SELECT FROM bank_credit") == []

    assert told(await take(store, whole)) == [BOOKED]


async def test_what_goes_wrong_at_the_end_undoes_the_beginning(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await add_bill(store)
    data = bank_file(credit("45.00", bill, ref="A"))

    async def fail(*_: object) -> None:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as patched:
        patched.setattr(bank_import, "take_money", fail)
        with pytest.raises(RuntimeError):
            await take(store, data)

    assert await run(store, "SELECT FROM bank_file") == []
    assert await run(store, "SELECT FROM bank_mark") == []
    assert told(await take(store, data)) == [BOOKED]


async def test_everything_else_waits_or_is_passed_over(store: Store) -> None:
    bill, other = await add_bill(store), await add_bill(store, 1)
    unknown = make_reference(999999999999999999999)
    swiss = credit("45.00", bill, ref="H")
    swiss.currency = swiss.details[0].currency = "CHF"
    cases = {
        ("unassigned", "no_reference"): credit("45.00", text="Startgeld", ref="A"),
        ("unassigned", "unknown_bill"): credit("45.00", unknown, ref="B"),
        ("unassigned", "several_bills"): credit("50.00", bill, other, ref="C"),
        ("booked", None): credit("90.00", bill, other, ref="D"),
        ("unassigned", "reversal"): credit("45.00", bill, ref="E", reversal="true"),
        ("ignored", "money_out"): credit("9.00", ref="F", direction="DBIT"),
        ("quarantined", "flawed"): credit("45.00", bill, ref="G", direction="BOTH"),
        ("unassigned", "other_currency"): swiss,
        ("ignored", "not_booked_yet"): credit("45.00", bill, ref="I", status="PDNG"),
        ("unassigned", "sum_only"): Entry(
            "90.00", "EUR", ref="J", announced="2", details=[]
        ),
    }

    imported = await take(store, bank_file(*cases.values()))

    assert told(imported) == list(cases)
    assert await payments(store, bill) == [("payment", "ebanking", 4500)]
    assert await payments(store, other) == [("payment", "ebanking", 4500)]


async def test_what_was_announced_is_booked_when_it_comes(store: Store) -> None:
    bill = await add_bill(store)
    announced = bank_file(credit("45.00", bill, ref="A", status="PDNG"), message="M0")

    await take(store, announced)

    assert told(await take(store, bank_file(credit("45.00", bill, ref="A")))) == [
        BOOKED
    ]


async def test_each_payment_of_a_batch_goes_to_its_bill(store: Store) -> None:
    bills = [await add_bill(store, number) for number in range(3)]
    batch = Entry(
        "135.00",
        "EUR",
        ref="A",
        announced="3",
        details=[Detail("45.00", "EUR", structured=(each,)) for each in bills],
    )

    imported = await take(store, bank_file(batch))

    assert [(row.entry, row.tx) for row in imported.rows] == [(1, 1), (1, 2), (1, 3)]
    for bill in bills:
        assert len(await payments(store, bill)) == 1


async def test_the_role_can_not_rewrite_what_a_bank_said(store: Store) -> None:
    await take(store, bank_file(credit("45.00", ref="A")))
    connection = await store.connect()
    try:
        for statement in (
            "UPDATE bank_credit SET amount_minor = 1",
            "DELETE FROM bank_mark",
        ):
            with pytest.raises(Exception, match="permission denied"):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_wrong_encodings_and_wrong_files_are_refused(store: Store) -> None:
    latin = bank_file(credit("45.00", text="M\u00fcller", ref="A"))
    for data in (
        latin.decode().encode("latin-1"),
        b"",
        b"PK\x03\x04not a file",
        b"<Document/>",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Document>&b;</Document>',
    ):
        with pytest.raises(BankFileRefused):
            await take(store, data)
    assert await run(store, "SELECT FROM bank_file") == []
