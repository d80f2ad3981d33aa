from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from contract.anchors import JournalAnchors, RememberedHead
from contract.ids import TillId
from contract.messages import encode_advice
from contract.order import Order, Outcome, Path
from hub.core import chain
from hub.core.booking import advice_item, block_item
from hub.core.records import read_postings
from hub.service import verification
from hub.service.chain_check import FIELDS
from hub.service.order_check import Signatures
from hub.service.restoring import begin_incarnation
from hub.service.verification import Report, verify
from hub.store.queries import QUERIES
from tests.hub.samples import EVENT, advice, order
from tests.hub.signing import signed
from tests.hub.store.ledgers import Bench, aborted, asked, completed, each_amount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from hub.core.booking import Item, Result

# What somebody with the owner's password could do, and which check must notice.
TAMPERING = {
    f"UPDATE entry SET amounts = {each_amount('CASE WHEN n > 0 THEN 1 ELSE n END')}": (
        "entry"
    ),
    f"UPDATE entry SET amounts = {each_amount('n * 2')}": "order",
    "UPDATE entry SET voucher_accounts = accounts, voucher_amounts = amounts,"
    " accounts = '{}', amounts = '{}' WHERE accounts <> '{}'": "order",
    "UPDATE entry SET accounts = array_replace(accounts,"
    " (SELECT id FROM account WHERE role = 'tax'),"
    " (SELECT id FROM account WHERE role = 'provider_clearing'))": "order",
    "UPDATE entry SET accounts = '{}', amounts = '{}'": "chain",
    "UPDATE entry SET accounts = accounts[2:], amounts = amounts[2:]": "entry",
    "UPDATE entry SET accounts = accounts || accounts, amounts = amounts || amounts": (
        "entry"
    ),
    "ALTER TABLE entry DROP CONSTRAINT entry_check2; UPDATE entry SET"
    " voucher_accounts = '{{1,2}}', voucher_amounts = '{{1,-1}}'": "entry",
    "UPDATE entry SET accounts[1] = 4000000 WHERE accounts <> '{}'": "entry",
    "UPDATE wallet SET balance_minor = balance_minor + 100": "balance",
    "UPDATE wallet SET vouchers = vouchers + 1": "balance",
    "UPDATE wallet SET overdraft_minor = overdraft_minor + 100": "balance",
    "UPDATE wallet SET cap_minor = 1000000, excess_minor = 100": "balance",
    "UPDATE holding SET balance_minor = balance_minor + 1": "balance",
    "DELETE FROM holding": "balance",
    "UPDATE attempt SET balance_minor = 0": "chain",
    "UPDATE attempt SET reason = 'blocked_wristband' WHERE reason IS NULL": "verdict",
    "UPDATE attempt SET reason = NULL": "verdict",
    "UPDATE attempt SET body = 'x'": "digest",
    "UPDATE attempt SET body = 'x', digest = sha256('x')": "verdict",
    "UPDATE attempt SET till = 'bar-2'": "verdict",
    "DELETE FROM attempt": "verdict",
    "UPDATE attempt SET batch = 4000000": "chain",
    "UPDATE attempt SET batch = -1": "chain",
    "UPDATE outcome SET flags = '{}'": "chain",
    "UPDATE outcome SET payer = payer + 1": "outcome",
    "UPDATE outcome SET advice = replace(convert_from(advice, 'UTF8'), 'bar-1',"
    " 'bar-2')::bytea": "digest",
    "UPDATE outcome SET outcome = 'completed' WHERE outcome = 'aborted'": "outcome",
    "DELETE FROM outcome": "order",
    "DELETE FROM entry WHERE cause = 'advice'": "order",
    "DELETE FROM entry WHERE cause = 'reversal'": "order",
    "UPDATE entry SET cause = 'advice' WHERE cause = 'request'": "outcome",
    "UPDATE entry SET reverses = 1 WHERE reverses IS NOT NULL": "reversal",
    "UPDATE entry SET cancels = NULL": "order",
    "UPDATE entry SET id = id + 1000": "chain",
    f"UPDATE entry SET amounts = {each_amount('n * 2')} WHERE cause = 'reversal'": (
        "reversal"
    ),
    "UPDATE batch SET chain_head = sha256('x') WHERE number = 2": "chain",
    "UPDATE batch SET last_entry = last_entry + 1 WHERE number = 2": "chain",
    "DELETE FROM batch WHERE number = 2": "chain",
    "DELETE FROM incarnation": "chain",
    "UPDATE incarnation SET id = gen_random_uuid()": "chain",
    "UPDATE event SET incarnation = gen_random_uuid()": "chain",
    "UPDATE wristband_change SET blocked = false": "wristband",
    "UPDATE wristband SET blocked = false": "wristband",
    "UPDATE signature SET counter = counter + 1": "signature",
    "DELETE FROM signature": "signature",
    "UPDATE catalogue SET body = 'x'": "catalogue",
    "UPDATE outcome SET sequence = sequence + 100": "outcome",
    "UPDATE outcome SET z_number = z_number + 1": "outcome",
    "UPDATE event SET currency = 'CHF'": "order",
    "DELETE FROM movement": "history",
    "UPDATE movement SET wallet = wallet + 1": "history",
    "UPDATE movement SET order_id = gen_random_uuid()": "history",
    "UPDATE guests_money SET excess_minor = 5, cap_minor = 100000": "balance",
    "UPDATE wallet SET used = NOT used": "balance",
}


