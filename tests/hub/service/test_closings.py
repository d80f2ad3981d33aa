from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import pytest

from contract.closing import (
    PROCESS_TYPE,
    ClosingReport,
    closing_process_data,
    encode_closing,
    orders_digest,
)
from contract.fiscal import Outage, Signature
from contract.ids import TillId, new_uuid7
from contract.messages import (
    AdviceFlag,
    Closing,
    ClosingFlag,
    ClosingIncomplete,
    ClosingRecorded,
    Malformed,
    RejectReason,
    SequenceSpan,
)
from contract.money import Currency
from contract.order import Order, Outcome, encode_order, order_digest
from hub.core import closings
from hub.core.content import AMOUNT_MINOR_MAX
from hub.service.verification import Report, verify
from tests.hub import samples
from tests.hub.acts import top_up
from tests.hub.people import advise
from tests.hub.samples import order
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    signed_bytes,
)
from tse_driver.simulator import keys

if TYPE_CHECKING:
    from tests.hub.hubs import Parts

Z = 3


def numbered(total_minor: int, sequence: int, *, attempt: int = 1) -> Order:
    made = order(total_minor, attempt=attempt)
    return msgspec.structs.replace(made, sequence=sequence, z_number=Z)


SOLD = (numbered(450, 1), numbered(300, 2), numbered(220, 4))
VOID = numbered(100, 3, attempt=0)


def report_of(parts: Parts, **changes: object) -> ClosingReport:
    """What the till says of those four orders."""
    orders = sorted((*SOLD, VOID), key=lambda each: each.sequence)
    report = ClosingReport(
        event=samples.EVENT.slug,
        till=samples.TILL,
        z_number=Z,
        currency=Currency.EUR,
        opened_at=samples.NOW,
        closed_at=samples.NOW,
        span=SequenceSpan(first=1, last=4),
        completed=3,
        aborted=1,
        totals=closings.totals(SOLD),
        taxes=closings.taxes(SOLD),
        digest=orders_digest(order_digest(encode_order(each)) for each in orders),
        anchor=parts.orders.anchor(),
    )
    return msgspec.structs.replace(report, **changes)


def message(report: ClosingReport) -> Closing:
    """Without a TSE, as all of these orders."""
    return Closing(
        id=new_uuid7(),
        report=msgspec.Raw(encode_closing(report)),
        outage=Outage(since=samples.NOW, reason="silent"),
    )


def signature(data: bytes) -> Signature:
    """What a genuine TSE makes of a closing."""
    identity, text = keys.create(datetime.now(UTC), 1), closing_process_data(data)
    finish = Certified(Operation.FINISH, samples.TILL, text.encode(), PROCESS_TYPE, 9)
    logged = Protocolled(identity.public_key.serial, keys.ALGORITHM, 18, samples.NOW)
    signed = signed_bytes(Kind.TRANSACTION, finish.to_bytes(), logged)
    return Signature(
        client=samples.TILL,
        number=9,
        start_counter=17,
        counter=18,
        started_at=samples.NOW,
        finished_at=samples.NOW,
        process_type=PROCESS_TYPE,
        process_data=text,
        algorithm=keys.ALGORITHM.name,
        time_format=str(logged.time_format),
        value=identity.sign(signed),
        public_key=identity.public_key.point,
        tse_serial=identity.public_key.serial.hex(),
    )


async def deliver(parts: Parts, *orders: Order) -> None:
    for each in orders:
        outcome = Outcome.COMPLETED if each.attempt else Outcome.ABORTED
        await advise(parts, each, outcome, None)


async def checked(parts: Parts) -> Report:
    event = parts.context.current
    return await verify(parts.store, event.number, event.incarnation)


async def test_a_closing_is_recorded_once_all_its_orders_are(parts: Parts) -> None:
    await deliver(parts, SOLD[0], SOLD[2])
    said = message(report_of(parts))

    answer = await parts.closings.close(said, samples.TILL)
    assert isinstance(answer, ClosingIncomplete)
    assert [(each.first, each.last) for each in answer.missing] == [(2, 3)]

    await deliver(parts, SOLD[1], VOID)
    answer = await parts.closings.close(said, samples.TILL)
    assert isinstance(answer, ClosingRecorded)
    assert (answer.regarding, answer.z_number) == (said.id, Z)
    assert answer.flags == (ClosingFlag.UNSIGNED,)
    assert answer.anchor.batch == parts.booking.position[0]
    report = await checked(parts)
    assert report.ok, report.findings


async def test_orders_in_quarantine_hold_up_no_closing_and_are_named(
    parts: Parts,
) -> None:
    await deliver(parts, *SOLD)
    wallet = await parts.wallet(0)
    absurd = top_up(wallet, AMOUNT_MINOR_MAX + 1, sequence=3, z_number=Z)
    assert await advise(parts, absurd) == (AdviceFlag.INCONSISTENT_ORDER,)
    orders = sorted((*SOLD, absurd), key=lambda each: each.sequence)
    report = report_of(
        parts,
        completed=4,
        aborted=0,
        totals=closings.totals(orders),
        taxes=closings.taxes(orders),
        digest=orders_digest(order_digest(encode_order(each)) for each in orders),
    )

    answer = await parts.closings.close(message(report), samples.TILL)

    assert isinstance(answer, ClosingRecorded), answer
    assert answer.flags == (ClosingFlag.UNSIGNED, ClosingFlag.ORDERS_HELD_BACK)
    assert answer.held_back == (SequenceSpan(first=3, last=3),)
    assert (await checked(parts)).ok


