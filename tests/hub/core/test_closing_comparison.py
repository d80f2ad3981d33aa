from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from contract.closing import ClosingReport, orders_digest
from contract.fiscal import Outage, Signature
from contract.messages import SequenceSpan
from contract.money import Money
from contract.sheet_words import SheetLanguage
from hub.core import closings
from hub.core.closing_comparison import (
    ClosingFacts,
    Finding,
    FindingCode,
    OtherClosing,
    Witness,
    compare,
)
from hub.core.closing_sentences import sentence
from hub.core.closings import Ended
from hub.core.tse_log import FISCAL_STEP, LoggedSpan
from tests.contract.samples import SIGNATURE
from tests.hub import samples
from tests.hub.core.test_closings import REPORT, ended
from tests.hub.samples import order

SERIAL = "aa" * 32


def signed(number: int, start: int, end: int, serial: str = SERIAL) -> Signature:
    return msgspec.structs.replace(
        SIGNATURE,
        client=samples.TILL,
        number=number,
        start_counter=start,
        counter=end,
        tse_serial=serial,
    )


def witness(sequence: int, number: int, *, completed: bool = True) -> Witness:
    """Order 21 is fiscal transaction 5, signed as 11 and 12, and so on."""
    start = 2 * number + 1
    made = order(100 * number, attempt=1 if completed else 0)
    made = msgspec.structs.replace(made, sequence=sequence, z_number=3)
    about = ended(made, (start, start + 1), completed=completed)
    return Witness(about, signed(number, start, start + 1))


ORDERS = (
    witness(21, 5),
    witness(22, 6),
    witness(23, 7, completed=False),
    witness(24, 8),
)


def report_of(orders: tuple[Witness, ...], **changes: Any) -> ClosingReport:
    completed = [each.ended.order for each in orders if each.ended.completed]
    counters = [n for each in orders for n in each.ended.counters or ()]
    report = msgspec.structs.replace(
        REPORT,
        completed=len(completed),
        aborted=len(orders) - len(completed),
        totals=closings.totals(completed),
        taxes=closings.taxes(completed),
        digest=orders_digest(each.ended.digest for each in orders),
        tse_serial=SERIAL,
        counters=SequenceSpan(first=min(counters), last=max(counters)),
    )
    return msgspec.structs.replace(report, **changes)


BEFORE = OtherClosing(2, 20, signed(4, 9, 10))
FACTS = ClosingFacts(
    report=report_of(ORDERS),
    orders=ORDERS,
    signature=signed(9, 19, 20),
    others=(BEFORE, OtherClosing(1, 10, signed(2, 3, 4))),
)


def codes(facts: ClosingFacts) -> list[FindingCode]:
    return [each.code for each in compare(facts)]


def only(facts: ClosingFacts) -> Finding:
    (found,) = compare(facts)
    return found


def test_a_closing_that_agrees_has_no_findings() -> None:
    assert compare(FACTS) == ()


def test_a_missing_z_number_is_named() -> None:
    found = only(replace(FACTS, others=FACTS.others[1:]))
    assert sentence(found).startswith("Z 2 of this till: not recorded.")
    assert codes(replace(FACTS, others=())) == [FindingCode.Z_MISSING]


def test_orders_between_two_closings_are_named() -> None:
    before = OtherClosing(2, 18, BEFORE.signature)
    found = only(replace(FACTS, others=(before,)))
    assert sentence(found).startswith("Order no. 19 to 20: in no closing")


def test_a_missing_order_is_named_with_what_it_changes() -> None:
    left = (ORDERS[0], *ORDERS[2:])
    found = compare(replace(FACTS, orders=left))
    assert [each.code for each in found] == [
        FindingCode.ORDERS_MISSING,
        FindingCode.COUNT_DIFFERS,
        FindingCode.TOTAL_DIFFERS,
        FindingCode.TAX_DIFFERS,
        FindingCode.DIGEST_DIFFERS,
        FindingCode.NUMBERS_MISSING,
        FindingCode.COUNTERS_MISSING,
    ]
    assert sentence(found[0]).startswith("Order no. 22: not in the ledger.")
    assert sentence(found[1]) == "The till counts 3 orders (completed), the ledger 2."
    assert sentence(found[2]) == (
        "Sale, cash: the till says 3 orders for 19.00 EUR, the ledger 2 for 13.00 EUR."
    )


def test_what_the_till_says_too_much_is_named() -> None:
    total = msgspec.structs.replace(FACTS.report.totals[0], total_minor=9_999)
    found = only(replace(FACTS, report=report_of(ORDERS, totals=(total,))))
    assert found.values["said"] == Money(9_999)
    assert found.values["found"] == Money(1_900)
    assert "99,99 EUR" in sentence(found, SheetLanguage.DE)


def test_signatures_that_are_no_order_s_are_a_note() -> None:
    """A TSE signs, too, when its time is set."""
    late = replace(
        ORDERS[3],
        ended=replace(ORDERS[3].ended, counters=(19, 20)),
        signature=signed(8, 19, 20),
    )
    orders = (*ORDERS[:3], late)
    found = only(replace(FACTS, report=report_of(orders), orders=orders))
    assert found.code is FindingCode.COUNTERS_MISSING
    assert not found.is_alarm
    assert sentence(found).startswith("Signature 17 to 18: no order's")


