from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import httpx
import pytest_asyncio

from contract.config import TillProfile
from contract.order import OrderKind, make_line
from hub.core.bills.fees import MethodFee
from hub.core.bills.reports import Said
from hub.payments.transfer import Creditor
from hub.service.bill_terms import Terms
from hub.service.bill_viewers import OfWallet
from hub.service.events import register_till
from hub.service.top_ups import TopUps, put_top_ups
from hub.web.wallet_codes import MASKED_PATH
from tests.counterparts.serving import PATIENCE_S, running
from tests.hub.service.billing import word
from tests.hub.service.shop import BEER, DESK, a_sale
from tests.hub.web.portal_people import Browser, browser
from tests.hub.web.wallet_portal import EVENT, Festival, open_festival

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from hub.core.bills.attempts import Attempt
    from hub.service.context import ContextKeeper
    from hub.store.store import Store

ACCOUNT = Creditor(
    iban="DE02 1203 0000 0000 2020 51",
    name="Sommernacht e. V.",
    street="Seestraße",
    house_number="1",
    postal_code="80939",
    town="München",
    country="DE",
)
COOKIE = "__Host-kassenband-wallet"
_REFERENCE = re.compile(r"/wallet/topup/([0-9]{27})")


@pytest_asyncio.fixture
async def festival(store: Store, context: ContextKeeper) -> AsyncIterator[Festival]:
    async with open_festival(store, context) as running:
        yield running


@pytest_asyncio.fixture
async def phone(festival: Festival) -> AsyncIterator[Browser]:
    async with browser(festival.portal) as his:
        yield his


def status(of: Browser) -> int:
    assert of.page is not None
    return of.page.status_code


async def test_a_code_leads_to_its_wallet(festival: Festival, phone: Browser) -> None:
    path, _ = await festival.band(2350)
    answer = await phone.client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/wallet"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-store"
    cookie = answer.headers["set-cookie"]
    for part in (COOKIE, "HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert path.removeprefix("/w/") not in cookie
    await phone.open("/wallet")
    assert "€23.50" in phone.text
    assert "Summer Night" in phone.text


async def test_codes_of_nobody_all_get_the_same_page(
    festival: Festival, phone: Browser
) -> None:
    await festival.band()
    pages = set()
    for code in ("A" * 16, "short", "a/b/c", "%00", "%C3%BC", "x" * 3000):
        answer = await phone.client.get(f"/w/{code}")
        assert answer.status_code == 404
        assert "set-cookie" not in answer.headers
        assert code not in answer.text
        pages.add(answer.text)
    assert len(pages) == 1


async def test_without_a_wristband_nothing_is_shown(phone: Browser) -> None:
    for path in ("/wallet", "/wallet/topup", "/wallet/payout"):
        await phone.open(path)
        assert status(phone) == 403
        assert "Hold your phone to your wristband" in phone.text
    phone.client.cookies.set(COOKIE, "A" * 43)
    await phone.open("/wallet")
    assert status(phone) == 403


async def test_codes_can_t_be_tried_at_will(festival: Festival, phone: Browser) -> None:
    path, _ = await festival.band()
    for _ in range(260):
        answer = await phone.client.get("/w/AAAAAAAAAAAAAAAA")
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    assert "A moment, please" in answer.text
    assert (await phone.client.get(path)).status_code == 429
    async with browser(festival.portal, address="198.51.100.9") as elsewhere:
        assert (await elsewhere.client.get(path)).status_code == 303


async def test_a_code_is_in_no_log(
    festival: Festival,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, _ = await festival.band()
    caplog.set_level(logging.DEBUG)
    # A server that keeps no such log leaves it cut off for the whole process.
    monkeypatch.setattr(logging.getLogger("uvicorn.access"), "propagate", True)
    async with (
        running(festival.portal.app, access_log=True) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE_S) as client,
    ):
        assert (await client.get(f"{path}?x=1")).status_code == 303
        assert (await client.get(f"{path}/x")).status_code == 404
        assert (await client.post(path)).status_code == 405
    logged = [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("httpx", "httpcore"))
    ]
    assert [each for each in logged if f"GET {MASKED_PATH} " in each]
    assert not [each for each in logged if path.removeprefix("/w/") in each]


async def test_the_wallet_shows_orders_with_their_receipts(
    festival: Festival, phone: Browser
) -> None:
    path, serial = await festival.band(2000)
    beer = a_sale(serial, make_line(BEER, 2))
    await festival.shop.booked(beer)
    await festival.shop.advise(beer)
    await phone.open(path)
    assert "€11.00" in phone.text
    assert "\N{MINUS SIGN}€9.00" in phone.text
    assert "+€20.00" in phone.text
    assert f'href="/receipts/{beer.id}"' in phone.text
    assert "Bar-1" in phone.text
    assert "Online" in phone.text


