"""`kassenband-hub closings`: compare tills' Z reports with the ledger and the TSE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contract.closing_sheet import cash_minor
from contract.money import Money
from hub.commands.answer import Answer, table
from hub.commands.opened import opened
from hub.commands.verbs import add_config
from hub.core.closing_sentences import sentence
from hub.service.closing_reports import ClosingReports
from hub.store.errors import Refused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from hub.service.closing_reports import ComparedClosing
    from hub.settings import Settings

_HEADS = ("till", "Z", "closed (UTC)", "orders", "total", "cash", "state")


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `closings` understands."""
    parser.add_argument("--till", help="only those of this till")
    parser.add_argument("--json", action="store_true", help="print one object")
    add_config(parser)
    parser.set_defaults(obey=_compare)


async def _compare(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        if options.till and options.till not in at.event.agreed.tills:
            raise Refused(
                f"No till is named {options.till}. See 'kassenband-hub till list'."
            )
        reports = ClosingReports(at.store, at.context)
        found = [each async for each in reports.all_compared(options.till)]
    return Answer(
        {
            "ok": all(each.agrees for each in found),
            "closings": [_figures(each) for each in found],
        },
        list(_lines(found)),
        good=all(each.agrees for each in found),
    )


def _lines(found: list[ComparedClosing]) -> Iterator[str]:
    if not found:
        yield "No till was closed yet."
        return
    yield from table(_HEADS, [_row(each) for each in found])
    for each in found:
        report = each.listed.report
        for finding in each.findings:
            mark = "LOOK" if finding.is_alarm else "note"
            yield f"{mark}  {report.till} Z {report.z_number}: {sentence(finding)}"


def _row(each: ComparedClosing) -> tuple[str, ...]:
    report = each.listed.report
    total = sum(one.total_minor for one in report.totals)
    return (
        report.till,
        str(report.z_number),
        f"{report.closed_at:%Y-%m-%d %H:%M}",
        str(report.completed),
        str(Money(total, report.currency)),
        str(Money(cash_minor(report.totals), report.currency)),
        "agrees" if each.agrees else "differs",
    )


def _figures(each: ComparedClosing) -> dict[str, Any]:
    report = each.listed.report
    return {
        "till": report.till,
        "z_number": report.z_number,
        "closed_at": report.closed_at,
        "completed": report.completed,
        "aborted": report.aborted,
        "trained": report.trained,
        "total_minor": sum(one.total_minor for one in report.totals),
        "cash_minor": cash_minor(report.totals),
        "currency": report.currency.value,
        "signed": each.listed.signature is not None,
        "flags": list(each.listed.flags),
        "agrees": each.agrees,
        "findings": [
            {
                "code": finding.code.value,
                "alarm": finding.is_alarm,
                "text": sentence(finding),
            }
            for finding in each.findings
        ],
    }
