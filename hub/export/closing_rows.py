"""All rows of one closing in the 20 tables: its receipts, its sums, its master data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hub.export.closed_lists import TAX_RATES
from hub.export.dialect import cell, line, moment, money, percent
from hub.export.receipt_rows import ReceiptRows
from hub.export.tables import TAXONOMY_VERSION
from hub.export.totals import Totals
from hub.export.tse_register import tse_cells

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.fiscal import Signature
    from contract.receipt import Seller
    from hub.export.cash_point import CashPoint, Ended, Event, TseFacts
    from hub.export.receipt_rows import Write
    from hub.export.tse_register import TseRegister

OWN_AGENCY = "0"
_TAX_ID = re.compile(r"DE[0-9]{9}")


class ClosingRows:
    """Writes one closing: `add` its orders in their sequence, then `finish`."""

    def __init__(
        self, event: Event, point: CashPoint, tses: TseRegister, write: Write
    ) -> None:
        report = point.report
        self._event = event
        self._point = point
        self._tses = tses
        self._used: dict[int, TseFacts] = {}
        self._totals = Totals()
        self._first = self._last = ""
        self._head = f"{report.till};{moment(report.closed_at)};{report.z_number};"
        self._write = write
        self._receipts = ReceiptRows(event, self._head, write, self._tse_id)

    def add(self, ended: Ended) -> None:
        """Write an order."""
        self._last = str(ended.order.id)
        self._first = self._first or self._last
        counted = self._receipts.add(ended)
        if counted is not None:
            self._totals.add(*counted)

    def finish(self) -> None:
        """Write the closing itself, what its receipts add up to, and whose they are."""
        self._last = self._receipts.add_closing(self._point)
        self._first = self._first or self._last
        self._closing()
        self._register()
        self._sums()
        for code, rate_bp in sorted(self._receipts.rates.items()):
            self._row("vat.csv", str(code), *self._tax(code, rate_bp))
        for number in sorted(self._used):
            self._row("tse.csv", *tse_cells(self._used[number], self._tses.pieces))

    def _tse_id(self, signature: Signature) -> int:
        facts = self._tses.of(signature)
        self._used.setdefault(facts.id, facts)
        return facts.id

    def _closing(self) -> None:
        seller = self._event.seller
        self._row(
            "cashpointclosing.csv",
            "",
            TAXONOMY_VERSION,
            self._first,
            self._last,
            *_address(seller),
            *_tax_numbers(seller),
            money(self._totals.paid_minor),
            money(self._totals.cash_minor),
        )
        place = (self._event.name or seller.name, *_street(seller))
        tax_id = _tax_numbers(seller)[1]
        self._row("location.csv", *_written(place, _PLACE_SIZES), tax_id)

    def _register(self) -> None:
        register, report = self._point.register, self._point.report
        self._row(
            "cashregister.csv",
            cell(register.brand, 50),
            cell(register.model, 50),
            report.till,
            cell(register.software_brand, 50),
            cell(register.software_version, 50),
            report.currency.value,
            "0",
        )

    def _sums(self) -> None:
        totals = self._totals
        for key in sorted(totals.gross):
            case, name, code = key
            gross, net = totals.gross[key], totals.net[key]
            self._row(
                "businesscases.csv",
                case,
                cell(name, 40),
                OWN_AGENCY,
                str(code),
                money(gross, 5),
                money(net, 5),
                money(gross - net, 5),
            )
        for (kind, name), amount in sorted(totals.payments.items()):
            self._row("payment.csv", kind, cell(name, 60), money(amount))
        for currency, amount in sorted(totals.cash.items()):
            self._row("cash_per_currency.csv", currency, money(amount))

    def _tax(self, code: int, rate_bp: int) -> tuple[str, str]:
        _, usual = TAX_RATES.get(code, ("", "Eigener Schlüssel"))
        return percent(rate_bp), cell(self._event.tax_names.get(code, usual), 55)

    def _row(self, file: str, *cells: str) -> None:
        self._write(file, self._head + line(cells))


_PLACE_SIZES = (60, 60, 10, 62, 3)


def _written(texts: Iterable[str], sizes: Iterable[int]) -> tuple[str, ...]:
    return tuple(cell(text, size) for text, size in zip(texts, sizes, strict=True))


def _street(seller: Seller) -> tuple[str, str, str, str]:
    return seller.street, seller.postal_code, seller.city, seller.country


def _address(seller: Seller) -> tuple[str, ...]:
    return _written((seller.name, *_street(seller)), _PLACE_SIZES)


def _tax_numbers(seller: Seller) -> tuple[str, str]:
    """Tell a tax number (STNR) from a VAT id (USTID) by its form."""
    number = cell(seller.tax_number, 20)
    return ("", number) if _TAX_ID.fullmatch(number) else (number, "")