@pytest_asyncio.fixture
async def bench(one_database: str) -> AsyncIterator[Bench]:
    """A ledger in which a bit of everything has happened."""
    async with AsyncExitStack() as stack:
        opened = await Bench.open(one_database, stack)
        wallet = await opened.wallet(500)
        sale = order(300, wallet)
        await opened.book(asked(sale), advised(sale, 1))
        await opened.book(completed(order(1190)))
        await opened.book(completed(order(400, wallet), Path.STAND_IN))
        late = order(100, await opened.wallet(100))
        await opened.book(asked(late), asked(again(late)), asked(order(999, wallet)))
        await opened.book(aborted(again(late)))
        undo = order(-300, wallet, cancels=sale.id)
        await opened.book(asked(undo), completed(undo))
        await opened.book(block_item(uuid4(), wallet, blocked=True))
        yield opened


def again(sale: Order) -> Order:
    return msgspec.structs.replace(sale, attempt=2)


def advised(sale: Order, number: int) -> Item:
    """The advice of a sale, signed."""
    said = advice(sale, signature=signed(sale, Outcome.COMPLETED, number))
    return advice_item(said, sale, encode_advice(said))


async def tamper(bench: Bench, *changes: str) -> None:
    owner = await asyncpg.connect(bench.dsn)
    try:
        await owner.execute("SET session_replication_role = replica")  # no triggers
        for change in changes:
            await owner.execute(change)
    finally:
        await owner.close()


async def look(bench: Bench, **options: Any) -> Report:
    row = await bench.store.fetch_row("event_by_slug", EVENT.slug)
    assert row is not None
    return await verify(bench.store, EVENT.number, row["incarnation"], **options)


def checks(report: Report) -> set[str]:
    return {each.check for each in report.findings}


async def test_an_honest_ledger_is_well(bench: Bench) -> None:
    report = await bench.verify()

    assert report.ok, report.findings
    assert (report.orders, report.batches) == (5, 10)
    assert (report.entries, report.losses) == (11, 1)
    assert (report.signatures, report.signatures_computed) == (1, 1)


@pytest.mark.parametrize("change", TAMPERING, ids=lambda text: text[:40])
async def test_tampering_is_found(bench: Bench, change: str) -> None:
    await tamper(bench, change)

    report = await bench.verify()

    assert not report.ok
    assert TAMPERING[change] in checks(report), report.findings
    assert all(each.where and each.text for each in report.findings)


async def test_it_names_the_order_that_was_changed(bench: Bench) -> None:
    sale = order(250)
    await bench.book(completed(sale))
    await tamper(
        bench,
        f"UPDATE entry SET amounts = {each_amount('n * 2')}"
        f" WHERE order_id = '{sale.id}'",
    )

    findings = (await bench.verify()).findings

    assert {each.where for each in findings if each.check == "order"} == {
        f"order {sale.id}"
    }


# --- signatures ----------------------------------------------------------------------


async def test_a_signature_found_right_is_remembered(bench: Bench) -> None:
    first, second = await look(bench), await look(bench)

    assert (first.signatures_computed, first.signatures_known) == (1, 0)
    assert (second.signatures_computed, second.signatures_known) == (0, 1)
    assert (await look(bench, signatures=Signatures.ALL)).signatures_computed == 1


@pytest.mark.parametrize("how", [Signatures.NONE, Signatures.SAMPLE])
async def test_what_was_left_out_is_said(
    bench: Bench, how: Signatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)  # not in the sample

    report = await look(bench, signatures=how)

    assert (report.signatures_computed, report.signatures_skipped) == (0, 1)


async def test_a_forged_signature_is_found_by_its_key(bench: Bench) -> None:
    sale = order(700)
    right = signed(sale, Outcome.COMPLETED, 2)
    value = bytes([right.value[0] ^ 1]) + right.value[1:]
    said = advice(sale, signature=msgspec.structs.replace(right, value=value))
    await bench.book(advice_item(said, sale, encode_advice(said)))

    report = await bench.verify()

    (finding,) = report.findings
    assert (finding.check, finding.where) == ("signature", f"order {sale.id}")
    assert "does not match" in finding.text


async def test_a_signature_of_another_sale_is_found(bench: Bench) -> None:
    sale = order(700)
    said = advice(sale, signature=signed(order(70), Outcome.COMPLETED, 2))
    await bench.book(advice_item(said, sale, encode_advice(said)))

    assert "signed text is not that of the order" in str(await bench.verify())


async def test_a_remembered_signature_counts_for_its_advice_only(bench: Bench) -> None:
    await bench.verify()
    await tamper(bench, "UPDATE signature_check SET advice_digest = sha256('other')")

    assert (await bench.verify()).signatures_computed == 1


# --- who watches the owner -----------------------------------------------------------


