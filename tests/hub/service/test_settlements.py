from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hub.core.bills.errors import NotAllowed
from hub.core.bills.matching import Part
from hub.service.bank_queue import BankQueue
from hub.service.bill_booker import BillBooker
from hub.service.payout_booker import PayoutBooker
from hub.service.payout_files import PayoutFiles
from hub.service.settlements import Settlements
from hub.service.slips import Slips
from hub.service.transfers import Transfers
from hub.service.verification import verify
from tests.hub.service.bank_desk import (
    EVENT,
    PAYEE,
    add_bill,
    add_competition,
    bank_file,
    credit,
    run,
    take,
)

if TYPE_CHECKING:
    from hub.store.store import Store
    from tests.hub.hubs import Parts

DEADLINE = datetime(2026, 5, 1, tzinfo=UTC)
AFTER = DEADLINE + timedelta(days=1)
RUN = "fox-run"


class Office:
    """Everything that settles, with a clock that stands after the deadline."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.store = parts, parts.store
        self.settlements = Settlements(parts.store, EVENT, lambda: AFTER)
        self.files = PayoutFiles(parts.store, EVENT, lambda: AFTER)
        self._message = 0

    async def pay(self, reference: str, amount: str, *, kept: str = "") -> None:
        self._message += 1
        entry = credit(amount, reference, ref=f"E{self._message}")
        if kept:
            charged = f'<TtlChrgsAndTaxAmt Ccy="EUR">{kept}</TtlChrgsAndTaxAmt>'
            entry.details[0].more = f"<Chrgs>{charged}</Chrgs>"
        await take(self.store, bank_file(entry, message=f"M{self._message}"))
        await self.book()

    async def book(self) -> None:
        booking = self.parts.booking
        await BillBooker(self.store, booking, EVENT).book()
        await PayoutBooker(self.store, booking, EVENT).book()

    async def settle(self) -> int:
        made = await self.settlements.draw_up(RUN, "ann")
        await self.settlements.approve(made.id, "bob")
        if made.payout_minor:
            await self.files.make("ann", AFTER.date())
        await self.book()
        return made.payout_minor

    async def finds_nothing(self) -> bool:
        event = await self.parts.context.refresh()
        report = await verify(self.store, EVENT, event.incarnation)
        assert report.findings == ()
        return report.ok


@pytest.fixture
def office(parts: Parts) -> Office:
    return Office(parts)


async def open_until(store: Store, deadline: datetime = DEADLINE) -> None:
    competition = await add_competition(store)
    await run(
        store,
        "INSERT INTO start_fee (competition, category, deadline, amount_minor) "
        "VALUES ($1, NULL, $2, 4500)",
        competition,
        deadline,
    )


async def test_the_organizer_gets_paid_bills_less_fees(office: Office) -> None:
    await open_until(office.store)
    await office.pay(await add_bill(office.store), "45.00", kept="2.95")
    await office.pay(await add_bill(office.store, 1), "20.00")  # a part: not yet his

    (due,) = await office.settlements.due()
    assert due.settlement is not None
    made = await office.settlements.draw_up(RUN, "ann")

    assert (made.paid_bills_minor, made.method_fees_minor) == (4500, -295)
    assert made.payout_minor == due.settlement.payout_minor == 4205
    assert made.payee is not None
    assert made.payee.iban == PAYEE["iban"]
    lines = await office.settlements.lines(made.id)
    assert sorted((line.share.value, line.amount_minor) for line in lines) == [
        ("method_fees", -295),
        ("paid_bills", 4500),
    ]


async def test_a_posted_slip_is_taken_off_what_the_organizer_gets(
    office: Office,
) -> None:
    await open_until(office.store)
    bill = await add_bill(office.store, locked_to="slip")
    await run(
        office.store,
        "INSERT INTO competition_method (competition, method, fixed_minor) "
        "SELECT id, 'slip', 200 FROM competition",
    )
    await Slips(office.store, EVENT, Transfers(office.store)).mark_sent(bill, "ann")
    await office.pay(bill, "45.00")

    assert await office.settle() == 4300
    assert await office.finds_nothing()


async def test_two_people_pay_out_and_the_ledger_books_it(office: Office) -> None:
    await open_until(office.store)
    await office.pay(await add_bill(office.store), "45.00")
    made = await office.settlements.draw_up(RUN, "ann")

    with pytest.raises(NotAllowed, match="Somebody else must approve"):
        await office.settlements.approve(made.id, "ann")
    with pytest.raises(NotAllowed, match="Nothing is approved"):
        await office.files.make("ann", AFTER.date())
    await office.settlements.approve(made.id, "bob")
    with pytest.raises(NotAllowed, match="approved already"):
        await office.settlements.approve(made.id, "cid")
    (file,) = await office.files.make("ann", AFTER.date())
    await office.book()
    await office.book()

    done = await office.settlements.one(made.id)
    assert done is not None
    assert (done.state, done.approved_by) == ("booked", "bob")
    name, body = await office.files.read(file) or ("", b"")
    assert name.endswith(".xml")
    assert b'<InstdAmt Ccy="EUR">45.00</InstdAmt>' in body
    assert b"<IBAN>DE89370400440532013000</IBAN>" in body
    (listed,) = await office.files.made()
    assert (listed.total_minor, listed.payouts) == (4500, 1)
    with pytest.raises(NotAllowed, match="Nothing has moved"):
        await office.settlements.draw_up(RUN, "ann")
    assert await office.finds_nothing()

    await run(office.store, "UPDATE settlement SET payout_minor = payout_minor + 1")
    incarnation = office.parts.context.current.incarnation
    report = await verify(office.store, EVENT, incarnation)
    assert {each.check for each in report.findings} == {"settlement"}


async def test_later_payments_are_in_the_next_one(office: Office) -> None:
    await open_until(office.store)
    bills = [await add_bill(office.store, number) for number in range(2)]
    await office.pay(bills[0], "45.00")
    assert await office.settle() == 4500

    await office.pay(bills[1], "45.00")

    assert await office.settle() == 4500
    assert await office.finds_nothing()


async def test_a_crash_before_noting_it_keeps_the_batch_that_booked_it(
    office: Office,
) -> None:
    await open_until(office.store)
    bills = [await add_bill(office.store, number) for number in range(2)]
    await office.pay(bills[0], "45.00")
    assert await office.settle() == 4500
    [before] = await run(office.store, "SELECT batch FROM settlement")
    await run(office.store, "UPDATE settlement SET batch = NULL")
    await office.pay(bills[1], "45.00")

    await office.book()

    [after] = await run(office.store, "SELECT batch FROM settlement")
    assert after["batch"] == before["batch"]


async def test_what_goes_back_later_is_carried_forward(office: Office) -> None:
    await open_until(office.store)
    bills = [await add_bill(office.store, number) for number in range(3)]
    await office.pay(bills[0], "45.00")
    assert await office.settle() == 4500
    back = credit("45.00", bills[0], ref="B", direction="DBIT", reversal="true")
    await take(office.store, bank_file(back, message="back"))
    queue = BankQueue(office.store, EVENT)
    (waiting,) = await queue.waiting()
    await queue.assign(waiting.id, [Part(bills[0], 4500)], turn=1, by="ann")
    await office.book()

    assert await office.settle() == 0
    (last, _) = await office.settlements.all()
    assert (last.taken_back_minor, last.carried_out_minor) == (-4500, -4500)
    assert last.state == "closed"

    for each in bills[1:]:
        await office.pay(each, "45.00")
    assert await office.settle() == 4500
    (last, *_) = await office.settlements.all()
    assert (last.paid_bills_minor, last.carried_in_minor) == (9000, -4500)
    assert await office.finds_nothing()


async def test_a_settlement_that_was_withdrawn_is_drawn_up_anew(
    office: Office,
) -> None:
    await open_until(office.store)
    await office.pay(await add_bill(office.store), "45.00")
    made = await office.settlements.draw_up(RUN, "ann")
    with pytest.raises(NotAllowed, match="under way"):
        await office.settlements.draw_up(RUN, "bob")

    await office.settlements.withdraw(made.id, "bob")
    with pytest.raises(NotAllowed, match="withdrawn"):
        await office.settlements.approve(made.id, "bob")

    again = await office.settlements.draw_up(RUN, "bob")
    assert (again.number, again.payout_minor) == (2, 4500)
    with pytest.raises(NotAllowed, match="Somebody else"):
        await office.settlements.approve(again.id, "bob")


async def test_nobody_is_settled_too_early_or_without_an_account(
    office: Office,
) -> None:
    await open_until(office.store, AFTER)
    await office.pay(await add_bill(office.store), "45.00")
    with pytest.raises(NotAllowed, match="after its registration deadline"):
        await office.settlements.draw_up(RUN, "ann")
    (due,) = await office.settlements.due()
    assert due.settlement is None
    assert due.why_not is not None

    late = Settlements(office.store, EVENT, lambda: AFTER + timedelta(days=1))
    await run(office.store, "UPDATE competition SET payee = NULL")
    with pytest.raises(NotAllowed, match="no account of the organizer Fox Run"):
        await late.draw_up(RUN, "ann")
    with pytest.raises(NotAllowed, match="no competition"):
        await late.draw_up("cat-run", "ann")


async def test_a_ledger_that_says_otherwise_is_not_settled(office: Office) -> None:
    await open_until(office.store)
    await office.pay(await add_bill(office.store), "45.00")
    await run(
        office.store,
        "DO $$ BEGIN SET session_replication_role = replica; "
        "UPDATE entry SET amounts = array_replace(amounts, 4500, 4600) WHERE "
        "(SELECT id FROM account WHERE role = 'organizer_payable') = ANY (accounts); "
        "END $$",
    )

    with pytest.raises(NotAllowed, match=r"owes fox-run 46\.00, its bills say 45\.00"):
        await office.settlements.draw_up(RUN, "ann")


async def test_a_day_that_is_over_is_refused(office: Office) -> None:
    with pytest.raises(NotAllowed, match="The day to pay on is over"):
        await office.files.make("ann", date(2026, 5, 1))