def test_the_tse_s_archive_says_what_its_signatures_were() -> None:
    late = replace(
        ORDERS[3],
        ended=replace(ORDERS[3].ended, counters=(25, 26)),
        signature=signed(8, 25, 26),
    )
    orders = (*ORDERS[:3], late)
    log = (
        LoggedSpan(1, 16, FISCAL_STEP),
        LoggedSpan(17, 18, "updateTime"),
        LoggedSpan(19, 19, "selfTest"),
        LoggedSpan(22, 23, FISCAL_STEP),
    )
    facts = replace(FACTS, report=report_of(orders), orders=orders, log=log)
    found = compare(facts)
    assert not any(each.is_alarm for each in found)
    assert [
        (each.code, each.values["first"], each.values["last"]) for each in found
    ] == [
        (FindingCode.COUNTERS_EXPLAINED, 17, 19),
        (FindingCode.COUNTERS_MISSING, 20, 21),
        (FindingCode.COUNTERS_EXPLAINED, 22, 23),
        (FindingCode.COUNTERS_MISSING, 24, 24),
    ]
    assert sentence(found[0]).endswith("they were: updateTime (2), selfTest (1).")
    assert "Laut Archiv der TSE" in sentence(found[0], SheetLanguage.DE)


def test_a_fiscal_transaction_of_nobody_is_an_alarm() -> None:
    late = replace(
        ORDERS[3],
        ended=replace(ORDERS[3].ended, counters=(19, 20)),
        signature=signed(9, 19, 20),
    )
    orders = (*ORDERS[:3], late)
    facts = replace(FACTS, report=report_of(orders), orders=orders)
    assert codes(facts) == [FindingCode.NUMBERS_MISSING, FindingCode.COUNTERS_MISSING]
    assert compare(facts)[0].is_alarm


def test_between_two_closings_nothing_may_be_missing_either() -> None:
    earlier = OtherClosing(2, 20, signed(2, 5, 6))
    found = codes(replace(FACTS, others=(earlier,)))
    assert found == [FindingCode.NUMBERS_MISSING, FindingCode.COUNTERS_MISSING]


def test_a_closing_signed_while_the_next_order_was_open_leaves_no_gap() -> None:
    orders = (
        ORDERS[0],
        replace(
            ORDERS[1],
            ended=replace(ORDERS[1].ended, counters=(13, 16)),
            signature=signed(6, 13, 16),
        ),
        replace(
            ORDERS[2],
            ended=replace(ORDERS[2].ended, counters=(17, 18)),
            signature=signed(8, 17, 18),
        ),
    )
    report = report_of(orders, span=SequenceSpan(first=21, last=23))
    before = OtherClosing(2, 20, signed(7, 14, 15))
    facts = replace(FACTS, report=report, orders=orders, others=(before,))
    assert compare(facts) == ()


def test_an_order_of_an_outage_counts_its_transaction_and_is_told() -> None:
    silent = Witness(
        replace(ORDERS[1].ended, counters=None),
        outage=Outage(since=samples.NOW, reason="silent", number=6),
    )
    orders = (ORDERS[0], silent, *ORDERS[2:])
    found = compare(replace(FACTS, report=report_of(orders), orders=orders))
    assert [each.code for each in found] == [
        FindingCode.COUNTERS_MISSING,
        FindingCode.OUTAGES,
    ]
    assert not any(each.is_alarm for each in found)
    assert "Beleg Nr. 22: ohne Signatur" in sentence(found[1], SheetLanguage.DE)


def test_another_tse_is_named() -> None:
    foreign = replace(ORDERS[3], signature=signed(1, 1, 2, "bb" * 32))
    facts = replace(FACTS, orders=(*ORDERS[:3], foreign))
    assert FindingCode.OTHER_TSE in codes(facts)


def test_one_signature_for_two_orders_is_named() -> None:
    twin = replace(ORDERS[1], signature=ORDERS[0].signature)
    facts = replace(FACTS, orders=(ORDERS[0], twin, *ORDERS[2:]))
    assert FindingCode.TWICE in codes(facts)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": None}, FindingCode.UNSIGNED),
        ({"signature_fits": False}, FindingCode.BAD_SIGNATURE),
        ({"chain_fits": False}, FindingCode.CHAIN_DIFFERS),
        ({"late": (30, 31)}, FindingCode.LATE),
        (
            {"report": report_of(ORDERS, digest="00" * 32)},
            FindingCode.DIGEST_DIFFERS,
        ),
        (
            {"report": report_of(ORDERS, counters=None)},
            FindingCode.COUNTERS_DIFFER,
        ),
        ({"report": report_of(ORDERS, trained=1)}, FindingCode.COUNT_DIFFERS),
    ],
)
def test_everything_else_is_named(changes: dict[str, Any], code: FindingCode) -> None:
    assert only(replace(FACTS, **changes)).code is code


def test_what_is_in_quarantine_is_named() -> None:
    held = replace(ORDERS[3], ended=replace(ORDERS[3].ended, is_held=True))
    found = only(replace(FACTS, orders=(*ORDERS[:3], held)))
    assert sentence(found) == "Order no. 24: in quarantine, to be decided on."


def test_absurd_numbers_take_no_time() -> None:
    far = witness(24, 2**40)
    orders = (*ORDERS[:3], far)
    found = codes(replace(FACTS, report=report_of(orders), orders=orders))
    assert FindingCode.NUMBERS_MISSING in found


def test_an_ended_order_has_what_it_needs() -> None:
    assert isinstance(ORDERS[0].ended, Ended)
