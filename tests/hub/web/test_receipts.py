from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import msgspec
import pypdfium2
import pytest

from contract.receipt import qr_text
from hub.service.receipts import GUESTS_KINDS
from hub.web.portal import portal_app
from tests.contract.closed_receipts import BERLIN, CLOSED
from tests.contract.legal_items import missing_items
from tests.hub.web.receipts import NOT_CLOSED, OUTSTANDING, OUTSTANDING_ID, order_id
from tests.hub.web.serving import Healths, Receipts, Site, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from contract.receipt import Receipt
    from hub.web.sources import Outstanding

GERMAN = {"Accept-Language": "de"}
SHOWN: dict[str, Receipt] = {
    name: msgspec.structs.replace(
        receipt, order=msgspec.structs.replace(receipt.order, id=order_id(number))
    )
    for number, (name, receipt) in enumerate(CLOSED.items(), 500)
    if receipt.order.acts_as in GUESTS_KINDS
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    known: dict[UUID, Receipt | Outstanding | Exception] = {
        **{each.order.id: each for each in SHOWN.values()},
        NOT_CLOSED.order.id: NOT_CLOSED,
        OUTSTANDING_ID: OUTSTANDING,
    }
    with served(portal_app(Receipts(known), Healths())) as running:
        yield running


def read(page: str) -> str:
    """Take the words out of a page, as they are seen."""
    body = re.sub(r"(?s)<(svg|style|head).*?</\1>", " ", page)
    return html.unescape(re.sub(r"<[^>]*>", " ", body))


@pytest.mark.parametrize("name", SHOWN)
def test_every_item_of_the_law_is_on_the_page(site: Site, name: str) -> None:
    receipt = SHOWN[name]
    answer = site.get(f"/receipts/{receipt.order.id}", GERMAN)
    codes: tuple[str, ...] = ()
    if receipt.signature is not None:
        assert 'class="qr"' in answer.text
        codes = (qr_text(receipt.signature),)
    assert missing_items(receipt, read(answer.text), codes, BERLIN) == []


def test_a_receipt_can_be_saved_as_pdf(site: Site) -> None:
    receipt = SHOWN["sale"]
    address = f"/receipts/{receipt.order.id}.pdf"
    assert address in site.get(f"/receipts/{receipt.order.id}").text
    answer = site.get(address, GERMAN)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert 'filename="bar-1-17.pdf"' in answer.headers["Content-Disposition"]
    document = pypdfium2.PdfDocument(answer.body)
    assert "Bezahlt mit Armband" in document[0].get_textpage().get_text_bounded()
    document.close()


def test_its_language_is_the_reader_s(site: Site) -> None:
    answer = site.get(f"/receipts/{SHOWN['sale'].order.id}.pdf?lang=en")
    document = pypdfium2.PdfDocument(answer.body)
    assert "Paid by wristband" in document[0].get_textpage().get_text_bounded()
    document.close()


@pytest.mark.parametrize("order", [OUTSTANDING_ID, NOT_CLOSED.order.id])
def test_what_is_not_signed_yet_is_no_pdf(site: Site, order: UUID) -> None:
    answer = site.get(f"/receipts/{order}.pdf")
    assert answer.status == 202
    assert answer.headers["Content-Type"].startswith("text/html")


def test_an_unknown_receipt_is_no_pdf_either(site: Site) -> None:
    assert site.get(f"/receipts/{order_id(999)}.pdf").status == 404
    assert site.get("/receipts/nonsense.pdf").status == 422
