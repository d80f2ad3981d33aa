from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hub.payments.camt import FILE_BYTES_MAX
from hub.service.bill_booker import BillBooker
from hub.service.payment_log import PaymentLog, Search, Severity
from hub.web import bank_pages
from tests.hub.hubs import running_parts
from tests.hub.service.bank_desk import (
    EVENT,
    add_bill,
    bank_file,
    credit,
    payments,
    run,
    take,
)
from tests.hub.service.test_settlements import open_until
from tests.hub.web.bank_office import open_office

if TYPE_CHECKING:
    from hub.service.context import ContextKeeper
    from hub.store.store import Store


async def test_a_file_is_imported_and_the_rest_is_assigned(
    store: Store, context: ContextKeeper
) -> None:
    bill, other = await add_bill(store), await add_bill(store, 1)
    data = bank_file(
        credit("45.00", bill, ref="A"),
        credit("45.00", text="&lt;b&gt;Startgeld", ref="B"),
    )
    async with open_office(store, context) as (fay,):
        await fay.open("/bank")
        assert "Nothing is waiting" in fay.page.text

        page = await fay.upload(data)
        assert page.status_code == 200
        assert "2 credits" in page.text
        assert "Names no bill in a form with a right check digit." in page.text
        assert await payments(store, bill) == [("payment", "ebanking", 4500)]

        await fay.open("/bank")
        assert "&lt;b&gt;Startgeld" in fay.page.text
        (link,) = re.findall(r'href="(/bank/credits/\d+)"', fay.page.text)
        await fay.open(link)
        assert other in fay.page.text  # suggested: of this amount and name
        page = await fay.send(
            f"{link}/assign", **{"turn": "1", "bill-1": other, "amount-1": "45,00"}
        )
        assert page.url.path == "/bank"
        assert "Assigned by fay" in page.text

        await fay.open(link)
        await fay.send(f"{link}/undo", turn="2", note="wrong team")
        assert "wrong team" in fay.page.text
        await fay.open(link)
        page = await fay.send(f"{link}/set-aside", turn="3", note="rent")
        assert "Set aside by fay" in page.text

    assert [each[0] for each in await payments(store, other)] == [
        "payment",
        "chargeback",
    ]


async def test_a_decision_that_makes_no_sense_says_why(
    store: Store, context: ContextKeeper
) -> None:
    bill = await add_bill(store)
    async with open_office(store, context) as (fay,):
        await fay.open("/bank")
        file = bank_file(credit("45.00", text="?", ref="A"))
        await fay.upload(file)
        await fay.open("/bank?q=muster")
        (link, *_) = re.findall(r'href="(/bank/credits/\d+)"', fay.page.text)
        await fay.open(link)
        for form, sentence in (
            ({"turn": "1"}, "Name 1 to 20 bills"),
            ({"turn": "1", "bill-1": bill, "amount-1": "x"}, "is no amount"),
            ({"turn": "9", "bill-1": bill, "amount-1": "45"}, "Somebody else"),
        ):
            page = await fay.send(f"{link}/assign", **form)
            assert page.status_code == 422
            assert sentence in page.text
        assert (await fay.send(f"{link}/steal", turn="1")).status_code == 404
        assert (await fay.client.get(f"/bank/credits/{10**30}")).status_code == 404


