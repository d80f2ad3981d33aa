"""What KassenSichV section 6 asks of a receipt, looked for on any medium."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from contract.money import plain_amount
from contract.receipt import log_time_text, qr_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from contract.order import Order
    from contract.receipt import Receipt

OUTAGE_MARK = "TSE ausgefallen"


def missing_items(
    receipt: Receipt, text: str, codes: tuple[str, ...], zone: tzinfo
) -> list[str]:
    """Name what a person finds neither in the text nor in its QR codes."""
    clear = _plain(text)
    read = clear + "".join(_plain(code) for code in codes)
    found = [
        name for name, value in _in_clear(receipt, zone) if _plain(value) not in clear
    ]
    found += [name for name, value in _readable(receipt) if _plain(value) not in read]
    if receipt.signature is not None and qr_text(receipt.signature) not in codes:
        found.append("the QR code of DSFinV-K annex I")
    if receipt.signature is None and codes:
        found.append("no QR code, as nothing was signed")
    return found


def _in_clear(receipt: Receipt, zone: tzinfo) -> Iterator[tuple[str, str]]:
    order, seller = receipt.order, receipt.seller
    yield "1 name", seller.name
    yield "1 street", seller.street
    yield "1 town", f"{seller.postal_code} {seller.city}"
    yield "2 date of issue", f"{receipt.issued_at.astimezone(zone):%H:%M}"
    yield from _sold(order)
    yield "6 serial number of the till", receipt.till
    if order.cancels is not None:
        yield "reference of a cancellation", str(order.cancels)
    if order.bill is not None:
        yield "bill", order.bill
    if order.training:
        yield "training", "TRAINING"
    if receipt.demo:
        yield "demo", "DEMO"
    if receipt.signature is not None:
        yield "6 serial number of the TSE", receipt.signature.tse_serial
    yield from _of_outage(receipt, zone)


def _sold(order: Order) -> Iterator[tuple[str, str]]:
    for line in order.lines:
        if line.product:
            yield "3 quantity", str(line.quantity)
            yield "3 kind", line.name
    if order.lines:
        yield "5 sum", _amount(order.total_minor)
    for tax in order.taxes:
        yield "5 tax", _amount(tax.tax_minor)
        yield "5 gross", _amount(tax.gross_minor)
        if tax.rate_bp:
            yield "5 rate", f"{tax.rate_bp // 100}"


def _of_outage(receipt: Receipt, zone: tzinfo) -> Iterator[tuple[str, str]]:
    if receipt.outage is not None:
        yield "outage", OUTAGE_MARK
        yield "its reason", receipt.outage.reason
        for moment in (receipt.order.opened_at, receipt.issued_at):
            yield "2 time of the till", f"{moment.astimezone(zone):%H:%M:%S}"


def _readable(receipt: Receipt) -> Iterator[tuple[str, str]]:
    signature = receipt.signature
    if signature is None:
        return
    yield "2 start", log_time_text(signature.started_at)
    yield "2 end", log_time_text(signature.finished_at)
    yield "4 transaction number", str(signature.number)
    yield "7 counter", str(signature.counter)
    yield "7 signature", base64.b64encode(signature.value).decode("ascii")


def _amount(minor: int) -> str:
    return plain_amount(minor).replace(".", ",")


def _plain(text: str) -> str:
    """Without what differs by medium: blanks, dots in thousands, kinds of minus."""
    kept = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    return kept.replace(".", "").casefold()
