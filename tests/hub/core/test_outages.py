"""A till that sells alone: how long, how much; flagged beyond the limits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from contract.ids import TillId
from contract.messages import AdviceFlag, StandInLimits
from contract.order import Path
from hub.core import outages
from hub.core.outages import Outages
from tests.hub.samples import NOW, TILL, advice, order

if TYPE_CHECKING:
    import pytest

    from contract.order import Order

LIMITS = StandInLimits(allowance_minor=2000, till_total_minor=2500, outage_age_s=3600)
BACK = NOW + timedelta(hours=9)
"""When the hub hears of it all."""


def said(
    book: Outages,
    minute: float,
    sale: Order,
    *,
    received_at: datetime = BACK,
    path: Path = Path.STAND_IN,
) -> tuple[AdviceFlag, ...]:
    """What is said of a sale that the till decided about so many minutes after NOW."""
    decided_at = NOW + timedelta(minutes=minute)
    words = msgspec.structs.replace(advice(sale, path=path), decided_at=decided_at)
    return book.flags(words, sale, received_at, LIMITS)


def test_a_till_may_stand_in_for_so_much_on_all_wristbands_together() -> None:
    book = Outages()

    assert said(book, 1, order(1500, 7)) == ()
    assert said(book, 2, order(1000, 8)) == ()
    assert said(book, 3, order(1, 9)) == (AdviceFlag.EXCEEDS_TILL_TOTAL,)
    other = order(2500, 9, till=TillId("bar-2"))
    assert said(book, 3, other) == ()


def test_a_till_may_stand_in_for_so_long() -> None:
    book = Outages()

    assert said(book, 1, order(10, 7)) == ()
    assert said(book, 61, order(10, 7)) == ()
    assert said(book, 62, order(10, 7)) == (AdviceFlag.OUTAGE_TOO_LONG,)


def test_what_the_hub_had_received_before_is_of_another_outage() -> None:
    book = Outages()
    said(book, 1, order(2500, 7), received_at=NOW + timedelta(minutes=5))

    assert said(book, 8, order(2500, 7)) == ()
    assert said(book, 70, order(0, 7)) == (AdviceFlag.OUTAGE_TOO_LONG,)


def test_the_hubs_answer_ends_an_outage() -> None:
    book = Outages()
    said(book, 1, order(2500, 7))
    said(book, 30, order(100, 7), path=Path.ONLINE)

    assert said(book, 90, order(2500, 7)) == ()


def test_an_advice_said_again_counts_once() -> None:
    book = Outages()
    sale = order(2000, 7)

    for _ in range(3):
        assert said(book, 1, sale) == ()


def test_what_the_ledger_did_not_take_is_received_when_it_is_said_again() -> None:
    book = Outages()
    sale = order(2000, 7)
    soon = NOW + timedelta(minutes=5)

    assert said(book, 1, sale, received_at=soon) == ()
    book.failed(sale)
    assert said(book, 1, sale) == ()
    book.recorded(sale)
    assert said(book, 30, order(600, 8)) == (AdviceFlag.EXCEEDS_TILL_TOTAL,)


def test_what_the_ledger_never_takes_does_not_count() -> None:
    book = Outages()
    poison = order(2500, 7)

    assert said(book, 1, poison) == ()
    book.failed(poison)
    assert said(book, 2, order(2500, 8)) == ()


def test_what_the_ledger_has_counts_whatever_fails_later() -> None:
    book = Outages()
    sale = order(2500, 7)
    said(book, 1, sale)
    book.recorded(sale)

    said(book, 1, sale)
    book.failed(sale)
    assert said(book, 2, order(1, 8)) == (AdviceFlag.EXCEEDS_TILL_TOTAL,)


def test_cash_is_no_matter_of_stand_in() -> None:
    book = Outages()

    assert said(book, 1, order(9000)) == ()
    assert said(book, 1, order(2500, 7)) == ()


def test_it_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "ORDERS_MAX", 5)
    book = Outages()
    for _ in range(20):
        said(book, 1, order(1, 7))

    assert book._outages[TILL].total_minor == len(book._outages[TILL].sold) == 5