def remembered(*answers: Result, incarnation: UUID) -> JournalAnchors:
    """What a till's journal holds after these answers."""
    return JournalAnchors(
        till=TillId("bar-1"),
        event=EVENT.slug,
        anchors=tuple(
            RememberedHead(incarnation, each.batch, each.chain_head.hex())
            for each in answers
        ),
    )


async def incarnation_of(bench: Bench) -> UUID:
    row = await bench.store.fetch_row("event_by_slug", EVENT.slug)
    assert row is not None
    found: UUID = row["incarnation"]
    return found


async def rechain(bench: Bench) -> None:
    """Give every batch the head that its records now give."""
    owner = await asyncpg.connect(bench.dsn)
    await owner.execute("SET session_replication_role = replica")
    span = (EVENT.number, 0, 2**62)
    lines: dict[int, list[bytes]] = {}
    for kind, names in FIELDS.items():
        for row in await owner.fetch(QUERIES[f"chain_{kind}"], *span):
            fields = [row[name] for name in names]
            if kind == "entry":
                fields.append(read_postings(row))
            lines.setdefault(row["batch"], []).append(chain.line(kind, *fields))
    batches = await owner.fetch(QUERIES["verify_batches"], *span)
    head = batches[0]["chain_head"]
    for batch in batches[1:]:
        head = chain.next_head(head, lines.get(batch["number"], ()))
        await owner.execute(
            "UPDATE batch SET chain_head = $1 WHERE number = $2", head, batch["number"]
        )
    await owner.close()


async def test_a_chain_rewritten_whole_is_known_by_the_tills(bench: Bench) -> None:
    (answer,) = await bench.book(completed(order(50)))
    journal = remembered(answer, incarnation=await incarnation_of(bench))
    honest = await look(bench, journals=[journal])
    await tamper(bench, "UPDATE attempt SET balance_minor = 7 WHERE till IS NOT NULL")
    await rechain(bench)

    alone, compared = await look(bench), await look(bench, journals=[journal])

    assert (honest.ok, honest.anchors) == (True, 1)
    assert alone.ok, "nothing within the database tells"
    (finding,) = compared.findings
    assert (finding.check, finding.where) == ("anchor", "till bar-1")
    assert f"batch {answer.batch}" in finding.text


async def test_an_end_cut_off_is_known_by_the_tills(bench: Bench) -> None:
    (answer,) = await bench.book(completed(order(50)))
    journal = remembered(answer, incarnation=await incarnation_of(bench))
    last = answer.batch
    await tamper(
        bench,
        *(f"DELETE FROM {name} WHERE batch = {last}" for name in ("entry", "outcome")),
        f"DELETE FROM batch WHERE number = {last}",
        "UPDATE holding SET balance_minor = balance_minor + 50",
    )

    alone, compared = await look(bench), await look(bench, journals=[journal])

    assert alone.ok, alone.findings
    assert checks(compared) == {"anchor"}
    assert "not at all" in compared.findings[0].text


async def test_an_incarnation_that_never_was_is_named(bench: Bench) -> None:
    (answer,) = await bench.book(completed(order(50)))

    report = await look(bench, journals=[remembered(answer, incarnation=uuid4())])

    assert checks(report) == {"anchor"}


async def test_a_restored_ledger_is_well_and_says_what_was_lost(bench: Bench) -> None:
    first = await incarnation_of(bench)
    (kept,) = await bench.book(completed(order(50)))
    lost = msgspec.structs.replace(kept, batch=kept.batch + 7)
    await bench.ledger.close()
    begun = await begin_incarnation(bench.store, EVENT.number)
    bench.ledger = await type(bench.ledger).beside(bench.store, EVENT.number)
    (new,) = await bench.book(completed(order(60)))
    await bench.ledger.close()

    report = await look(
        bench,
        journals=[
            remembered(kept, lost, incarnation=first),
            remembered(new, incarnation=begun.incarnation),
        ],
    )

    assert report.ok, report.findings
    assert (report.anchors, report.anchors_lost) == (3, 1)
    assert [each.first_batch for each in report.incarnations] == [0, begun.batch]
    await tamper(bench, "DELETE FROM incarnation WHERE batch > 0")
    assert not (await look(bench)).ok


# --- large ledgers -------------------------------------------------------------------


async def test_a_large_ledger_is_shared_out_and_told_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "ORDERS_PER_PROCESS_MIN", 1)
    monkeypatch.setattr(verification, "ORDERS_AT_ONCE", 1)
    await tamper(bench, "UPDATE attempt SET body = 'x'")

    alone, shared = await look(bench), await look(bench, processes=2)

    def told(report: Report) -> set[str]:
        return {str(each) for each in report.findings}

    assert told(alone) == told(shared)
    assert told(alone)
    assert (shared.orders, shared.entries) == (alone.orders, alone.entries)


async def test_at_most_1000_findings_are_told_and_all_counted(bench: Bench) -> None:
    await bench.book(*(completed(order(1)) for _ in range(1001)))
    await tamper(bench, "UPDATE outcome SET advice = 'x'")

    report = await bench.verify()

    assert len(report.findings) == 1000
    assert report.findings_total > 1000
