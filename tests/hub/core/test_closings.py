from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contract.closing import (
    PROCESS_TYPE,
    ClosingReport,
    closing_process_data,
    encode_closing,
    orders_digest,
)
from contract.fiscal import Signature
from contract.messages import ClosingFlag, SequenceSpan
from contract.money import Currency
from contract.order import CashMove, Order, OrderKind, encode_order, order_digest
from hub.core import closings
from hub.core.closings import Ended
from tests.hub import samples
from tests.hub.acts import cash, register, shift_end, shift_start
from tests.hub.samples import order


def ended(about: Order, counters: tuple[int, int] | None, *, completed: bool) -> Ended:
    digest = order_digest(encode_order(about))
    return Ended(about, digest, completed, counters)


ORDERS = (
    ended(order(450, 5), (11, 12), completed=True),
    ended(order(300, 5), (13, 14), completed=True),
    ended(order(200, attempt=0), (15, 16), completed=False),
    ended(order(220), (17, 18), completed=True),
)
REPORT = ClosingReport(
    event=samples.EVENT.slug,
    till=samples.TILL,
    z_number=3,
    currency=Currency.EUR,
    opened_at=samples.NOW,
    closed_at=samples.NOW,
    span=SequenceSpan(first=21, last=24),
    completed=3,
    aborted=1,
    totals=closings.totals(each.order for each in ORDERS if each.completed),
    taxes=closings.taxes(each.order for each in ORDERS if each.completed),
    digest=orders_digest(each.digest for each in ORDERS),
    counters=SequenceSpan(first=11, last=18),
)


def flags(
    report: ClosingReport, orders: tuple[Ended, ...] = ORDERS
) -> set[ClosingFlag]:
    found = closings.flags(
        report, orders, signed=True, signature_fits=True, chain_fits=True
    )
    return set(found)


def test_a_closing_that_agrees_has_no_flag() -> None:
    assert flags(REPORT) == set()
    assert [(each.orders, each.total_minor) for each in REPORT.totals] == [
        (1, 220),
        (2, 750),
    ]
    [tax] = REPORT.taxes
    assert tax.gross_minor == 970 == tax.net_minor + tax.tax_minor


def test_what_was_practiced_is_counted_apart() -> None:
    practice = msgspec.structs.replace(order(999, 5), training=True)
    orders = (
        *ORDERS,
        ended(practice, (19, 20), completed=True),
        ended(practice, (21, 22), completed=False),
    )
    report = msgspec.structs.replace(
        REPORT,
        trained=2,
        span=SequenceSpan(first=21, last=26),
        counters=SequenceSpan(first=11, last=22),
        digest=orders_digest(each.digest for each in orders),
    )
    assert flags(report, orders) == set()
    counted = msgspec.structs.replace(report, trained=0, completed=4, aborted=2)
    assert flags(counted, orders) == {ClosingFlag.TOTALS_DIFFER}