async def test_the_wallet_speaks_german(festival: Festival) -> None:
    path, _ = await festival.band(2000)
    async with browser(festival.portal, language="de-DE") as his:
        await his.open(path)
        assert "Ihr Guthaben" in his.text
        assert "20,00\N{NO-BREAK SPACE}€" in his.text
        await his.open("/wallet/topup?lang=en")
        assert "Choose an amount" in his.text
        assert 'href="/wallet?lang=en"' in his.text


async def test_a_top_up_is_billed_paid_and_credited_once(
    festival: Festival, phone: Browser
) -> None:
    path, serial = await festival.band(500)
    await phone.open(path)
    await phone.open("/wallet/topup")
    await phone.send("/wallet/topup", {"amount": "20.00"})
    reference = reference_of(phone)
    assert "Top up by €20.00" in phone.text
    await phone.send(f"/wallet/topup/{reference}/pay", {"method": "paypal"})
    assert "https://pay.example/" in phone.text
    attempt = await attempt_of(festival, serial, reference)
    for _ in range(3):
        await festival.fair.payments.report("paypal", word(attempt, Said.PAID, None))
        await festival.book()
    assert await festival.shop.held(serial) == (2500, 0)
    await phone.open(f"/wallet/topup/{reference}")
    assert "The money is on your wristband" in phone.text
    await phone.open("/wallet")
    assert "€25.00" in phone.text
    assert f'href="/wallet/topup/{reference}"' in phone.text
    assert "not paid yet" not in phone.text


async def test_an_unpaid_top_up_is_on_the_wallet_s_page_and_can_be_taken_back(
    festival: Festival, phone: Browser
) -> None:
    path, _ = await festival.band()
    await phone.open(path)
    await phone.open("/wallet/topup")
    await phone.send("/wallet/topup", {"amount": "12,5"})
    reference = reference_of(phone)
    await phone.open("/wallet")
    assert "€12.50 not paid yet" in phone.text
    await phone.open(f"/wallet/topup/{reference}")
    await phone.send(f"/wallet/topup/{reference}/cancel", {})
    assert phone.page is not None
    assert phone.page.url.path == "/wallet"
    assert "not paid yet" not in phone.text


async def test_a_payment_that_was_begun_can_be_given_up(
    festival: Festival, phone: Browser
) -> None:
    path, _ = await festival.band()
    await phone.open(path)
    await phone.open("/wallet/topup")
    await phone.send("/wallet/topup", {"amount": "20"})
    reference = reference_of(phone)
    await phone.send(
        f"/wallet/topup/{reference}/pay", {"method": "paypal"}, follow=False
    )
    await phone.open(f"/wallet/topup/{reference}")
    assert "was begun and is not finished" in phone.text
    await phone.send(f"/wallet/topup/{reference}/give-up", {"attempt": "1"})
    assert "was begun" not in phone.text
    await phone.send(f"/wallet/topup/{reference}/give-up", {"attempt": "x"})
    assert status(phone) == 422


async def test_a_provider_that_is_down_is_told(
    festival: Festival, phone: Browser
) -> None:
    path, _ = await festival.band()
    await phone.open(path)
    await phone.open("/wallet/topup")
    await phone.send("/wallet/topup", {"amount": "20"})
    reference = reference_of(phone)
    festival.fair.performing.is_silent = True
    await phone.send(f"/wallet/topup/{reference}/pay", {"method": "paypal"})
    assert status(phone) == 503
    assert "PayPal does not answer right now" in phone.text


async def test_pages_of_ours_tell_how_to_pay(
    festival: Festival, phone: Browser
) -> None:
    path, _ = await festival.band()
    await phone.open(path)
    await phone.open("/wallet/topup")
    assert "Payment slip" not in phone.text
    await phone.send("/wallet/topup", {"amount": "20"})
    reference = reference_of(phone)
    await phone.send(f"/wallet/topup/{reference}/pay", {"method": "cash"})
    assert phone.page is not None
    assert phone.page.url.path == f"/wallet/topup/{reference}/how/cash"
    assert "<svg" in phone.text
    await phone.open(f"/wallet/topup/{reference}")
    await phone.send(f"/wallet/topup/{reference}/pay", {"method": "slip"})
    assert status(phone) == 409


async def test_amounts_that_make_no_sense_are_said_so(
    festival: Festival, phone: Browser
) -> None:
    path, serial = await festival.band()
    await phone.open(path)
    await phone.open("/wallet/topup")
    for amount in ("", "0", "-5", "abc", "1e3", "5,123", "99999999", "1001", "€20"):
        await phone.send("/wallet/topup", {"amount": amount})
        assert status(phone) == 422, amount
        assert 'role="alert"' in phone.text
    assert await festival.fair.billing.listed(OfWallet(EVENT, serial)) == ()


