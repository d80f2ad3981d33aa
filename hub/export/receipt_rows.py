"""The rows of a closing's receipts: one order is one receipt, signed or not.

Only what the till's own fiscal rules say of an order is written, so that each row
agrees with what the TSE signed. An aborted order shows what had been entered; it has no
payment, no turnover, and no sums of tax.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from contract.fiscal import (
    FAULT_LENGTH_MAX,
    ReceiptType,
    fiscal_lines,
    fiscal_payments,
    fiscal_taxes,
    receipt_name,
    receipt_type,
)
from contract.order import Outcome
from hub.export.closed_lists import OTHER, OTHER_PROCESS_TYPE, REFERENCE
from hub.export.dialect import cell, count, log_time, moment, money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from contract.attempt import Order
    from contract.fiscal import FiscalLine, FiscalPayment, Outage, Signature
    from hub.export.cash_point import CashPoint, Ended, Event

    Write = Callable[[str, str], object]
    """Takes a table's file name and a line of it."""

NOBODY = "-;nicht angemeldet"
"""BEDIENER_ID and BEDIENER_NAME where nobody had to log in."""
CLOSING_NAME = "Kassenabschluss"
OUT_OF_ORDER = "TSE ausgefallen"
_NO_GUEST = ";" * 8
"""Guests are anonymous: eight columns about them, and a note, stay empty."""
_END = "\r\n"


