from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.receipt import qr_text
from hub.web.portal import portal_app
from hub.web.sources import Health, Unavailable
from tests.contract.samples import ORDER, SELLER, SIGNATURE
from tests.hub.web import receipts
from tests.hub.web.serving import Answer, Healths, Receipts, Site, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract.receipt import Receipt

GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
BROKEN_ID = receipts.order_id(90)
RESTARTING_ID = receipts.order_id(91)
UNKNOWN_ID = receipts.order_id(92)


@pytest.fixture(scope="module")
def healths() -> Healths:
    return Healths()


@pytest.fixture(scope="module")
def site(healths: Healths) -> Iterator[Site]:
    known = {
        **receipts.ALL,
        BROKEN_ID: RuntimeError("secret detail"),
        RESTARTING_ID: Unavailable("secret detail"),
    }
    with served(portal_app(Receipts(known), healths)) as running:
        yield running


def address(receipt: Receipt) -> str:
    return f"/receipts/{receipt.order.id}"


def assert_shielded(answer: Answer) -> None:
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]


def assert_plain(answer: Answer) -> None:
    """Nothing in the page speaks to programmers, and something says what to do."""
    for word in ("Traceback", "secret", "Error", "Exception", "detail"):
        assert word not in answer.text
    assert answer.headers.get_content_type() == "text/html"
    assert "<h1>" in answer.text
    assert 'class="button' in answer.text
    assert_shielded(answer)


def test_a_receipt_shows_the_sale_and_the_seller(site: Site) -> None:
    answer = site.get(address(receipts.SALE))
    assert answer.status == 200
    for text in (
        receipts.EVENT_NAME,
        SELLER.name,
        SELLER.street,
        f"{SELLER.postal_code} {SELLER.city}",
        SELLER.tax_number,
        "Beer 0.5",
        "Pretzel",
        "4.50 each",
        "€12.00",
        "Paid by wristband",
        "4 July 2026, 23:15 CEST",
        "bar-1",
    ):
        assert text in answer.text
    assert "demo" not in answer.text


def test_a_receipt_shows_its_fiscal_data(site: Site) -> None:
    page = site.get(address(receipts.SALE)).text
    for text in (
        SIGNATURE.tse_serial,
        SIGNATURE.algorithm,
        f"<dd>{SIGNATURE.number}</dd>",
        f"<dd>{SIGNATURE.counter}</dd>",
        qr_text(SIGNATURE),
        "4 July 2026, 23:15:49 CEST",
    ):
        assert text in page
    assert page.count('<svg class="qr"') == 1


def test_pages_need_neither_inline_styles_nor_scripts(site: Site) -> None:
    paths = ["/", "/nowhere", *(f"/receipts/{order}" for order in receipts.ALL)]
    for path in paths:
        page = site.get(path).text
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", page)


def test_receipts_stay_private(site: Site) -> None:
    answer = site.get(address(receipts.SALE))
    assert_shielded(answer)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in answer.headers


def test_what_a_seller_types_is_text_not_markup(site: Site) -> None:
    page = site.get(address(receipts.ATTACK)).text
    assert receipts.HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_german_by_the_browser_s_wish(site: Site) -> None:
    answer = site.get(address(receipts.SALE), GERMAN)
    assert answer.headers["Content-Language"] == "de"
    assert answer.headers["Vary"] == "Accept-Language"
    assert '<html lang="de">' in answer.text
    for text in ("Beleg", "12,00\N{NO-BREAK SPACE}€", "4. Juli 2026, 23:15 MESZ"):
        assert text in answer.text


def test_a_chosen_language_outweighs_the_browser_and_lasts(site: Site) -> None:
    page = site.get(f"{address(receipts.CANCELLATION)}?lang=de", {}).text
    assert "Storno zum Beleg" in page
    assert f'href="/receipts/{ORDER.id}?lang=de"' in page
    assert 'href="/?lang=de"' in page
    assert 'href="?lang=en"' in page
    english = site.get(f"{address(receipts.SALE)}?lang=xx", {}).text
    assert '<html lang="en">' in english


def test_a_cancellation_links_to_what_it_undoes(site: Site) -> None:
    page = site.get(address(receipts.CANCELLATION)).text
    assert "Cancellation of receipt" in page
    assert f'href="/receipts/{ORDER.id}"' in page
    assert "\N{MINUS SIGN}€4.50" in page


def test_cash_and_francs_are_named(site: Site) -> None:
    cash = site.get(address(receipts.CASH)).text
    assert "Paid in cash" in cash
    assert "€1,236.56" in cash
    assert "5.5%" in cash
    assert "CHF\N{NO-BREAK SPACE}5.50" in site.get(address(receipts.FRANCS)).text


def test_a_demo_receipt_says_so(site: Site) -> None:
    page = site.get(address(receipts.DEMO)).text
    assert 'class="demo"' in page
    assert "Not a real receipt" in page


