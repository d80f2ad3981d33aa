from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from hub.service.bill_booker import BillBooker
from tests.hub import people
from tests.hub.service.billing import EVENT, Fair, look, paying
from tests.hub.store.ledgers import each_amount

if TYPE_CHECKING:
    from hub.store.store import Store
    from tests.hub.hubs import Parts


@pytest_asyncio.fixture
async def fair(store: Store) -> Fair:
    return await Fair.open(store)


@pytest.fixture
def booker(fair: Fair, parts: Parts) -> BillBooker:
    return BillBooker(fair.store, parts.booking, EVENT)


TAMPERING = {
    "UPDATE payment SET principal_minor = principal_minor + 1": "other amounts",
    "UPDATE payment SET fee_minor = 1": "another fee",
    "DELETE FROM payment WHERE till IS NULL": "there is no payment",
    "DELETE FROM payment WHERE till IS NOT NULL": "there is no such payment",
    "UPDATE payment SET principal_minor = 1 WHERE till IS NOT NULL": (
        "is not what order"
    ),
    "DELETE FROM bill_entry WHERE step = 'payment'": "is not given to the ledger",
    "DELETE FROM bill_entry WHERE step = 'fee'": "is not booked",
    "DELETE FROM bill_entry WHERE step = 'release'": "its steps say 0 (none)",
    "UPDATE bill_entry SET passed_minor = 1 WHERE step = 'release'": (
        "does not follow from the ones before it"
    ),
    "UPDATE bill_entry SET body = 'x'": "can't be read",
    "UPDATE bill_entry SET batch = 99999": "noted as booked in batch 99999",
    "UPDATE bill_entry SET order_id = gen_random_uuid() WHERE step = 'release'": (
        "knows nothing of it"
    ),
    "UPDATE bill SET total_minor = 1": "its total says 1",
    "UPDATE bill_line SET amount_minor = amount_minor + 1": (
        "not about this bill's lines"
    ),
    "UPDATE bill SET canceled_at = now()": "0 of it is to be passed on",
    "DELETE FROM bill": "there is no such bill",
    f"UPDATE entry SET amounts = {each_amount('n * 2')}": "Its account holds",
}


@pytest.mark.parametrize("change", TAMPERING, ids=lambda text: text[:50])
async def test_tampering_with_bills_is_found(
    fair: Fair, booker: BillBooker, parts: Parts, change: str
) -> None:
    pia = await fair.user()
    await fair.say(await fair.attempt(pia, await fair.bill(pia)), fee_minor=130)
    await people.advise(parts, paying(await fair.bill(pia), 5500))
    await booker.book()
    if "amounts" in change:  # one bill that still holds something
        attempt = await fair.attempt(pia, await fair.bill(pia))
        await fair.say(attempt, amount_minor=2000, money_ref="part")
        await booker.book()
    text = "UPDATE batch SET booked_at = now() - interval '1 hour'"
    await fair.tamper(text, change)

    report = await look(parts)

    assert any(
        each.check == "bill" and TAMPERING[change] in each.text
        for each in report.findings
    ), report.findings
