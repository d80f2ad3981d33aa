from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest_asyncio

from contract.bill_reference import read_order_id
from hub.core.bills.reports import Report, Said
from hub.service.bill_booker import BillBooker
from hub.service.bill_payments import BillPayments
from hub.service.payment_log import PaymentLog, Search, Severity
from tests.hub.hubs import running_parts
from tests.hub.service.bank_desk import add_bill, payments, run
from tests.hub.service.billing import EVENT, METHODS, Fair, Here
from tests.hub.service.test_bill_booker import topped_up
from tests.hub.web.bank_office import open_office

if TYPE_CHECKING:
    import pytest

    from hub.service.context import ContextKeeper
    from hub.store.store import Store


@pytest_asyncio.fixture
async def doubtful(store: Store) -> str:
    """A payment whose provider does not know; its name there."""
    bill = await add_bill(store)
    await run(
        store,
        "INSERT INTO payment_attempt (bill, number, method, state, principal_minor,"
        " surcharge_minor) VALUES ($1, 1, 'paypal', 'redirected', 4500, 0)",
        bill,
    )
    name = f"{bill[:26]}-1"
    report = Report(
        order_id=name,
        said=Said.UNCERTAIN,
        status="PENDING_REVIEW",
        alarm="PayPal's capture is 'FROZEN': look it up there.",
    )
    await BillPayments(store, METHODS, Here()).report("paypal", report)
    return name


def claim(name: str, **fields: str) -> dict[str, str]:
    said = {"said": "paid", "amount": "45,00", "money_ref": "CAP-1", "reason": "seen"}
    return {"order_id": name, **said, **fields}


async def test_two_people_have_a_doubtful_payment_booked(
    store: Store, context: ContextKeeper, doubtful: str
) -> None:
    async with open_office(store, context, "fay", "ben") as (fay, ben):
        assert doubtful in await fay.open("/doubts")
        page = await fay.send("/doubts/claims", **claim(doubtful))
        assert "Somebody else has to confirm this." in page.text
        [path] = re.findall(r'action="(/doubts/claims/[^"]+)/decline"', page.text)
        refused = await fay.send(f"{path}/confirm")
        assert refused.status_code == 409
        assert "Somebody else must approve" in refused.text

        assert "Confirm and book" in await ben.open("/doubts")
        page = await ben.send(f"{path}/confirm")
        assert "Nothing is in doubt." in page.text
        again = await ben.send(f"{path}/confirm")
        assert again.status_code == 409
    bill, _ = read_order_id(doubtful)
    [paid] = await payments(store, bill)
    assert paid == ("payment", "paypal", 4500)
    entries = await PaymentLog(store).search(Search(text="confirm"))
    assert {each.controller_name for each in entries} == {"OfficeController"}


async def test_without_the_contract_nothing_is_booked_and_the_page_says_so(
    store: Store, context: ContextKeeper, doubtful: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_office(store, context, "fay", "ben", language="de") as (fay, ben):
        await fay.open("/doubts")
        page = await fay.send("/doubts/claims", **claim(doubtful))
        monkeypatch.delitem(METHODS, "paypal")
        [path] = re.findall(r'action="(/doubts/claims/[^"]+)/decline"', page.text)
        await ben.open("/doubts")
        refused = await ben.send(f"{path}/confirm")
        assert refused.status_code == 409
        assert "Der Vertrag mit PayPal ist hier nicht eingerichtet." in refused.text
        assert (await ben.send(f"{path}/decline")).status_code == 200


async def test_what_makes_no_sense_is_refused_in_the_readers_words(
    store: Store, context: ContextKeeper, doubtful: str
) -> None:
    async with open_office(store, context, "fay", language="de") as (fay,):
        await fay.open("/doubts")
        for fields, words in (
            ({"amount": "45,001"}, "ist kein Betrag."),
            ({"money_ref": ""}, "Nennen Sie die Bewegung wie der Anbieter"),
            ({"reason": " "}, "Sagen Sie warum"),
            ({"said": "stolen"}, "Sagen Sie, ob bezahlt"),
            ({"order_id": "x"}, "ist kein Versuch einer Rechnung von hier"),
            ({"said": "returned"}, "ist nicht verbucht"),
        ):
            page = await fay.send("/doubts/claims", **claim(doubtful, **fields))
            assert page.status_code == 409
            assert words in page.text
            await fay.open("/doubts")
        page = await fay.send("/doubts/close", order_id=doubtful, reason="")
        assert "Sagen Sie warum: Was zeigt das Back Office" in page.text
    refused = await PaymentLog(store).search(Search(severity=Severity.WARNING))
    assert len(refused) >= 7


async def test_what_a_provider_told_is_seen_to_once(
    store: Store, context: ContextKeeper, doubtful: str
) -> None:
    del doubtful
    async with open_office(store, context, "fay", language="de") as (fay,):
        page = await fay.open("/doubts")
        assert "Der Einzug bei PayPal steht auf „FROZEN“" in page
        [path] = re.findall(r'action="(/doubts/alarms/\d+/seen)"', page)
        page_after = await fay.send(path, note="captured by hand")
        assert "Nichts wurde gemeldet" in page_after.text
        assert (await fay.send(path)).status_code == 409
        # What nobody has.
        assert (await fay.send("/doubts/claims/x/confirm")).status_code == 404


async def test_a_top_up_that_the_ledger_refuses_is_shown_to_people(
    store: Store, context: ContextKeeper
) -> None:
    fair = await Fair.open(store)
    async with running_parts(store, context) as parts:
        wallet = await parts.wallet(0)
        attempt = await topped_up(fair, wallet, 2500)
        await run(
            store, "UPDATE bill_line SET wallet = 4000000 WHERE wallet = $1", wallet
        )
        await fair.say(attempt)
        for _ in range(2):  # it stays refused
            await BillBooker(store, parts.booking, EVENT).book()
    async with open_office(store, context, "fay", language="de") as (fay,):
        page = await fay.open("/")
        assert "1 Buchung, die das Hauptbuch ablehnt" in page
        page = await fay.open("/doubts")
        assert "Das Armband ist dem Hauptbuch unbekannt." in page
        assert attempt.reference in re.sub(r"\s", "", page)
        assert "25,00\N{NO-BREAK SPACE}€ · Gutschrift an den Empfänger" in page
        # It stands apart from the payments that providers don't know about.
        headings = re.findall(r"<h2>(.*?)</h2>", page)
        assert headings[:2] == ["Vom Hauptbuch abgelehnt", "Anbieter wissen es nicht"]

        [path] = re.findall(r'action="(/doubts/refused/[^"]+/seen)"', page)
        refused = await fay.send(path, note="")
        assert refused.status_code == 409
        assert "Sagen Sie in ein paar Worten" in refused.text
        page = (await fay.send(path, note="Bar zurückgegeben.")).text
        assert "Vom Hauptbuch abgelehnt" not in page
        assert "Auf Sie wartet nichts." in await fay.open("/")
        page = await fay.open("/doubts/seen")
        assert attempt.reference in re.sub(r"\s", "", page)
        assert re.search(r"Abgehakt von fay, .+: Bar zurückgegeben\.", page)
        await fay.open("/doubts")
        assert (await fay.send(path, note="noch einmal")).status_code == 409
