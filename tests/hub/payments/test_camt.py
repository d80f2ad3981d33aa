from __future__ import annotations

import io
import tracemalloc
from datetime import date

import pytest

from contract.bill_reference import creditor_reference, make_reference
from hub.core.bills.credits import Direction
from hub.payments import camt
from hub.payments.camt import Item, Report, read
from hub.payments.errors import BankFileRefused
from tests.hub.payments.bank_files import IBAN, Detail, Entry
from tests.hub.payments.bank_files import camt as file

REFERENCE = make_reference(123456789012345678901, "21000")
ONE = Entry(details=[Detail(structured=(REFERENCE,), ref="T1")])


def taken(data: bytes) -> list[Item]:
    return list(read(io.BytesIO(data)))


@pytest.mark.parametrize("kind", ["053", "054"])
@pytest.mark.parametrize("version", ["02", "04", "06", "08"])
@pytest.mark.parametrize("prefix", ["", "ns0:"])
def test_every_kind_and_version_says_the_same(
    kind: str, version: str, prefix: str
) -> None:
    (item,) = taken(file(ONE, kind=kind, version=version, prefix=prefix))
    credit = item.credit

    assert item.report == Report(
        kind=kind, version=version, message_id="M1", report_id="R1", account=IBAN
    )
    assert (credit.amount_minor, credit.currency) == (4500, "CHF")
    assert credit.direction is Direction.CREDIT
    assert credit.is_booked
    assert credit.flaw is None
    assert credit.booked_on == date(2026, 5, 3)
    assert credit.value_on == date(2026, 5, 4)
    assert (credit.entry_ref, credit.bank_ref) == ("E1", "T1")
    assert credit.end_to_end_id == ""
    assert credit.payer_name == "Pia Muster"
    assert [each.names(REFERENCE) for each in credit.mentions] == [True]


def test_a_file_without_namespace_is_read_too() -> None:
    (item,) = taken(file(ONE, prefix=None))

    assert item.credit.amount_minor == 4500


def test_each_payment_of_a_batch_stands_for_itself() -> None:
    batch = Entry(
        amount="75.50",
        announced="2",
        details=[
            Detail("45.00", structured=(REFERENCE,)),
            Detail("30.50", text=("Startgeld", creditor_reference(REFERENCE))),
        ],
    )
    first, second = (item.credit for item in taken(file(batch)))

    assert (first.entry, first.part, first.amount_minor) == (1, 1, 4500)
    assert (second.entry, second.part, second.amount_minor) == (1, 2, 3050)
    assert second.mentions[0].names(REFERENCE)
    assert first.flaw is None


@pytest.mark.parametrize(
    ("entry", "flaw"),
    [
        (Entry("75.51", details=[Detail("45.00"), Detail("30.50")]), "add up"),
        (Entry("45.00", details=[Detail("44.00")]), "add up"),
        (Entry("45.00", announced="3", details=[Detail()]), "announces 3"),
        (
            Entry("90", details=[Detail("45", "EUR"), Detail("45", "EUR")]),
            "another currency",
        ),
        (Entry("90", details=[Detail("90"), Detail(None)]), "amount of its own"),
        (Entry(direction="XXXX"), "credit or a debit"),
        (Entry(direction=""), "credit or a debit"),
        (Entry(details=[Detail(more="<CdtDbtInd>DBIT</CdtDbtInd>")]), "not clear"),
        (Entry("45,00"), "can't be read"),
        (Entry("1.234,50"), "can't be read"),
        (Entry("45.001"), "whole number of cents"),
        (Entry("45.0001"), "whole number of cents"),
        (Entry("-45"), "can't be read"),
        (Entry("1e3"), "can't be read"),
        (Entry(""), "can't be read"),
        (Entry(currency="chf"), "currency"),
        (Entry(status="MAYBE"), "status is 'MAYBE'"),
        (Entry(status=""), "status is ''"),
        (Entry(value_on="<Dt>2026-13-04</Dt>"), "date"),
    ],
)
def test_what_makes_no_sense_is_handed_over_with_its_flaw(
    entry: Entry, flaw: str
) -> None:
    flaws = [item.credit.flaw for item in taken(file(entry))]

    assert flaws
    assert any(each is not None and flaw in each for each in flaws), flaws


@pytest.mark.parametrize("amount", ["45.0000", "45.00000", "45"])
def test_zeros_beyond_the_cents_change_no_amount(amount: str) -> None:
    (item,) = taken(file(Entry(amount)))

    assert (item.credit.amount_minor, item.credit.flaw) == (4500, None)


def test_what_is_included_from_outside_stays_there() -> None:
    include = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" '
        'href="file:///etc/hostname"/>'
    )
    entry = Entry(details=[Detail(text=(include,), payer=include)])
    (item,) = taken(file(entry))

    assert item.credit.payer_name == ""


def test_a_batch_without_its_details_is_a_sum() -> None:
    (total,) = (item.credit for item in taken(file(Entry("90", announced="2"))))
    (single,) = (item.credit for item in taken(file(Entry("90"))))

    assert (total.is_sum, total.amount_minor) == (True, 9000)
    assert not single.is_sum