async def test_a_bad_file_is_refused_with_a_reason(
    store: Store, context: ContextKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><Document>&b;</Document>'
    async with open_office(store, context) as (fay,):
        await fay.open("/bank")
        page = await fay.upload(bomb)
        assert page.status_code == 422
        assert "document type" in page.text
        assert "Nothing of this file was taken in." in page.text

        await fay.open("/bank")
        page = await fay.upload(b"")
        assert (page.status_code, "Choose a file first" in page.text) == (422, True)

        monkeypatch.setattr(bank_pages, "FILE_BYTES_MAX", 1000)
        await fay.open("/bank")
        page = await fay.upload(bytes(200_000))
        assert (page.status_code, "larger than 50 MiB" in page.text) == (413, True)
    assert FILE_BYTES_MAX == 50 * 2**20
    assert await run(store, "SELECT FROM bank_file") == []


async def test_what_is_done_about_banks_and_slips_is_in_the_payment_log(
    store: Store, context: ContextKeeper
) -> None:
    bill = await add_bill(store)
    async with open_office(store, context, "fay") as (fay,):
        await fay.open("/bank")
        await fay.upload(bank_file(credit("45.00", bill, ref="A")))
        await fay.open("/bank")
        await fay.upload(b"no file of a bank")
        await fay.open("/slips")
        await fay.send("/slips", bill=bill, verb="sent")
    entries = reversed(await PaymentLog(store).search(Search()))
    assert [
        (each.controller_name, each.action, each.severity, each.regarding is None)
        for each in entries
    ] == [
        ("EBankingController", "import", Severity.INFO, True),
        ("EBankingController", "import", Severity.INFO, False),
        ("EBankingController", "import", Severity.INFO, True),
        ("EBankingController", "import", Severity.WARNING, False),
        ("PaymentSlipController", "mark_sent", Severity.INFO, True),
        ("PaymentSlipController", "mark_sent", Severity.WARNING, False),
    ]


async def test_only_staff_with_a_form_of_ours_import(
    store: Store, context: ContextKeeper
) -> None:
    bill = await add_bill(store)
    data = bank_file(credit("45.00", bill, ref="A"))
    async with open_office(store, context) as (fay,):
        for token in ("", "0" * 64):
            page = await fay.client.post(
                "/bank/import", data={"csrf_token": token}, files={"file": data}
            )
            assert page.status_code == 403
        page = await fay.client.post("/bank/import", content=data)
        assert page.status_code == 403
        await fay.client.post("/logout", data={"csrf_token": "x"})
        fay.client.cookies.clear()
        page = await fay.client.post("/bank/import", files={"file": data})
        assert page.url.path == "/login"
    assert await payments(store, bill) == []


async def test_slips_are_printed_and_ticked_off(
    store: Store, context: ContextKeeper
) -> None:
    bill = await add_bill(store, locked_to="slip")
    async with open_office(store, context) as (fay,):
        await fay.open("/slips")
        assert "Marktgasse 28, CH-9400 Rorschach" in fay.page.text
        missing = await fay.client.get(f"/slips/{'0' * 27}.pdf")
        assert missing.status_code == 404
        page = await fay.send("/slips", bill=bill, verb="sent")
        assert "by fay" in page.text
        page = await fay.send("/slips", bill=bill, verb="unlock")
        assert (page.status_code, "was posted" in page.text) == (422, True)


async def test_one_asks_for_a_refund_and_another_approves(
    store: Store, context: ContextKeeper
) -> None:
    bill = await add_bill(store)
    async with open_office(store, context, "fay", "ben") as (fay, ben):
        await fay.open("/bank")
        await fay.upload(bank_file(credit("50.00", bill, ref="A")))
        assert "€5.00 too much" in await fay.open("/refunds")
        await fay.open(f"/refunds/new?bill={bill}")
        form = {"bill": bill, "amount": "5.00", "reason": "too much", "holder": "Pia"}
        page = await fay.send("/refunds", **form, iban="DE00")
        assert (page.status_code, "wrong check digits" in page.text) == (422, True)
        page = await fay.send("/refunds", **form, iban="DE89 3704 0044 0532 0130 00")
        assert "Wants approval" in page.text
        assert ">Approve<" not in page.text

        await ben.open("/refunds")
        (path,) = re.findall(r'action="(/refunds/[\w-]+/approve)"', ben.page.text)
        page = await fay.send(path)
        assert (page.status_code, "Somebody else" in page.text) == (422, True)
        assert "Waits for the bank" in (await ben.send(path)).text

        await fay.open("/settlements")
        page = await fay.send("/payout-files", execute_on="2099-05-04")
        (file,) = re.findall(r'href="(/payout-files/\d+)"', page.text)
        body = (await fay.client.get(file)).text
        assert '<InstdAmt Ccy="EUR">5.00</InstdAmt>' in body
        for day in ("soon", "2020-01-01"):
            page = await fay.send("/payout-files", execute_on=day)
            assert page.status_code == 422
    assert (await payments(store, bill))[-1] == ("refund", "ebanking", 500)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_page_is_there_in_each_language(
    store: Store, context: ContextKeeper, language: str
) -> None:
    await add_bill(store)
    async with open_office(store, context, language=language) as (fay,):
        for path in ("/bank", "/slips", "/refunds", "/settlements"):
            page = await fay.client.get(path)
            assert page.status_code == 200
            assert page.headers["content-language"] == language
        assert (await fay.client.get("/settlements/1")).status_code == 404
        assert (await fay.client.get("/payout-files/1")).status_code == 404
        assert (await fay.client.get("/refunds/new?bill=1")).status_code == 404


async def test_two_people_settle_on_the_pages(
    store: Store, context: ContextKeeper
) -> None:
    await open_until(store)
    bill = await add_bill(store)
    await take(store, bank_file(credit("45.00", bill, ref="A")))
    async with running_parts(store, context) as parts:
        await BillBooker(store, parts.booking, EVENT).book()
    async with open_office(store, context, "fay", "ben") as (fay, ben):
        assert "would pay out €45.00" in await fay.open("/settlements")
        page = await fay.send("/settlements", competition="fox-run")
        path = page.url.path
        assert "Wants approval" in page.text
        assert ">Approve<" not in page.text
        refused = await fay.send(f"{path}/approve")
        assert (refused.status_code, "Somebody else" in refused.text) == (422, True)
        await ben.open(path)
        assert "Waits for the bank" in (await ben.send(f"{path}/approve")).text
        statement = await ben.client.get(f"{path}/statement.pdf")
        assert statement.headers["content-type"] == "application/pdf"
        assert statement.content.startswith(b"%PDF")
        await ben.open("/settlements")
        page = await ben.send("/payout-files", execute_on="2099-05-04")
        assert "1 payouts on" in page.text
        refused = await ben.send(f"{path}/withdraw")
        assert (refused.status_code, "is filed" in refused.text) == (422, True)
