"""A receipt as the page shows it: every value written out in the reader's language."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.order import PaymentMethod
from contract.receipt import qr_text
from hub.web.qr_code import qr_svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from markupsafe import Markup

    from contract.fiscal import Outage, Signature
    from contract.order import Line, Order, TaxSum
    from contract.receipt import Receipt, Seller
    from hub.web.formats import Formats
    from hub.web.texts import Texts

_MARKS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_GROUP_LENGTH = 4  # a serial number is compared by eye in groups of this many digits


@dataclass(frozen=True, slots=True)
class LineView:
    """One line; `mark` points to its row of the tax table."""

    quantity: str
    name: str
    unit_price: str
    total: str
    mark: str
    single: bool


@dataclass(frozen=True, slots=True)
class TaxView:
    """One row of the tax table."""

    mark: str
    rate: str
    net: str
    tax: str
    gross: str


@dataclass(frozen=True, slots=True)
class FiscalView:
    """What KassenSichV section 6 asks of a signed receipt, and the QR code."""

    tse_serial: str
    tse_serial_groups: tuple[str, ...]
    number: str
    counter: str
    started: str
    finished: str
    algorithm: str
    signature: str
    qr_text: str
    qr: Markup


@dataclass(frozen=True, slots=True)
class OutageView:
    """What stands in place of a signature while the TSE is out of order."""

    since: str
    reason: str
    number: str
    started: str
    finished: str


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """Everything the receipt page shows, ready to print."""

    id: UUID
    seller: Seller
    event_name: str
    demo: bool
    training: bool
    title: str
    cancels: UUID | None
    till: str
    number: str
    date: str
    lines: tuple[LineView, ...]
    total: str
    paid_by: str
    vouchers: tuple[tuple[str, str], ...]
    """What was added to the wristbands, and what they gave; in words and number."""
    details: tuple[tuple[str, str], ...]
    """The card that paid, and the bill that was paid."""
    taxes: tuple[TaxView, ...]
    fiscal: FiscalView | None
    outage: OutageView | None


def view_receipt(receipt: Receipt, texts: Texts, formats: Formats) -> ReceiptView:
    """Write out a closed receipt, one that has a signature or an outage."""
    assert receipt.is_closed, "without a signature nothing is said"
    order = receipt.order
    marks = {tax.code: _MARKS[row] for row, tax in enumerate(order.taxes)}
    return ReceiptView(
        id=order.id,
        seller=receipt.seller,
        event_name=receipt.event_name,
        demo=receipt.demo,
        training=order.training,
        title=texts.receipt.titles[order.kind],
        cancels=order.cancels,
        till=receipt.till,
        number=str(order.sequence),
        date=formats.minute(receipt.issued_at),
        lines=tuple(_line(line, marks, formats) for line in order.lines),
        total=formats.money(order.total),
        paid_by=_paid_by(order, texts),
        vouchers=_vouchers(order, texts, formats),
        details=tuple(_details(order, texts)),
        taxes=tuple(_tax(tax, marks, texts, formats) for tax in order.taxes),
        fiscal=_fiscal(receipt.signature, texts, formats),
        outage=_outage(receipt.outage, receipt, formats),
    )


def _line(line: Line, marks: Mapping[int, str], formats: Formats) -> LineView:
    return LineView(
        quantity=formats.count(line.quantity),
        name=line.name,
        unit_price=formats.amount(line.unit_price_minor),
        total=formats.amount(line.total_minor),
        mark=marks.get(line.tax_code, ""),
        single=line.quantity == 1,
    )


def _tax(
    tax: TaxSum, marks: Mapping[int, str], texts: Texts, formats: Formats
) -> TaxView:
    return TaxView(
        mark=marks[tax.code],
        rate=_rate(tax, texts, formats),
        net=formats.amount(tax.net_minor),
        tax=formats.amount(tax.tax_minor),
        gross=formats.amount(tax.gross_minor),
    )


def _rate(tax: TaxSum, texts: Texts, formats: Formats) -> str:
    # KassenSichV section 6 number 5: the rate, or a note why there is no tax; the
    # keys are those of DSFinV-K 2.4, annex I.
    rate = formats.rate(tax.rate_bp)
    notes = {
        5: texts.receipt.not_taxable,
        6: texts.receipt.tax_free,
        7: texts.receipt.not_determinable,
        8: texts.receipt.zero_rated.format(rate=rate),
    }
    return notes.get(tax.code, rate)


def _paid_by(order: Order, texts: Texts) -> str:
    if order.payment is None:
        return ""
    refunded = order.total_minor < 0
    match order.payment.method:
        case PaymentMethod.WALLET:
            paid, back = texts.receipt.paid_wallet, texts.receipt.refunded_wallet
        case PaymentMethod.CASH:
            paid, back = texts.receipt.paid_cash, texts.receipt.refunded_cash
        case PaymentMethod.CARD:
            paid, back = texts.receipt.paid_card, texts.receipt.refunded_card
    return back if refunded else paid


def _vouchers(
    order: Order, texts: Texts, formats: Formats
) -> tuple[tuple[str, str], ...]:
    given = sum(each.vouchers for each in order.credits)
    sums = (
        (texts.receipt.vouchers_given, given),
        (texts.receipt.vouchers_taken, order.vouchers),
    )
    return tuple((name, formats.count(count)) for name, count in sums if count)


def _details(order: Order, texts: Texts) -> Iterator[tuple[str, str]]:
    card = order.payment.card if order.payment is not None else None
    if card is not None:
        named = " ".join(each for each in (card.scheme, card.masked_number) if each)
        yield texts.receipt.card, named
        yield texts.receipt.card_receipt, card.id
    if order.bill is not None:
        yield texts.receipt.bill, order.bill


def _fiscal(
    signature: Signature | None, texts: Texts, formats: Formats
) -> FiscalView | None:
    if signature is None:
        return None
    text = qr_text(signature)
    serial = signature.tse_serial
    return FiscalView(
        tse_serial=serial,
        tse_serial_groups=tuple(
            serial[start : start + _GROUP_LENGTH]
            for start in range(0, len(serial), _GROUP_LENGTH)
        ),
        number=str(signature.number),
        counter=str(signature.counter),
        started=formats.second(signature.started_at),
        finished=formats.second(signature.finished_at),
        algorithm=signature.algorithm,
        signature=base64.b64encode(signature.value).decode("ascii"),
        qr_text=text,
        qr=qr_svg(text, texts.fiscal.qr_label),
    )


def _outage(
    outage: Outage | None, receipt: Receipt, formats: Formats
) -> OutageView | None:
    if outage is None:
        return None
    # Date and time then come from the till (AEAO zu section 146a AO, TSE outage).
    return OutageView(
        since=formats.second(outage.since),
        reason=outage.reason,
        number="" if outage.number is None else str(outage.number),
        started=formats.second(receipt.order.opened_at),
        finished=formats.second(receipt.issued_at),
    )
