from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import SequenceSpan
from hub.core.closing_comparison import FindingCode
from hub.service.closing_reports import ClosingReports
from tests.hub import samples
from tests.hub.service.test_closings import (
    SOLD,
    VOID,
    Z,
    deliver,
    message,
    numbered,
    report_of,
)

if TYPE_CHECKING:
    from tests.hub.hubs import Parts


async def closed(parts: Parts, **changes: object) -> ClosingReports:
    await deliver(parts, *SOLD, VOID)
    await parts.closings.close(message(report_of(parts, **changes)), samples.TILL)
    return ClosingReports(parts.store, parts.context)


async def test_a_closing_is_compared_with_the_ledger(parts: Parts) -> None:
    reports = await closed(parts)
    found = await reports.compared(samples.TILL, Z)
    assert found is not None
    assert {each.code for each in found.findings} == {
        FindingCode.Z_MISSING,  # the first two were never sent
        FindingCode.UNSIGNED,
        FindingCode.OUTAGES,
    }
    assert not found.agrees


async def test_what_the_till_says_otherwise_is_found(parts: Parts) -> None:
    reports = await closed(parts, completed=4, aborted=0)
    found = await reports.compared(samples.TILL, Z)
    assert found is not None
    differ = [e for e in found.findings if e.code is FindingCode.COUNT_DIFFERS]
    assert [each.values["what"] for each in differ] == ["completed", "aborted"]


async def test_an_order_after_its_closing_is_found(parts: Parts) -> None:
    reports = await closed(parts)
    await deliver(parts, numbered(500, 5))
    found = await reports.compared(samples.TILL, Z)
    assert found is not None
    assert FindingCode.LATE in {each.code for each in found.findings}


async def test_closings_are_listed_by_till(parts: Parts) -> None:
    reports = await closed(parts)
    (listed,) = await reports.listed()
    assert listed.report.span == SequenceSpan(first=1, last=4)
    assert listed.flags == ("unsigned",)
    assert not listed.follows
    assert await reports.listed("bar-9") == []
    every = [each async for each in reports.all_compared()]
    assert [each.listed for each in every] == [listed]
    shift = reports.shift(listed)
    assert shift.seller == parts.context.current.seller


async def test_what_was_never_closed_is_not_compared(parts: Parts) -> None:
    reports = ClosingReports(parts.store, parts.context)
    assert await reports.compared(samples.TILL, 1) is None
    assert [each async for each in reports.all_compared()] == []
