"""A receipt as a sheet: all that KassenSichV section 6 asks for, on every medium.

Goods, sums, taxes, times, serial numbers, counter and fiscal transaction number stand
there in clear; the signature is in the QR code, and in clear where there is room.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from contract.lines import NO_PRODUCT
from contract.receipt import qr_text
from contract.sheet import Cells, Code, Pair, Rule, Sheet, Style, Text
from contract.sheet_words import SheetLanguage, sheet_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from contract.acts import CashMove, CashPlace
    from contract.fiscal import Outage, Signature
    from contract.lines import Line, TaxSum
    from contract.order import Order
    from contract.receipt import Receipt, Seller
    from contract.sheet import SheetRow
    from contract.sheet_words import SheetWords
    from contract.stocking import Stocking

_MARKS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # no I or O: they look like digits


def receipt_sheet(
    receipt: Receipt,
    zone: tzinfo,
    *,
    language: SheetLanguage = SheetLanguage.DE,
    is_copy: bool = False,
    whole: bool = False,
) -> Sheet:
    """Lay a closed receipt out; `whole` has the signature in clear, too."""
    assert receipt.is_closed, "without a signature nothing is said"
    words = sheet_words(language)
    order = receipt.order
    title = words.titles[order.kind]
    rows = [
        *_marks(receipt, words, is_copy=is_copy),
        *seller_rows(receipt.seller, receipt.event_name, words),
        Rule(),
        Text(title, Style.BIG),
        *_facts(receipt, words, zone),
        Rule(),
        *_content(order, words),
        *_taxes(order, words),
        Rule(),
        *_fiscal(receipt, words, zone, whole=whole),
    ]
    if order.cash is None:
        rows += [Rule(), Text(words.thanks, centered=True)]
    return Sheet(f"{title} {order.sequence}", tuple(rows))


def seller_rows(
    seller: Seller, event_name: str, words: SheetWords
) -> Iterator[SheetRow]:
    """Name the business: full name, address and tax number."""
    yield Text(seller.name, Style.BOLD, centered=True)
    yield Text(seller.street, centered=True)
    yield Text(f"{seller.postal_code} {seller.city}", centered=True)
    yield Text(f"{words.tax_number} {seller.tax_number}", centered=True)
    yield Text(event_name, centered=True)


def tax_rows(
    taxes: tuple[TaxSum, ...], words: SheetWords, *, marked: bool
) -> Iterator[SheetRow]:
    """Tabulate taxes; `marked` rows have the letters that lines point to."""
    if not taxes:
        return
    yield Cells((words.rate, words.net, words.tax, words.gross), Style.BOLD)
    for row, tax in enumerate(taxes):
        rate = words.percent(tax.rate_bp)
        name = words.no_tax.get(tax.code, "{rate}").format(rate=rate)
        sums = (tax.net_minor, tax.tax_minor, tax.gross_minor)
        mark = f"{_MARKS[row % len(_MARKS)]} " if marked else ""
        yield Cells((f"{mark}{name}", *(words.amount(each) for each in sums)))


def signature_rows(
    signature: Signature, words: SheetWords, *, whole: bool
) -> Iterator[SheetRow]:
    """Tell a signature in clear; the times are for the caller to place."""
    yield Pair(words.transaction_number, str(signature.number))
    yield Pair(words.counter, str(signature.counter))
    yield Pair(words.till_serial, signature.client)
    yield Text(f"{words.tse_serial}: {signature.tse_serial}", Style.SMALL)
    if whole:
        value = base64.b64encode(signature.value).decode("ascii")
        yield Text(f"{words.algorithm}: {signature.algorithm}", Style.SMALL)
        yield Text(f"{words.signature}: {value}", Style.SMALL)
    yield Code(qr_text(signature))


def _marks(receipt: Receipt, words: SheetWords, *, is_copy: bool) -> Iterator[SheetRow]:
    if receipt.demo:
        yield Text(words.demo, Style.BOLD, centered=True)
    if receipt.order.training:
        yield Text(words.training, Style.BOLD, centered=True)
    if is_copy:
        yield Text(words.copy, Style.BIG, centered=True)


def _facts(receipt: Receipt, words: SheetWords, zone: tzinfo) -> Iterator[SheetRow]:
    order = receipt.order
    if order.cancels is not None:
        yield Text(f"{words.cancels} {order.cancels}")
    yield Pair(words.date, words.at(receipt.issued_at, zone))
    yield Pair(words.till, receipt.till)
    yield Pair(words.number, str(order.sequence))
    yield Pair(words.z_number, str(order.z_number))
    yield Text(str(order.id), Style.SMALL)


def _content(order: Order, words: SheetWords) -> Iterator[SheetRow]:
    marks = {tax.code: _MARKS[row] for row, tax in enumerate(order.taxes)}
    for line in order.lines:
        yield from _line(line, marks.get(line.tax_code, ""), words)
    if order.lines:
        currency = order.currency.value
        yield Pair(
            f"{words.total} {currency}", words.amount(order.total_minor), Style.BIG
        )
    if order.payment is not None:
        paid = words.given_back if order.total_minor < 0 else words.paid
        yield Pair(paid[order.payment.method], words.amount(order.total_minor))
        card = order.payment.card
        if card is not None:
            named = " ".join(each for each in (card.scheme, card.masked_number) if each)
            yield Pair(words.card, named)
            yield Pair(words.card_receipt, card.id)
    given = sum(each.vouchers for each in order.credits)
    for label, count in (
        (words.vouchers_given, given),
        (words.vouchers_taken, order.vouchers),
    ):
        if count:
            yield Pair(label, str(count))
    if order.bill is not None:
        yield Text(f"{words.bill} {order.bill}")
    if order.cash is not None:
        yield from _cash(order.cash, words)


def _line(line: Line, mark: str, words: SheetWords) -> Iterator[SheetRow]:
    total = f"{words.amount(line.total_minor)} {mark}".strip()
    if line.product == NO_PRODUCT:  # the quantity is but a sign
        yield Pair(words.lines.get(line.role, line.name), total)
        return
    yield Pair(f"{line.quantity} x {line.name}", total)
    if abs(line.quantity) != 1:
        price = words.each.format(price=words.amount(line.unit_price_minor))
        yield Text(f"    {price}")


def _cash(cash: CashMove, words: SheetWords) -> Iterator[SheetRow]:
    yield Pair(words.cash_from, _place(cash.source, words))
    yield Pair(words.cash_to, _place(cash.target, words))
    if cash.stocking is not None:
        yield from _stocking(cash.stocking, words)
    if cash.counted_minor is not None and cash.expected_minor is not None:
        yield Pair(words.expected, words.amount(cash.expected_minor))
        yield Pair(words.counted, words.amount(cash.counted_minor))
        yield Pair(words.difference, words.amount(cash.difference_minor))


def _stocking(stocking: Stocking, words: SheetWords) -> Iterator[SheetRow]:
    """List what the drawer must hold, to be counted when it changes hands."""
    yield Text(stocking.name, Style.BOLD)
    for each in stocking.pieces:
        roll = f"{each.in_roll} x " if each.in_roll > 1 else ""
        label = f"{each.count} x {roll}{words.amount(each.value_minor)}"
        yield Pair(label, words.amount(each.total_minor))


def _place(place: CashPlace, words: SheetWords) -> str:
    return f"{words.places[place.role]} {place.key}"


def _taxes(order: Order, words: SheetWords) -> Iterator[SheetRow]:
    if order.taxes:
        yield Rule()
    yield from tax_rows(order.taxes, words, marked=True)


def _fiscal(
    receipt: Receipt, words: SheetWords, zone: tzinfo, *, whole: bool
) -> Iterator[SheetRow]:
    if receipt.signature is not None:
        yield Pair(words.started, words.at(receipt.signature.started_at, zone))
        yield Pair(words.finished, words.at(receipt.signature.finished_at, zone))
        yield from signature_rows(receipt.signature, words, whole=whole)
    elif receipt.outage is not None:
        yield from _outage(receipt.outage, receipt, words, zone)


def _outage(
    outage: Outage, receipt: Receipt, words: SheetWords, zone: tzinfo
) -> Iterator[SheetRow]:
    # Date and time then come from the till (AEAO zu section 146a AO, TSE outage).
    yield Text(words.outage, Style.BIG, centered=True)
    yield Pair(words.outage_since, words.at(outage.since, zone))
    yield Text(f"{words.outage_reason}: {outage.reason}")
    yield Text(words.outage_times)
    yield Pair(words.started, words.at(receipt.order.opened_at, zone))
    yield Pair(words.finished, words.at(receipt.issued_at, zone))
    yield Pair(words.till_serial, receipt.till)
    if outage.number is not None:
        yield Pair(words.transaction_number, str(outage.number))
