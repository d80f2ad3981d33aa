"""A till whose clock shows the year 9999, or 1: it is flagged, and breaks no reader."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import pytest

from contract.closing import orders_digest
from contract.ids import new_uuid7
from contract.messages import (
    AdviceBatch,
    AdviceFlag,
    AdviceRecorded,
    Closing,
    ClosingFlag,
    ClosingRecorded,
    FromTill,
    TseNotes,
    TseNotesRecorded,
    TseOutage,
    decode_from_till,
    encode,
)
from contract.order import Outcome, encode_order, order_digest
from contract.receipt import Receipt
from hub.core.closing_comparison import FindingCode
from hub.service.closing_reports import ClosingReports
from hub.service.dsfinvk import Period, export
from hub.service.receipts import Receipts
from hub.service.statistics import Wanted, count
from hub.service.verification import verify
from hub.web.formats import Formats
from hub.web.receipt_view import view_receipt
from hub.web.texts import Language, texts
from tests.contract.test_fields import ABSURD, absurd
from tests.hub import samples
from tests.hub.acts import shift_end, shift_start
from tests.hub.people import advise, hire
from tests.hub.service.test_closings import SOLD, VOID, Z, message, report_of

if TYPE_CHECKING:
    from pathlib import Path

    from contract.order import Order
    from tests.hub.hubs import Parts

NUMBER = samples.EVENT.number
ENGLISH = texts(Language.EN)
ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "Pacific/Apia", "Etc/GMT+12")]
WHENEVER = pytest.mark.parametrize("when", ABSURD)


async def deliver(parts: Parts, order: Order, when: str) -> tuple[AdviceFlag, ...]:
    """Report an order in which every time is this one."""
    outcome = Outcome.COMPLETED if order.attempt else Outcome.ABORTED
    advice = msgspec.json.encode(samples.advice(order, outcome, None))
    batch = AdviceBatch(id=new_uuid7(), advices=(msgspec.Raw(absurd(advice, when)),))
    (answer,) = await parts.orders.advise(batch, order.till)
    assert isinstance(answer, AdviceRecorded), answer
    return answer.recorded[0].flags


def heard(said: FromTill, when: str) -> FromTill:
    """Read a message in which every time is this one."""
    return decode_from_till(absurd(encode(said), when))


async def close(parts: Parts, when: str) -> ClosingRecorded:
    """Sell and close, all of it at this time."""
    for each in (*SOLD, VOID):
        assert await deliver(parts, each, when) == (AdviceFlag.TILL_CLOCK_OFF,)
    orders = sorted((*SOLD, VOID), key=lambda each: each.sequence)
    bodies = [absurd(encode_order(each), when) for each in orders]
    report = report_of(parts, digest=orders_digest(map(order_digest, bodies)))
    said = heard(message(report), when)
    assert isinstance(said, Closing)
    answer = await parts.closings.close(said, samples.TILL)
    assert isinstance(answer, ClosingRecorded), answer
    return answer


@WHENEVER
async def test_what_was_sold_is_booked_flagged_and_read_by_everybody(
    parts: Parts, tmp_path: Path, when: str
) -> None:
    answer = await close(parts, when)
    assert answer.flags == (ClosingFlag.UNSIGNED, ClosingFlag.TILL_CLOCK_OFF)

    receipt = await Receipts(parts.store, parts.context).receipt(SOLD[0].id)
    assert isinstance(receipt, Receipt)
    for zone in ZONES:
        assert (await count(parts.store, NUMBER, Wanted(zone))).all_sold.total_minor
        view_receipt(receipt, ENGLISH, Formats(ENGLISH.numbers, zone))
    compared = await ClosingReports(parts.store, parts.context).compared(
        samples.TILL, Z
    )
    assert compared is not None
    assert FindingCode.CLOCK_OFF in {each.code for each in compared.findings}
    exported = await export(
        parts.store, parts.context.current, Period(), tmp_path / "export.zip"
    )
    assert exported.orders == len(SOLD) + 1
    found = await verify(parts.store, NUMBER, parts.context.current.incarnation)
    assert found.ok, found.findings


@WHENEVER
async def test_a_close_out_at_such_a_time_is_booked_too(
    parts: Parts, when: str
) -> None:
    await hire(parts)
    await advise(parts, shift_start(15_000, "ann"))
    flags = await deliver(parts, shift_end(15_000, 15_000, "ann"), when)
    assert AdviceFlag.TILL_CLOCK_OFF in flags


@WHENEVER
async def test_an_outage_of_such_a_time_is_noted(parts: Parts, when: str) -> None:
    outage = TseOutage(
        id=new_uuid7(), since=samples.NOW, until=samples.NOW, reason="silent"
    )
    said = heard(TseNotes(id=new_uuid7(), outages=(outage,)), when)
    assert isinstance(said, TseNotes)
    answer = await parts.tse_news.noted(said, samples.TILL)
    assert isinstance(answer, TseNotesRecorded)
