from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hub.service.bill_booker import BillBooker
from hub.service.context import ContextKeeper
from hub.store.store import Store
from tests.hub import samples
from tests.hub.hubs import running_parts
from tests.hub.service.bank_desk import EVENT, add_bill, bank_file, credit, take
from tests.hub.service.test_settlements import open_until
from tests.hub.web.bank_office import hire
from tests.hub.web.test_office import PIN

if TYPE_CHECKING:
    from tests.hub.commands.conftest import Office


@pytest.fixture
def paid(hub: Office, one_database: str) -> Office:
    """A bill of 45.00 that is paid and booked, after the deadline."""

    async def pay() -> None:
        store = await Store.open(one_database)
        try:
            await hire(store)
            context = ContextKeeper(store, samples.EVENT.slug)
            await context.refresh()
            await open_until(store)
            bill = await add_bill(store)
            await take(store, bank_file(credit("45.00", bill, ref="A")))
            async with running_parts(store, context) as parts:
                await BillBooker(store, parts.booking, EVENT).book()
        finally:
            await store.close()

    asyncio.run(pay())
    return hub


def test_two_people_settle_by_command(paid: Office) -> None:
    (due,) = paid.figures("settle", "show")["due"]
    assert (due["competition"], due["payout_minor"]) == ("fox-run", 4500)

    made = paid.figures("settle", "propose", "fox-run", "--by", "fay", typed=PIN)
    assert (made["state"], made["payout_minor"]) == ("drawn_up", 4500)
    approve = ("settle", "approve", str(made["id"]), "--by")
    again = paid(*approve, "fay", typed=PIN)
    assert (again.code, again.errors) == (
        1,
        "Somebody else must approve what you drew up.\n",
    )
    wrong = paid(*approve, "ben", typed="0000")
    assert wrong.code == 1
    assert "don't match" in wrong.errors
    assert paid.figures(*approve, "ben", typed=PIN)["state"] == "approved"

    out = ("--out", paid.folder)
    figures = paid.figures("settle", "file", *out, "--by", "ben", typed=PIN)
    (path,) = paid.folder.glob("KB*.xml")
    assert figures == {"files": [str(path)]}
    assert b'<InstdAmt Ccy="EUR">45.00</InstdAmt>' in path.read_bytes()
    statement = paid.folder / "fox.pdf"
    paid.figures("settle", "statement", str(made["id"]), "--out", statement)
    assert statement.read_bytes().startswith(b"%PDF")
    assert "45.00 EUR, filed (by fay, approved by ben)" in paid("settle", "show").out


def test_what_is_not_allowed_says_why(paid: Office) -> None:
    said = paid("settle", "propose", "cat-run", "--by", "fay", typed=PIN)
    assert said.code == 1
    assert "no competition 'cat-run'" in said.errors
    out = ("--out", paid.folder, "--by", "fay")
    said = paid("settle", "file", *out, typed=PIN)
    assert "Nothing is approved" in said.errors
    said = paid("settle", "statement", "9", "--out", paid.folder / "x.pdf")
    assert "no settlement 9" in said.errors
    paid.figures("settle", "propose", "fox-run", "--by", "fay", typed=PIN)
    made = paid.figures("settle", "show")["settlements"][0]
    gone = paid.figures("settle", "withdraw", str(made["id"]), "--by", "fay", typed=PIN)
    assert gone["state"] == "withdrawn"