DIFFERENT: dict[str, tuple[dict[str, Any], ClosingFlag]] = {
    "one more completed": ({"completed": 4}, ClosingFlag.TOTALS_DIFFER),
    "one less aborted": ({"aborted": 0}, ClosingFlag.TOTALS_DIFFER),
    "no totals": ({"totals": ()}, ClosingFlag.TOTALS_DIFFER),
    "no taxes": ({"taxes": ()}, ClosingFlag.TOTALS_DIFFER),
    "another digest": ({"digest": "00" * 32}, ClosingFlag.DIGEST_DIFFERS),
    "more counters": (
        {"counters": SequenceSpan(first=11, last=20)},
        ClosingFlag.COUNTERS_HAVE_GAPS,
    ),
    "fewer counters": (
        {"counters": SequenceSpan(first=12, last=18)},
        ClosingFlag.COUNTERS_HAVE_GAPS,
    ),
    "no counters": ({"counters": None}, ClosingFlag.COUNTERS_HAVE_GAPS),
    "absurd counters": (
        {"counters": SequenceSpan(first=0, last=2**53)},
        ClosingFlag.COUNTERS_HAVE_GAPS,
    ),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_does_not_agree_is_flagged(name: str) -> None:
    changes, flag = DIFFERENT[name]
    report: ClosingReport = msgspec.structs.replace(REPORT, **changes)

    assert flags(report) == {flag}


def test_an_order_without_a_signature_leaves_no_gap() -> None:
    without = (*ORDERS[:3], ended(ORDERS[3].order, None, completed=True))
    report = msgspec.structs.replace(REPORT, counters=SequenceSpan(first=11, last=16))

    assert flags(report, without) == set()


def test_chain_and_signature_are_flagged() -> None:
    found = closings.flags(
        REPORT, ORDERS, signed=False, signature_fits=False, chain_fits=False
    )
    assert set(found) == {ClosingFlag.CHAIN_DIFFERS, ClosingFlag.UNSIGNED}

    found = closings.flags(
        REPORT, ORDERS, signed=True, signature_fits=False, chain_fits=True
    )
    assert found == (ClosingFlag.BAD_SIGNATURE,)


MISSING: dict[str, tuple[list[int], list[tuple[int, int]]]] = {
    "none": ([3, 4, 5, 6], []),
    "all": ([], [(3, 6)]),
    "the first": ([4, 5, 6], [(3, 3)]),
    "the last two": ([3, 4], [(5, 6)]),
    "here and there": ([4, 6], [(3, 3), (5, 5)]),
    "one came twice": ([3, 3, 4, 5, 6, 6], []),
}


@pytest.mark.parametrize("name", MISSING)
def test_missing_orders_are_named(name: str) -> None:
    known, spans = MISSING[name]

    found = closings.missing(SequenceSpan(first=3, last=6), known)

    assert [(span.first, span.last) for span in found] == spans


def test_the_text_signed_is_that_of_the_report() -> None:
    data = encode_closing(REPORT)
    signature = Signature(
        client=samples.TILL,
        number=1,
        start_counter=1,
        counter=2,
        started_at=samples.NOW,
        finished_at=samples.NOW,
        process_type=PROCESS_TYPE,
        process_data=closing_process_data(data),
        algorithm="ecdsa-plain-SHA384",
        time_format="unixTime",
        value=b"",
        public_key=b"",
        tse_serial="00" * 32,
    )

    assert closings.fits(signature, REPORT, data)
    assert not closings.fits(signature, REPORT, data + b" ")
    other = msgspec.structs.replace(signature, client="bar-9")
    assert not closings.fits(other, REPORT, data)
    theirs = msgspec.structs.replace(REPORT, tse_serial="11" * 32)
    assert not closings.fits(signature, theirs, encode_closing(theirs))


START = shift_start(15_000, "ann")
END = shift_end(15_000, 15_000, "ann")
HANDED_OVER = cash(
    OrderKind.CASH_TRANSFER,
    CashMove(source=register(), target=register(), holder="dora"),
)
SALE = order(450)


@pytest.mark.parametrize(
    ("orders", "second"),
    [
        ((SALE, START, SALE, END), None),
        ((START, END, SALE), None),  # nobody's: the register is counted
        ((START, SALE, HANDED_OVER), None),
        ((END, SALE), None),
        ((START, END, START), 3),
        ((START, SALE, START), 3),
        ((END, START, SALE), 2),
        ((START, HANDED_OVER, SALE), 3),
    ],
)
def test_a_z_number_that_holds_two_shifts_is_flagged(
    orders: tuple[Order, ...], second: int | None
) -> None:
    numbered = [
        ended(msgspec.structs.replace(each, sequence=number), None, completed=True)
        for number, each in enumerate(orders, start=1)
    ]
    assert closings.second_shift(reversed(numbered)) == second
    found = ClosingFlag.TWO_SHIFTS in flags(REPORT, tuple(numbered))
    assert found is (second is not None)


def test_what_was_aborted_begins_no_shift() -> None:
    orders = (ended(END, None, completed=True), ended(START, None, completed=False))
    assert closings.second_shift(orders) is None
