"""A Z report as a sheet, for the till's paper and the office's PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.acts import PaymentMethod
from contract.receipt_sheet import seller_rows, signature_rows, tax_rows
from contract.sheet import Pair, Rule, Sheet, Style, Text
from contract.sheet_words import SheetLanguage, sheet_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from contract.closing import ClosingReport, ClosingTotal
    from contract.fiscal import Outage, Signature
    from contract.receipt import Seller
    from contract.sheet import SheetRow
    from contract.sheet_words import SheetWords


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedShift:
    """Everything that a Z report shows; one of signature and outage."""

    report: ClosingReport
    seller: Seller
    event_name: str
    signature: Signature | None = None
    outage: Outage | None = None
    demo: bool = False


def closing_sheet(
    closed: ClosedShift,
    zone: tzinfo,
    *,
    language: SheetLanguage = SheetLanguage.DE,
    is_copy: bool = False,
    whole: bool = False,
) -> Sheet:
    """Lay a Z report out; `whole` has the signature in clear, too."""
    words = sheet_words(language)
    report = closed.report
    title = f"{words.closing} {report.z_number}"
    rows: list[SheetRow] = []
    if closed.demo:
        rows.append(Text(words.demo, Style.BOLD, centered=True))
    if is_copy:
        rows.append(Text(words.copy, Style.BIG, centered=True))
    rows += [
        *seller_rows(closed.seller, closed.event_name, words),
        Rule(),
        Text(title, Style.BIG),
        *_facts(report, words, zone),
        Rule(),
        *_totals(report, words),
        *tax_rows(report.taxes, words, marked=False),
        Rule(),
        *_counters(report, words),
        *_signed(closed, words, zone, whole=whole),
    ]
    return Sheet(title, tuple(rows))


def cash_minor(totals: tuple[ClosingTotal, ...]) -> int:
    """Add up what was paid in cash; negative when more was given out."""
    return sum(each.total_minor for each in totals if each.method is PaymentMethod.CASH)


def _facts(
    report: ClosingReport, words: SheetWords, zone: tzinfo
) -> Iterator[SheetRow]:
    yield Pair(words.till, report.till)
    yield Pair(words.opened, words.at(report.opened_at, zone))
    yield Pair(words.closed, words.at(report.closed_at, zone))
    span = report.span
    count = span.last - span.first + 1
    yield Pair(words.orders, f"{span.first} - {span.last} ({count})")
    yield Pair(words.completed, str(report.completed))
    yield Pair(words.aborted, str(report.aborted))
    if report.trained:
        yield Pair(words.trained, str(report.trained))


def _totals(report: ClosingReport, words: SheetWords) -> Iterator[SheetRow]:
    for each in report.totals:
        method = (
            words.nobody_pays if each.method is None else words.methods[each.method]
        )
        yield Pair(
            f"{each.orders} x {words.kinds[each.kind]}, {method}",
            words.amount(each.total_minor),
        )
    total = sum(each.total_minor for each in report.totals)
    currency = report.currency.value
    yield Pair(f"{words.total} {currency}", words.amount(total), Style.BIG)
    yield Pair(words.cash_sum, words.amount(cash_minor(report.totals)), Style.BOLD)
    yield Rule()


def _counters(report: ClosingReport, words: SheetWords) -> Iterator[SheetRow]:
    counters = report.counters
    said = words.no_counters
    if counters is not None:
        said = f"{counters.first} - {counters.last}"
    yield Pair(words.counters, said)
    yield Text(f"{words.digest}: {report.digest}", Style.SMALL)


def _signed(
    closed: ClosedShift, words: SheetWords, zone: tzinfo, *, whole: bool
) -> Iterator[SheetRow]:
    if closed.signature is not None:
        yield Pair(words.signed, words.at(closed.signature.finished_at, zone))
        yield from signature_rows(closed.signature, words, whole=whole)
    elif closed.outage is not None:
        yield Text(words.unsigned, Style.BOLD)
        yield Text(f"{words.outage_reason}: {closed.outage.reason}")