def test_an_outage_is_said_and_has_no_code(site: Site) -> None:
    page = site.get(address(receipts.OUTAGE)).text
    assert "TSE out of order" in page
    assert "TSE ausgefallen" in page
    assert "4 July 2026, 23:12:30 CEST" in page
    assert "The TSE did not answer within 3 s." in page
    assert '<svg class="qr"' not in page
    german = site.get(address(receipts.OUTAGE), GERMAN).text
    assert german.count("TSE ausgefallen") == 1


@pytest.mark.parametrize(
    "order", [receipts.OUTSTANDING_ID, receipts.NOT_CLOSED.order.id]
)
def test_a_receipt_on_its_way_is_looked_for_again(site: Site, order: object) -> None:
    answer = site.get(f"/receipts/{order}")
    assert answer.status == 202
    assert "on its way" in answer.text
    assert '<meta http-equiv="refresh" content="10">' in answer.text
    assert answer.headers["Retry-After"] == "10"
    assert_shielded(answer)


def test_an_unknown_receipt_may_still_come(site: Site) -> None:
    answer = site.get(f"/receipts/{UNKNOWN_ID}")
    assert answer.status == 404
    assert "the till may be offline" in answer.text
    assert "Try again" in answer.text
    assert_plain(answer)


@pytest.mark.parametrize("number", ["17", "x", "0197d6a0", "%3Cscript%3E", "%00"])
def test_a_mistyped_receipt_is_explained(site: Site, number: str) -> None:
    answer = site.get(f"/receipts/{number}", GERMAN)
    assert answer.status == 422
    assert "Diese Adresse ist unvollständig" in answer.text
    assert_plain(answer)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/receipts/", "/static/none.css", "/docs", "/openapi.json"]
)
def test_other_addresses_lead_nowhere_politely(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 404
    assert "There is no such page" in answer.text
    assert_plain(answer)


@pytest.mark.parametrize("path", ["/static/../portal.py", "/static/%2e%2e/portal.py"])
def test_only_static_files_are_served(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_another_method_is_refused_politely(site: Site) -> None:
    answer = site.get("/", method="POST")
    assert answer.status == 405
    assert "something this address doesn" in answer.text
    assert_plain(answer)


def test_our_mistake_is_confessed_without_details(site: Site) -> None:
    answer = site.get(f"/receipts/{BROKEN_ID}")
    assert answer.status == 500
    assert "The mistake is ours" in answer.text
    assert_plain(answer)


def test_a_restarting_hub_asks_for_patience(site: Site) -> None:
    answer = site.get(f"/receipts/{RESTARTING_ID}")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "60"
    assert "Nothing is lost" in answer.text
    assert_plain(answer)


def test_the_start_page_tells_where_receipts_are(site: Site) -> None:
    answer = site.get("/")
    assert answer.status == 200
    assert "Scan the QR code" in answer.text
    assert_shielded(answer)


def test_static_files_may_be_kept(site: Site) -> None:
    styles = re.findall(r'href="(/static/[^"]+)"', site.get("/").text)
    assert len(styles) == 2
    for path in styles:
        answer = site.get(path)
        assert answer.status == 200
        assert answer.headers["Cache-Control"].startswith("public, max-age=")
        assert_shielded(answer)


@pytest.mark.parametrize("path", ["/", "/healthz", address(receipts.SALE)])
def test_a_probe_may_ask_for_the_head_only(site: Site, path: str) -> None:
    answer = site.get(path, method="HEAD")
    assert answer.status == 200
    assert answer.body == b""


def test_health_is_told_in_a_status_and_in_words(site: Site, healths: Healths) -> None:
    answer = site.get("/healthz")
    assert answer.status == 200
    assert msgspec.json.decode(answer.body) == {
        "ok": True,
        "role": "writer",
        "detail": "booking",
    }
    assert_shielded(answer)
    healthy = healths.verdict
    healths.verdict = Health(ok=False, role="standby", detail="No database.")
    try:
        answer = site.get("/healthz")
    finally:
        healths.verdict = healthy
    assert answer.status == 503
    assert msgspec.json.decode(answer.body)["detail"] == "No database."


def test_a_hub_that_cannot_judge_itself_is_not_healthy(
    site: Site, healths: Healths
) -> None:
    healthy, healths.verdict = healths.verdict, RuntimeError("secret detail")
    try:
        answer = site.get("/healthz")
    finally:
        healths.verdict = healthy
    assert answer.status == 503
    assert "secret" not in answer.text
    assert msgspec.json.decode(answer.body)["ok"] is False


def test_times_follow_the_event_s_zone() -> None:
    app = portal_app(Receipts(receipts.ALL), Healths(), zone="Europe/London")
    with served(app) as london:
        assert "22:15 BST" in london.get(address(receipts.SALE)).text