async def test_somebody_else_s_bill_is_not_found(
    festival: Festival, phone: Browser
) -> None:
    path, _ = await festival.band(number=1)
    await phone.open(path)
    await phone.open("/wallet/topup")
    await phone.send("/wallet/topup", {"amount": "20"})
    reference = reference_of(phone)
    async with browser(festival.portal) as other:
        await other.open((await festival.band(number=2))[0])
        csrf = {"csrf_token": other.csrf}
        bill = f"/wallet/topup/{reference}"
        assert (await other.client.get(bill)).status_code == 404
        assert (await other.client.get(f"{bill}/how/cash")).status_code == 404
        for what in ("pay", "cancel", "give-up"):
            data = csrf | {"method": "cash", "attempt": "1"}
            answer = await other.client.post(f"{bill}/{what}", data=data)
            assert answer.status_code == 404


async def test_only_our_own_pages_fill_in_forms(
    festival: Festival, phone: Browser
) -> None:
    path, serial = await festival.band()
    await phone.open(path)
    for token in ("", "0" * 64, "ü"):
        answer = await phone.client.post(
            "/wallet/topup", data={"csrf_token": token, "amount": "20"}
        )
        assert answer.status_code == 403
        assert "Nothing was paid or changed" in answer.text
    large = {"csrf_token": phone.csrf, "amount": "2" * 100_000}
    assert (await phone.client.post("/wallet/topup", data=large)).status_code == 403
    assert await festival.fair.billing.listed(OfWallet(EVENT, serial)) == ()


async def test_a_blocked_wristband_says_so_and_takes_nothing(
    festival: Festival, phone: Browser
) -> None:
    path, serial = await festival.band(1500)
    await festival.parts.wristbands.block(serial)  # type: ignore[arg-type]
    await phone.open(path)
    assert "This wristband is blocked" in phone.text
    assert "€15.00" in phone.text
    assert 'href="/wallet/topup"' not in phone.text
    await phone.open("/wallet/topup")
    assert "nothing can be paid in" in phone.text


async def test_money_goes_back_at_the_desk_only(
    festival: Festival, phone: Browser
) -> None:
    path, _ = await festival.band(1500)
    await phone.open(path)
    await phone.open("/wallet/payout")
    assert "€15.00" in phone.text
    assert "Why not online?" in phone.text
    assert "<form" not in phone.text


async def test_a_wristband_can_be_closed(festival: Festival, phone: Browser) -> None:
    path, _ = await festival.band(1500)
    await phone.open(path)
    await phone.send("/wallet/close", {})
    assert "no longer shown" in phone.text
    await phone.open("/wallet")
    assert status(phone) == 403


async def test_a_guest_can_transfer_to_the_event_s_account(
    festival: Festival, phone: Browser
) -> None:
    offered = [Terms("ebanking", MethodFee(), payer_bears=False)]
    new = TopUps(terms=offered, creditor=ACCOUNT)
    await put_top_ups(festival.parts.store, EVENT, new)
    path, _ = await festival.band()
    await phone.open(path)
    await phone.open("/wallet/topup")
    assert "E-banking" in phone.text
    assert "PayPal" not in phone.text
    await phone.send("/wallet/topup", {"amount": "20"})
    reference = reference_of(phone)
    await phone.send(f"/wallet/topup/{reference}/pay", {"method": "ebanking"})
    assert "DE02 1203 0000 0000 2020 51" in phone.text
    assert 'class="qr"' in phone.text


async def test_the_money_back_page_names_the_tills_that_pay_out(
    festival: Festival, phone: Browser
) -> None:
    path, _ = await festival.band(1500)
    await phone.open(path)
    await phone.open("/wallet/payout")
    assert "At the info desk." in phone.text
    profile = TillProfile(kinds=(OrderKind.TOP_UP, OrderKind.PAYOUT))
    await register_till(
        festival.parts.store,
        EVENT,
        DESK,
        "Main desk",
        issues_wristbands=True,
        profile=profile,
    )
    await festival.parts.context.refresh()
    await phone.open("/wallet/payout")
    assert "<li>Main desk</li>" in phone.text


def reference_of(phone: Browser) -> str:
    assert phone.page is not None
    found = _REFERENCE.fullmatch(phone.page.url.path)
    assert found is not None, phone.page.url
    return found[1]


async def attempt_of(festival: Festival, serial: int, reference: str) -> Attempt:
    viewer = OfWallet(EVENT, serial)
    shown = await festival.fair.billing.show(viewer, reference)
    return shown.record.attempts[-1]