class ReceiptRows:
    """Writes the receipts of one closing; `tse_id` numbers the TSEs of the export."""

    def __init__(
        self,
        event: Event,
        head: str,
        write: Write,
        tse_id: Callable[[Signature], int],
    ) -> None:
        self._event = event
        self._head = head
        self._write = write
        self._tse_id = tse_id
        self.rates: dict[int, int] = {}
        """Which tax codes were used, with their rates in basis points."""

    def add(
        self, ended: Ended
    ) -> tuple[tuple[FiscalLine, ...], tuple[FiscalPayment, ...]] | None:
        """Write an order; returns its lines and payments if it counts as turnover."""
        kind = receipt_type(ended.order, ended.outcome)
        lines = fiscal_lines(_as_entered(ended))
        is_paid = ended.outcome is Outcome.COMPLETED and kind is not ReceiptType.OTHER
        payments = fiscal_payments(ended.order) if is_paid else ()
        start = f"{self._head}{ended.order.id};"
        self._head_row(start, ended, kind, payments)
        self._lines(start, ended.order, lines)
        if is_paid:
            self._taxes(start, lines)
        for each in payments:
            amount = money(each.amount_minor)
            self._write(
                "datapayment.csv",
                f"{start}{each.type.value};{cell(each.name, 60)};"
                f"{each.currency.value};;{amount}{_END}",
            )
        self._signed(start, ended)
        if ended.original is not None:
            self._references(start, ended, lines)
        return (lines, payments) if kind is ReceiptType.RECEIPT else None

    def add_closing(self, point: CashPoint) -> str:
        """Write the closing itself, which the TSE signs, too; returns its BON_ID."""
        report = point.report
        name = f"Z{report.z_number}-{report.till}"
        ended = moment(report.closed_at)
        self._write(
            "transactions.csv",
            f"{self._head}{name};0;{OTHER};{CLOSING_NAME};;0;{ended};{ended};"
            f"{self._cashier(report.cashier)};{money(0)};{_NO_GUEST}{_END}",
        )
        start = f"{self._head}{name};"
        self._signed(start, point)
        return name

    def _head_row(
        self,
        start: str,
        ended: Ended,
        kind: ReceiptType,
        payments: Iterable[FiscalPayment],
    ) -> None:
        order = ended.order
        name = cell(receipt_name(order, ended.outcome), 60)
        total = money(sum(each.amount_minor for each in payments))
        self._write(
            "transactions.csv",
            f"{start}{order.sequence};{kind.value};{name};;0;"
            f"{moment(order.opened_at)};{moment(ended.decided_at)};"
            f"{self._cashier(order.cashier)};{total};{_NO_GUEST}{_END}",
        )

    def _cashier(self, staff: str) -> str:
        if not staff:
            return NOBODY
        return f"{cell(staff, 50)};{cell(self._event.cashiers.get(staff, ''), 50)}"

    def _lines(self, start: str, order: Order, lines: Iterable[FiscalLine]) -> None:
        for each in lines:
            self.rates.setdefault(each.tax_code, each.rate_bp)
            self._write(
                "lines.csv",
                f"{start}{each.number};{cell(each.voucher_number, 50)};"
                f"{cell(each.text, 255)};;{each.case.value};{cell(each.name, 40)};;0;"
                f"0;{self._article(order, each)}{_END}",
            )
            self._write(
                "lines_vat.csv",
                f"{start}{each.number};{each.tax_code};{money(each.gross_minor, 5)};"
                f"{money(each.net_minor, 5)};{money(each.tax_minor, 5)}{_END}",
            )

    def _article(self, order: Order, line: FiscalLine) -> str:
        """Write ART_NR to STK_BR: article, its group, quantity and price."""
        how_many = f"{count(line.quantity)};;;{money(line.unit_price_minor, 5)}"
        if not line.product:
            return f";;;;{how_many}"
        group = self._event.groups.get((order.catalogue, line.product))
        said = f"{group.id};{cell(group.name, 50)}" if group is not None else ";"
        return f"{line.product};;{said};{how_many}"

    def _taxes(self, start: str, lines: Iterable[FiscalLine]) -> None:
        for each in fiscal_taxes(lines):
            self._write(
                "transactions_vat.csv",
                f"{start}{each.code};{money(each.gross_minor, 5)};"
                f"{money(each.net_minor, 5)};{money(each.tax_minor, 5)}{_END}",
            )

    def _signed(self, start: str, about: Ended | CashPoint) -> None:
        """Write an order's signature, or a closing's; or why it has none."""
        if about.signature is not None:
            self._signature(start, about.signature, "")
        elif about.outage is not None:
            said = fault(about.outage, about.outage_until)
            self._unsigned(start, said, about.outage.number)
        else:
            self._unsigned(start, OUT_OF_ORDER, None)

    def _signature(self, start: str, signature: Signature, wrong: str) -> None:
        value = base64.b64encode(signature.value).decode("ascii")
        self._write(
            "transactions_tse.csv",
            f"{start}{self._tse_id(signature)};{signature.number};"
            f"{log_time(signature.started_at)};{log_time(signature.finished_at)};"
            f"{signature.process_type or OTHER_PROCESS_TYPE};{signature.counter};"
            f"{value};{wrong};{cell(signature.process_data, 1000)}{_END}",
        )

    def _unsigned(self, start: str, why: str, number: int | None) -> None:
        said = "" if number is None else str(number)
        self._write(
            "transactions_tse.csv",
            f"{start};{said};;;;;;{cell(why, FAULT_LENGTH_MAX)};{_END}",
        )

    def _references(
        self, start: str, ended: Ended, lines: Iterable[FiscalLine]
    ) -> None:
        """Name the order undone: once, or at each line where it is undone by line."""
        original = ended.original
        assert original is not None, "it was looked at before"
        closed = "" if original.closed_at is None else moment(original.closed_at)
        z_number = "" if original.z_number is None else str(original.z_number)
        said = (
            f"{REFERENCE};;{closed};{original.till};{z_number};{original.order}{_END}"
        )
        undoing = {
            number
            for number, line in enumerate(ended.order.lines, start=1)
            if line.cancels_line is not None
        }
        by_line = [str(each.number) for each in lines if each.source_line in undoing]
        for number in by_line or [""]:
            self._write("references.csv", f"{start}{number};{said}")


def fault(outage: Outage, until: datetime | None) -> str:
    """Say why there is no signature, and when the TSE was out of order."""
    ended = "" if until is None else f" bis {moment(until)}"
    period = f" (seit {moment(outage.since)}{ended})"
    room = FAULT_LENGTH_MAX - len(OUT_OF_ORDER) - len(period) - 2
    return f"{OUT_OF_ORDER}: {outage.reason[:room]}{period}"


def _as_entered(ended: Ended) -> Order:
    """Return an aborted order without the payment that it was not paid by."""
    if ended.outcome is Outcome.COMPLETED or ended.order.payment is None:
        return ended.order
    return msgspec.structs.replace(ended.order, attempt=0, payment=None)
