from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pypdfium2
import pytest
import pytest_asyncio

from hub.core.bills.reports import Said
from hub.payments.transfer import Creditor
from hub.service.payment_log import PaymentLog, Search
from hub.service.transfers import Transfers
from hub.web.bill_pages import BillSources
from tests.hub.service.billing import Fair
from tests.hub.web.portal_people import URL, Browser, Portal, browser, make_portal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.store.store import Store

EMAIL, NAME = "ada@example.org", "Ada Lovelace"
HOME = {
    "name": NAME,
    "street": "Seeweg",
    "house_number": "4",
    "postal_code": "9400",
    "town": "Rorschach",
    "country": "CH",
}
ACCOUNT = Creditor(
    iban="DE02 1203 0000 0000 2020 51",
    name="Runners",
    street="Waldweg",
    postal_code="10115",
    town="Berlin",
    country="DE",
)
_SEAL = re.compile(r'name="reviewed" value="([^"]+)"')
_REFERENCE = re.compile(r"/bills/([0-9]{27})")


class Payer:
    """Somebody with an account who walks through the bill pages."""

    def __init__(self, fair: Fair, hers: Browser, user: int) -> None:
        self.fair, self.browser, self.user = fair, hers, user

    @property
    def text(self) -> str:
        return " ".join(self.browser.text.split())

    @property
    def path(self) -> str:
        assert self.browser.page is not None
        return self.browser.page.url.path

    @property
    def status(self) -> int:
        assert self.browser.page is not None
        return self.browser.page.status_code

    async def open(self, path: str) -> str:
        await self.browser.open(path)
        return self.text

    async def send(self, path: str, **values: str) -> str:
        await self.browser.send(path, values)
        return self.text

    async def review(self) -> dict[str, str]:
        """Open the review; what its form would send."""
        await self.open("/bills/new?event=run-2026")
        found = _SEAL.search(self.browser.text)
        assert found is not None, self.text
        return {"event": "run-2026", "club": "", "reviewed": found[1]}

    async def bill(self) -> str:
        """Accept what is to be paid; the bill's reference."""
        await self.send("/bills", **await self.review())
        found = _REFERENCE.search(self.path)
        assert found is not None, self.text
        return found[1]


@pytest_asyncio.fixture
async def fair(store: Store) -> Fair:
    fair = await Fair.open(store)
    await fair.run(
        "UPDATE competition SET creditor = $1", msgspec.json.encode(ACCOUNT).decode()
    )
    return fair


@pytest.fixture
def portal(fair: Fair) -> Portal:
    bills = BillSources(
        billing=fair.billing,
        payments=fair.payments,
        transfers=Transfers(fair.store),
        log=PaymentLog(fair.store),
        portal_url=URL,
    )
    return make_portal(fair.store, bills=bills)


@pytest_asyncio.fixture
async def ada(fair: Fair, portal: Portal) -> AsyncIterator[Payer]:
    async with browser(portal) as hers:
        await hers.register(portal, EMAIL, NAME)
        await hers.open("/address")
        await hers.send("/address", HOME)
        [row] = await fair.run("SELECT id FROM portal_user WHERE email = $1", EMAIL)
        yield Payer(fair, hers, row["id"])


async def test_everything_about_payment_starts_at_my_bills(ada: Payer) -> None:
    said = await ada.open("/bills")

    assert "Bill overview" in said
    assert "No unpaid bills" in said
    # two sub pages, reachable through the navigation bar
    for path in ("/bills", "/bills/unpaid"):
        assert f'<li><a href="{path}"' in ada.browser.text


async def test_unpaid_fees_are_grouped_by_event_with_a_pay_button_each(
    ada: Payer,
) -> None:
    await ada.fair.team(ada.user, 4500, name="Red Foxes")
    await ada.fair.team(ada.user, 3000, name="Blue Jays", competition="walk-2026")

    said = await ada.open("/bills/unpaid")

    assert "Run 2026" in said
    assert "Walk 2026" in said
    for words in ("Red Foxes", "Blue Jays", "€55.00", "€40.00"):
        assert words in said
    for slug in ("run-2026", "walk-2026"):
        assert f'href="/bills/new?event={slug}"' in ada.browser.text