async def test_a_closing_said_again_is_the_same_closing(parts: Parts) -> None:
    await deliver(parts, *SOLD, VOID)
    said = message(report_of(parts))
    first = await parts.closings.close(said, samples.TILL)
    parts.booking.forget()
    again, at_once = await asyncio.gather(
        parts.closings.close(said, samples.TILL),
        parts.closings.close(said, samples.TILL),
    )

    for answer in (again, at_once):
        assert isinstance(answer, ClosingRecorded)
        assert isinstance(first, ClosingRecorded)
        assert answer.flags == first.flags


async def test_control_characters_in_an_outages_reason_hold_up_no_closing(
    parts: Parts,
) -> None:
    await deliver(parts, *SOLD, VOID)
    outage = Outage(since=samples.NOW, reason="silent\0\x1bfor long")
    said = msgspec.structs.replace(message(report_of(parts)), outage=outage)

    answer = await parts.closings.close(said, samples.TILL)

    assert isinstance(answer, ClosingRecorded), answer
    event = parts.context.current.number
    (closed,) = await parts.store.fetch("dsfinvk_closings", event)
    assert closed["reason"] == "silent  for long"
    assert (await checked(parts)).ok


async def test_another_report_of_a_closed_z_number_is_refused(parts: Parts) -> None:
    await deliver(parts, *SOLD, VOID)
    await parts.closings.close(message(report_of(parts)), samples.TILL)

    with pytest.raises(Malformed, match="closed already") as refused:
        await parts.closings.close(
            message(report_of(parts, cashier="zoe")), samples.TILL
        )
    assert refused.value.reason is RejectReason.INVALID


async def test_an_order_that_comes_after_its_closing_is_flagged(parts: Parts) -> None:
    await deliver(parts, *SOLD, VOID)
    await parts.closings.close(message(report_of(parts)), samples.TILL)

    assert await advise(parts, numbered(500, 5)) == (AdviceFlag.AFTER_CLOSING,)
    parts.booking.forget()
    assert await advise(parts, numbered(600, 6)) == (AdviceFlag.AFTER_CLOSING,)
    later = msgspec.structs.replace(order(500), sequence=7, z_number=Z + 1)
    assert await advise(parts, later) == ()


async def test_a_genuine_signature_has_no_flag(parts: Parts) -> None:
    await deliver(parts, *SOLD, VOID)
    data = encode_closing(report_of(parts))
    genuine = signature(data)
    said = Closing(id=new_uuid7(), report=msgspec.Raw(data), signature=genuine)

    answer = await parts.closings.close(said, samples.TILL)

    assert isinstance(answer, ClosingRecorded)
    assert answer.flags == ()


async def test_a_false_signature_is_flagged(parts: Parts) -> None:
    await deliver(parts, *SOLD, VOID)
    data = encode_closing(report_of(parts))
    forged = msgspec.structs.replace(signature(data), value=b"\1" * 96)
    said = Closing(id=new_uuid7(), report=msgspec.Raw(data), signature=forged)

    answer = await parts.closings.close(said, samples.TILL)

    assert isinstance(answer, ClosingRecorded)
    assert answer.flags == (ClosingFlag.BAD_SIGNATURE,)


async def test_a_chain_head_that_is_not_ours_is_flagged(parts: Parts) -> None:
    await deliver(parts, *SOLD, VOID)
    anchor = msgspec.structs.replace(parts.orders.anchor(), chain_head="ab" * 32)

    answer = await parts.closings.close(
        message(report_of(parts, anchor=anchor)), samples.TILL
    )

    assert isinstance(answer, ClosingRecorded)
    assert answer.flags == (ClosingFlag.CHAIN_DIFFERS, ClosingFlag.UNSIGNED)


FOREIGN: dict[str, tuple[dict[str, object], RejectReason]] = {
    "of another till": ({"till": "bar-2"}, RejectReason.FORGED_TILL),
    "of another event": ({"event": "winter"}, RejectReason.UNKNOWN_EVENT),
    "in another currency": ({"currency": Currency.CHF}, RejectReason.INVALID),
    "upside down": ({"span": SequenceSpan(first=4, last=1)}, RejectReason.INVALID),
    "without end": ({"span": SequenceSpan(first=1, last=2**53)}, RejectReason.INVALID),
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a_closing_of_something_else_is_rejected(parts: Parts, name: str) -> None:
    changes, reason = FOREIGN[name]

    with pytest.raises(Malformed) as refused:
        await parts.closings.close(message(report_of(parts, **changes)), samples.TILL)

    assert refused.value.reason is reason


async def test_bytes_that_are_no_report_are_rejected(parts: Parts) -> None:
    said = Closing(id=new_uuid7(), report=msgspec.Raw(b'{"z_number": 1}'))

    with pytest.raises(Malformed, match="event"):
        await parts.closings.close(said, TillId("bar-1"))


async def test_tampering_with_a_closing_is_found(parts: Parts) -> None:
    await deliver(parts, *SOLD, VOID)
    await parts.closings.close(message(report_of(parts)), samples.TILL)
    owner = await asyncpg.connect(parts.store.dsn)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute("UPDATE closing SET flags = '{}'")
    await owner.close()

    assert "chain" in {each.check for each in (await checked(parts)).findings}