def test_an_exchanged_or_empty_amount_is_that_on_the_account() -> None:
    exchanged = Entry("45.00", details=[Detail("49.10", "EUR")])
    empty = Entry("45.00", details=[Detail("0", "CHF")])

    for entry in (exchanged, empty):
        (item,) = taken(file(entry))
        assert (item.credit.amount_minor, item.credit.currency) == (4500, "CHF")
        assert item.credit.flaw is None


@pytest.mark.parametrize("included", ["false", "true"])
def test_charges_are_told_apart_from_the_gross_amount(included: str) -> None:
    charges = (
        '<Chrgs><TtlChrgsAndTaxAmt Ccy="CHF">0.90</TtlChrgsAndTaxAmt>'
        f"<Rcrd><ChrgInclInd>{included}</ChrgInclInd></Rcrd></Chrgs>"
    )
    net = "44.10" if included == "true" else "45.00"
    (item,) = taken(file(Entry(net, details=[Detail("45.00", more=charges)])))

    assert item.credit.flaw is None
    assert (item.credit.amount_minor, item.credit.charges_minor) == (4500, 90)
    assert item.credit.charges_included is (included == "true")


def test_reversals_returns_debits_and_announcements_are_told() -> None:
    entries = [
        Entry(reversal="true"),
        Entry(details=[Detail(more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")]),
        Entry(direction="DBIT"),
        Entry(status="PDNG"),
        Entry(value_on="<DtTm>2026-05-05T10:00:00+02:00</DtTm>"),
        Entry(value_on=""),
    ]
    reversal, returned, debit, pending, timed, undated = (
        item.credit for item in taken(file(*entries))
    )

    assert reversal.is_reversal
    assert returned.is_reversal
    assert debit.direction is Direction.DEBIT
    assert not pending.is_booked
    assert timed.value_on == date(2026, 5, 5)
    assert undated.value_on is None


def test_a_copy_is_marked_and_files_are_told_apart() -> None:
    (item,) = taken(file(ONE, head="<CpyDplctInd>DUPL</CpyDplctInd>"))

    assert item.report.is_copy
    assert item.report.identity == f"054|{IBAN}|M1|R1"


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa">'
    b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Document>&b;</Document>'
)
LAUGHS = (
    '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE Document [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    + "]><Document>&a9;</Document>"
).encode()
"""A billion laughs, if anybody counted them."""

ELSEWHERE = b'<!DOCTYPE Document SYSTEM "http://evil.example/camt.dtd"><Document/>'
PARAMETER = (
    b'<!DOCTYPE Document [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><Document/>'
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY x SYSTEM '
    b'"file:///etc/hostname">]><Document>&x;</Document>'
)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (BOMB, "document type"),
        (LAUGHS, "document type"),
        (
            LAUGHS.replace(b"UTF-8", b"UTF-16").decode().encode("utf-16"),
            "document type",
        ),
        (OUTSIDE, "document type"),
        (ELSEWHERE, "document type"),
        (PARAMETER, "document type"),
        (file(ONE).replace(b"Pia", b"&x;"), "no whole XML"),
        (b"", "no whole XML"),
        (b"account;amount\n1;2\n", "no whole XML"),
        (file(ONE)[:-20], "no whole XML"),
        (file(ONE).replace(b"Pia", b"Pi\xe4"), "no whole XML"),
        (file(ONE).replace(b"UTF-8", b"klingon"), "encoding|no whole XML"),
        (b"<Document/>", "no statement"),
        (b"<html><body/></html>", "no bank statement"),
        (b"<Document><FIToFICstmrCdtTrf/></Document>", "no camt.053"),
        (file(ONE).replace(b"camt.054", b"pain.001"), "no camt.053"),
        (file(ONE, version="13"), "version 13"),
        (file(ONE, about="<AddtlInf>SPS/1.7/TEST</AddtlInf>"), "TEST"),
        (file(ONE, foot="<AddtlNtfctnInf>test</AddtlNtfctnInf>"), "TEST"),
        (file(ONE).replace(IBAN.encode(), b""), "which account"),
        (file(ONE, head="<a>" * 50 + "</a>" * 50), "nested"),
        (file(ONE, head=f"<Id>{'x' * 20_000}</Id>"), "too long"),
    ],
)
def test_what_is_no_bank_file_is_refused_with_a_reason(data: bytes, told: str) -> None:
    with pytest.raises(BankFileRefused, match=told):
        taken(data)


def test_a_file_in_latin_1_that_says_so_is_read() -> None:
    data = file(Entry(details=[Detail(payer="Pia Müller")])).decode()
    latin = data.replace("UTF-8", "ISO-8859-1").encode("latin-1")

    (item,) = taken(latin)

    assert item.credit.payer_name == "Pia Müller"


def test_a_file_above_the_limit_is_refused_before_it_is_all_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camt, "FILE_BYTES_MAX", 100_000)
    source = io.BytesIO(file(*[ONE] * 400))

    with pytest.raises(BankFileRefused, match="larger than"):
        list(read(source))
    assert source.tell() < 200_000


def test_ten_times_the_entries_need_no_more_memory() -> None:
    def peak(entries: int) -> int:
        data = file(*[ONE] * entries)
        tracemalloc.start()
        count = sum(1 for _ in read(io.BytesIO(data)))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == entries
        return most

    assert peak(600) < peak(60) + 2**18