async def test_a_review_shows_fees_per_team_and_the_total_and_owes_nothing(
    ada: Payer,
) -> None:
    await ada.fair.team(ada.user, 4500, name="Red Foxes")
    await ada.fair.team(ada.user, 2000, name="Grey Geese")

    await ada.review()

    for words in ("Red Foxes", "€45.00", "Grey Geese", "€20.00", "€85.00", "Seeweg 4"):
        assert words in ada.text
    # cancel: a way back that bills nothing
    assert 'href="/bills"' in ada.browser.text
    assert await ada.fair.run("SELECT FROM bill") == []


async def test_who_accepts_is_led_to_the_bill_with_its_ways_to_pay(ada: Payer) -> None:
    await ada.fair.team(ada.user)
    reference = await ada.bill()

    said = ada.text
    assert ada.path == f"/bills/{reference}"
    for words in ("Red Foxes", "€45.00", "Bed", "€10.00", "€55.00", "Open", "Seeweg 4"):
        assert words in said
    for method in ("postfinance", "paypal", "ebanking", "cash", "organizer"):
        assert f'name="method" value="{method}"' in ada.browser.text
    assert 'value="slip"' not in ada.browser.text  # a Swiss slip is not for euros
    assert "All your teams are on a bill" in await ada.open("/bills/unpaid")


async def test_nothing_is_billed_that_was_not_reviewed(ada: Payer) -> None:
    await ada.fair.team(ada.user, 4500, name="Red Foxes")
    form = await ada.review()
    await ada.fair.team(ada.user, 2000, name="Grey Geese")

    said = await ada.send("/bills", **form)

    assert ada.status == 409
    assert "Something changed since you looked" in said
    assert "Grey Geese: new, €20.00" in said
    assert await ada.fair.run("SELECT FROM bill") == []
    found = _SEAL.search(ada.browser.text)
    assert found is not None
    await ada.send("/bills", **{**form, "reviewed": found[1]})
    assert "€85.00" in ada.text


async def test_a_bill_needs_an_address(fair: Fair, portal: Portal) -> None:
    async with browser(portal) as his:
        await his.register(portal, "max@example.org", "Max")
        [row] = await fair.run("SELECT id FROM portal_user WHERE name = 'Max'")
        await fair.team(row["id"])
        payer = Payer(fair, his, row["id"])

        form = await payer.review()
        assert "Complete your postal address first" in payer.text
        assert 'type="submit"' not in payer.browser.text
        await payer.send("/bills", **form)
        assert payer.status == 422
        assert await fair.run("SELECT FROM bill") == []


async def test_the_overview_lists_unpaid_bills_and_paid_ones_by_a_filter(
    ada: Payer,
) -> None:
    reference = await ada.fair.bill(ada.user)

    assert "Run 2026" in await ada.open("/bills")
    assert "Nothing is paid yet" in await ada.open("/bills?show=paid")
    await ada.fair.say(await ada.fair.attempt(ada.user, reference))
    assert "No unpaid bills" in await ada.open("/bills")
    said = await ada.open("/bills?show=paid")
    assert "Run 2026" in said
    assert "€55.00" in said


async def test_somebody_elses_bill_is_not_found(ada: Payer) -> None:
    max_ = await ada.fair.user("max")
    reference = await ada.fair.bill(max_)

    unknown = "9" * 27
    for each in (reference, unknown):
        for path in ("", "/receipt.pdf", "/slip.pdf", "/how/ebanking"):
            await ada.open(f"/bills/{each}{path}")
            assert ada.status == 404, path
        await ada.open("/bills")
        await ada.open("/address")  # a page with a form
        for path in ("pay", "cancel", "give-up"):
            await ada.send(f"/bills/{each}/{path}", method="paypal", attempt="1")
            assert ada.status == 404, path
            await ada.open("/address")


