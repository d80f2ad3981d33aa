from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contract.staff import Right, StaffRole
from hub.service.staff import NewMember, put_member, put_role
from tests.hub import samples
from tests.hub.service.bank_desk import EVENT, add_bill, bank_file, credit, run, take
from tests.hub.service.test_settlements import open_until
from tests.hub.web.bank_office import open_office
from tests.hub.web.test_office import PIN

if TYPE_CHECKING:
    from hub.service.context import ContextKeeper
    from hub.store.store import Store


def tasks(page: str) -> dict[str, str]:
    """What the page says is to be done, with where."""
    found = re.findall(r'<a href="([^"]+)"><strong>([^<]+)</strong>', page)
    return {what: where for where, what in found}


async def test_who_begins_sees_what_waits(store: Store, context: ContextKeeper) -> None:
    bill, other = await add_bill(store), await add_bill(store, 1)
    async with open_office(store, context, "fay", language="de") as (fay,):
        assert "Auf Sie wartet nichts." in await fay.open("/")

        await take(store, bank_file(credit("50.00", bill), credit("7.00", text="?")))
        await run(store, "UPDATE bill SET locked_to = 'slip', locked_at = now()")
        await run(
            store,
            "INSERT INTO payment_attempt (bill, number, method, state, principal_minor,"
            " surcharge_minor) VALUES ($1, 1, 'paypal', 'uncertain', 4500, 0)",
            other,
        )
        await open_until(store)
        assert tasks(await fay.open("/")) == {
            "1 ungeklärte Zahlung": "/doubts",
            "1 Gutschrift der Bank, die keine Rechnung nennt": "/bank",
            "1 überzahlte Rechnung": "/refunds",
            "2 Einzahlungsscheine zu verschicken": "/slips",
        }


async def test_who_closes_shifts_sees_nothing_of_the_money(
    store: Store, context: ContextKeeper
) -> None:
    await put_role(store, EVENT, StaffRole(name="boss", rights=(Right.CLOSE_SHIFTS,)))
    sue = NewMember(id="sue", name="Sue", uid=samples.uid(240), roles=["boss"], pin=PIN)
    await put_member(store, EVENT, sue)
    await take(store, bank_file(credit("7.00", text="?")))
    async with open_office(store, context, "sue") as (sue_there,):
        page = await sue_there.open("/")
        assert "Nothing waits for you." in page
        for path in (
            "/bank",
            "/slips",
            "/refunds",
            "/settlements",
            "/doubts",
            "/flags",
        ):
            assert f'href="{path}"' not in page
            await sue_there.open(path)
            assert sue_there.page.status_code == 403
        # Nor can a form be sent there.
        await sue_there.send("/payout-files", execute_on="2030-01-01")
        assert sue_there.page.status_code == 403
