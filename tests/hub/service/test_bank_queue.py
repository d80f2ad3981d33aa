from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hub.core.bills.errors import NotAllowed
from hub.core.bills.matching import Part
from hub.service.bank_queue import BankQueue
from tests.hub.payments.bank_files import Entry
from tests.hub.service.bank_desk import (
    EVENT,
    add_bill,
    bank_file,
    credit,
    payments,
    steps,
    take,
    told,
)

if TYPE_CHECKING:
    from hub.service.bank_queue import BankCredit
    from hub.store.store import Store


async def queue_of(store: Store, *entries: Entry) -> tuple[BankQueue, BankCredit]:
    await take(store, bank_file(*entries))
    queue = BankQueue(store, EVENT)
    (waiting, *_) = await queue.waiting()
    return queue, waiting


async def test_a_credit_is_assigned_to_a_bill(store: Store) -> None:
    bill = await add_bill(store)
    queue, waiting = await queue_of(store, credit("45.00", text="Startgeld", ref="A"))
    assert (waiting.amount_minor, waiting.payer_name) == (4500, "Pia Muster")
    assert waiting.about == "It names no bill in a form with a right check digit."

    await queue.assign(waiting.id, [Part(bill, 4500)], turn=1, by="ann")

    assert await queue.waiting() == ()
    assert await payments(store, bill) == [("payment", "ebanking", 4500)]
    assert await steps(store, bill) == ["payment", "release"]
    opened = await queue.open(waiting.id)
    assert opened is not None
    assert opened.parts == (Part(bill, 4500),)
    assert (opened.credit.decision, opened.credit.decided_by) == ("assigned", "ann")


async def test_a_credit_is_split_over_several_bills(store: Store) -> None:
    bill, other = await add_bill(store), await add_bill(store, 1)
    queue, waiting = await queue_of(store, credit("50.00", text="beide", ref="A"))

    parts = [Part(bill, 4500), Part(other, 500)]
    await queue.assign(waiting.id, parts, turn=1, by="ann")

    assert await payments(store, bill) == [("payment", "ebanking", 4500)]
    assert await payments(store, other) == [("payment", "ebanking", 500)]


async def test_bills_are_suggested_by_amount_and_name(store: Store) -> None:
    bill = await add_bill(store)
    await add_bill(store, 1, total_minor=9900, payer="Otto Anders")
    named = await add_bill(store, 2, total_minor=9900, payer="Pia Muster-Meier")
    queue, waiting = await queue_of(store, credit("45.00", text="Danke", ref="A"))

    opened = await queue.open(waiting.id)

    assert opened is not None
    assert [each.reference for each in opened.suggestions] == [bill, named]


async def test_what_is_assigned_wrongly_is_put_back(store: Store) -> None:
    wrong, right = await add_bill(store), await add_bill(store, 1)
    queue, waiting = await queue_of(store, credit("45.00", text="?", ref="A"))
    await queue.assign(waiting.id, [Part(wrong, 4500)], turn=1, by="ann")

    await queue.undo(waiting.id, turn=2, by="bob", note="meant the other bill")

    (back,) = await queue.waiting()
    assert (back.turn, back.note) == (2, "meant the other bill")
    assert await payments(store, wrong) == [
        ("payment", "ebanking", 4500),
        ("chargeback", "ebanking", 4500),
    ]
    assert await steps(store, wrong) == ["payment", "release", "return", "retake"]
    await queue.assign(waiting.id, [Part(right, 4500)], turn=3, by="bob")
    assert await payments(store, right) == [("payment", "ebanking", 4500)]


async def test_what_the_import_booked_can_be_put_back_too(store: Store) -> None:
    bill = await add_bill(store)
    await take(store, bank_file(credit("45.00", bill, ref="A")))
    queue = BankQueue(store, EVENT)
    (found,) = await queue.find("muster")

    await queue.undo(found.id, turn=1, by="ann", note="typed a friend's reference")

    assert [each.id for each in await queue.waiting()] == [found.id]
    assert len(await payments(store, bill)) == 2


async def test_setting_aside_needs_a_reason_and_can_be_undone(store: Store) -> None:
    queue, waiting = await queue_of(store, credit("45.00", text="?", ref="A"))
    with pytest.raises(NotAllowed, match="Say why"):
        await queue.set_aside(waiting.id, turn=1, by="ann", note=" ")

    await queue.set_aside(waiting.id, turn=1, by="ann", note="rent of the hall")
    assert await queue.waiting() == ()
    assert [each.decision for each in await queue.decided()] == ["set_aside"]

    await queue.undo(waiting.id, turn=2, by="ann", note="")
    assert len(await queue.waiting()) == 1
    assert await queue.decided() == ()


async def test_a_payment_taken_back_is_taken_off_its_bill(store: Store) -> None:
    bill = await add_bill(store)
    await take(store, bank_file(credit("45.00", bill, ref="A")))
    back = credit("45.00", bill, ref="B", direction="DBIT", reversal="true")
    await take(store, bank_file(back, message="M2"))
    queue = BankQueue(store, EVENT)
    (waiting,) = await queue.waiting()

    await queue.assign(waiting.id, [Part(bill, 4500)], turn=1, by="ann")

    assert await payments(store, bill) == [
        ("payment", "ebanking", 4500),
        ("chargeback", "ebanking", 4500),
    ]


async def test_two_people_at_once_decide_once(store: Store) -> None:
    bill, other = await add_bill(store), await add_bill(store, 1)
    queue, waiting = await queue_of(store, credit("45.00", text="?", ref="A"))

    said = await asyncio.gather(
        *(
            queue.assign(waiting.id, [Part(each, 4500)], turn=1, by="ann")
            for each in (bill, other)
        ),
        return_exceptions=True,
    )

    assert [type(each) for each in said].count(NotAllowed) == 1
    booked = [*await payments(store, bill), *await payments(store, other)]
    assert booked == [("payment", "ebanking", 4500)]


async def test_what_does_not_add_up_is_refused(store: Store) -> None:
    bill = await add_bill(store)
    queue, waiting = await queue_of(store, credit("45.00", text="?", ref="A"))
    cases: list[tuple[list[Part], str]] = [
        ([], "1 to 20 bills"),
        ([Part(bill, 4400)], "add up to 44.00, the credit is 45.00 EUR"),
        ([Part(bill, 4600), Part(bill, -100)], "more than zero"),
        ([Part(bill, 4400), Part(bill, 100)], "named twice"),
        ([Part("0" * 27, 4500)], "There is no bill"),
    ]

    for parts, sentence in cases:
        with pytest.raises(NotAllowed, match=sentence):
            await queue.assign(waiting.id, parts, turn=1, by="ann")
    with pytest.raises(NotAllowed, match="Somebody else"):
        await queue.assign(waiting.id, [Part(bill, 4500)], turn=2, by="ann")
    with pytest.raises(NotAllowed, match="no credit"):
        await queue.assign(waiting.id + 99, [Part(bill, 4500)], turn=1, by="ann")

    assert await payments(store, bill) == []
    assert len(await queue.waiting()) == 1


async def test_a_sum_that_was_assigned_is_known_when_its_parts_come(
    store: Store,
) -> None:
    bill = await add_bill(store)
    total = Entry("45.00", "EUR", ref="A", announced="2", details=[])
    queue, waiting = await queue_of(store, total)
    await queue.assign(waiting.id, [Part(bill, 4500)], turn=1, by="ann")

    parts = bank_file(credit("45.00", bill, ref="A"), message="M2")

    assert told(await take(store, parts)) == [("unassigned", "maybe_known")]