async def test_links_to_pay_are_shown_for_unpaid_bills_only(ada: Payer) -> None:
    reference = await ada.fair.bill(ada.user)
    await ada.fair.say(await ada.fair.attempt(ada.user, reference))

    said = await ada.open(f"/bills/{reference}")

    assert "All is paid" in said
    assert 'name="method"' not in ada.browser.text
    assert "Cancel this bill" not in said
    assert "<small>Payment: PayPal</small></th><td>€55.00</td>" in said


async def test_an_unpaid_bill_can_be_canceled_and_its_teams_billed_again(
    ada: Payer,
) -> None:
    reference = await ada.fair.bill(ada.user)
    await ada.open(f"/bills/{reference}")

    said = await ada.send(f"/bills/{reference}/cancel")

    assert "The bill was canceled" in said
    assert "Red Foxes" in await ada.open("/bills/unpaid")
    assert "Canceled" in await ada.open(f"/bills/{reference}")


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (2000, ("Partly paid", "Pay the rest below", "€35.00")),
        (9000, ("Overpaid", "More came in than was due", "€35.00")),
    ],
)
async def test_each_state_of_a_bill_says_what_happens_next(
    ada: Payer, kept: int, words: tuple[str, ...]
) -> None:
    reference = await ada.fair.bill(ada.user)
    attempt = await ada.fair.attempt(ada.user, reference)
    await ada.fair.say(attempt, amount_minor=kept)

    said = await ada.open(f"/bills/{reference}")

    for each in words:
        assert each in said


async def test_what_went_back_opens_the_bill_again(ada: Payer) -> None:
    reference = await ada.fair.bill(ada.user)
    attempt = await ada.fair.attempt(ada.user, reference)
    await ada.fair.say(attempt)
    await ada.fair.say(attempt, Said.CHARGED_BACK, money_ref="back-1")

    said = await ada.open(f"/bills/{reference}")

    assert "Charged back" in said
    assert "took a payment back" in said
    assert 'name="method"' in ada.browser.text


async def test_paypal_is_left_for_after_the_attempt_is_written_down(
    ada: Payer,
) -> None:
    reference = await ada.fair.bill(ada.user)
    await ada.open(f"/bills/{reference}")

    said = await ada.send(f"/bills/{reference}/pay", method="paypal")

    assert "Continue to PayPal" in said
    assert "€55.00" in said
    assert 'href="https://pay.example/"' in ada.browser.text
    [row] = await ada.fair.run("SELECT number, state FROM payment_attempt")
    assert (row["number"], row["state"]) == (1, "redirected")
    said = await ada.open(f"/bills/{reference}")
    assert "A payment by PayPal of €55.00 was begun" in said
    await ada.send(f"/bills/{reference}/give-up", attempt="1")
    assert "was begun" not in await ada.open(f"/bills/{reference}")


async def test_postfinance_gets_a_signed_form_that_the_browser_may_send(
    ada: Payer,
) -> None:
    reference = await ada.fair.bill(ada.user)
    await ada.open(f"/bills/{reference}")

    await ada.send(f"/bills/{reference}/pay", method="postfinance")

    page = ada.browser.page
    assert page is not None
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://e-payment.postfinance.ch;" in policy
    assert f'value="{reference[:26]}-1"' in ada.browser.text
    assert 'name="SHASIGN"' in ada.browser.text
    assert f"{URL}/post_finance/payment_accepted" in ada.browser.text


async def test_a_provider_that_is_down_is_said_so(ada: Payer) -> None:
    reference = await ada.fair.bill(ada.user)
    await ada.open(f"/bills/{reference}")
    ada.fair.performing.is_silent = True

    said = await ada.send(f"/bills/{reference}/pay", method="paypal")

    assert ada.status == 503
    assert "PayPal does not answer right now. Nothing was paid." in said
    assert 'value="ebanking"' in ada.browser.text


