from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from contract.order import OrderKind
from contract.receipt import Receipt
from hub.service.receipts import PendingReceipt, Receipts
from tests.hub.samples import SELLER_NAME, TILL, order
from tests.hub.store.ledgers import aborted, asked, completed

if TYPE_CHECKING:
    from tests.hub.hubs import Parts


async def test_a_receipt_shows_the_order_and_the_outage(parts: Parts) -> None:
    sale = order(450)
    await parts.booking.submit(completed(sale))

    receipt = await Receipts(parts.store, parts.context).receipt(sale.id)

    assert isinstance(receipt, Receipt)
    assert receipt.order == sale
    assert receipt.seller.name == SELLER_NAME
    assert receipt.outage is not None
    assert receipt.signature is None


async def test_until_the_advice_is_there_a_receipt_is_pending(parts: Parts) -> None:
    sale = order(450, await parts.wallet(1000))
    await parts.booking.submit(asked(sale))

    found = await Receipts(parts.store, parts.context).receipt(sale.id)

    assert found == PendingReceipt(TILL, sale.total)


async def test_unknown_and_aborted_orders_have_none(parts: Parts) -> None:
    gone = order(450, attempt=0)
    await parts.booking.submit(aborted(gone))
    receipts = Receipts(parts.store, parts.context)

    assert await receipts.receipt(gone.id) is None
    assert await receipts.receipt(uuid4()) is None


async def test_a_catalogue_is_served_as_published(parts: Parts) -> None:
    receipts = Receipts(parts.store, parts.context)

    data = await receipts.catalogue(1)
    assert data is not None
    assert b"Pretzel" in data
    assert await receipts.catalogue(2) is None


async def test_what_staff_do_has_no_receipt_for_guests(parts: Parts) -> None:
    start = msgspec.structs.replace(order(450), kind=OrderKind.SHIFT_START)
    await parts.booking.submit(completed(start))

    assert await Receipts(parts.store, parts.context).receipt(start.id) is None