async def test_an_uncertain_payment_forbids_a_second_one(ada: Payer) -> None:
    reference = await ada.fair.bill(ada.user)
    attempt = await ada.fair.attempt(ada.user, reference)
    await ada.fair.say(attempt, Said.UNCERTAIN)

    said = await ada.open(f"/bills/{reference}")

    assert "PayPal does not know yet what became of your payment" in said
    assert said.count('class="refusal') == 1
    assert 'name="method"' not in ada.browser.text


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("ebanking", ("DE02 1203 0000 0000 2020 51", "Runners", "€55.00", "RF")),
        ("cash", ("Show this code at a till", "€55.00")),
        ("organizer", ("So the organizer says",)),
    ],
)
async def test_methods_by_hand_have_a_page_that_tells_how(
    ada: Payer, method: str, words: tuple[str, ...]
) -> None:
    reference = await ada.fair.bill(ada.user)
    await ada.open(f"/bills/{reference}")

    said = await ada.send(f"/bills/{reference}/pay", method=method)

    assert ada.path == f"/bills/{reference}/how/{method}"
    for each in words:
        assert each in said
    assert ("<svg" in ada.browser.text.partition("<main")[2]) is (method != "organizer")


@pytest.mark.parametrize("page", ["", "/receipt.pdf", "/slip.pdf", "/how/cash"])
@pytest.mark.parametrize("name", ["%00", "x", "1" * 27, "%C3%A9" * 50])
async def test_what_is_no_bill_is_not_found(ada: Payer, name: str, page: str) -> None:
    found = await ada.browser.client.get(f"/bills/{name}{page}")

    assert found.status_code == 404


async def test_a_slip_is_printed_and_locks_the_bill(ada: Payer) -> None:
    await ada.fair.run("UPDATE event SET currency = 'CHF'")
    swiss = msgspec.structs.replace(ACCOUNT, iban="CH4431999123000889012", country="CH")
    await ada.fair.run(
        "UPDATE competition SET creditor = $1", msgspec.json.encode(swiss).decode()
    )
    reference = await ada.fair.bill(ada.user)
    await ada.open(f"/bills/{reference}")

    said = await ada.send(f"/bills/{reference}/pay", method="slip")

    assert "The slip is sent by post" in said
    page = await ada.browser.client.get(f"/bills/{reference}/slip.pdf")
    assert page.headers["content-type"] == "application/pdf"
    text = pypdfium2.PdfDocument(page.content)[0].get_textpage().get_text_range()
    assert "CHF 55.00" in text
    await ada.open(f"/bills/{reference}")
    assert 'value="paypal"' not in ada.browser.text
    said = await ada.send(f"/bills/{reference}/pay", method="paypal")
    assert "locked to another way" in said
    entries = await PaymentLog(ada.fair.store).search(Search())
    assert [each.action for each in entries] == ["print", "print", "choose", "choose"]
    assert {each.controller_name for each in entries} == {"PaymentSlipController"}


async def test_a_paid_bill_has_a_receipt(ada: Payer) -> None:
    reference = await ada.fair.bill(ada.user)
    await ada.open(f"/bills/{reference}/receipt.pdf")
    assert ada.status == 404
    await ada.fair.say(await ada.fair.attempt(ada.user, reference))

    page = await ada.browser.client.get(f"/bills/{reference}/receipt.pdf?lang=de")

    text = pypdfium2.PdfDocument(page.content)[0].get_textpage().get_text_range()
    assert "vollständig bezahlt" in text
    assert "EUR 55.00" in text
    assert "Runners" in text


async def test_forms_of_other_sites_are_refused(ada: Payer) -> None:
    reference = await ada.fair.bill(ada.user)
    for path in ("/bills", *(f"/bills/{reference}/{end}" for end in ("pay", "cancel"))):
        answer = await ada.browser.client.post(path, data={"method": "paypal"})
        assert answer.status_code == 403, path
    assert await ada.fair.run("SELECT FROM payment_attempt") == []


async def test_who_is_not_logged_in_is_asked_to(portal: Portal) -> None:
    async with browser(portal) as nobody:
        for path in ("/bills", "/bills/unpaid", "/bills/new?event=run-2026"):
            page = await nobody.open(path)
            assert page.url.path == "/login"
