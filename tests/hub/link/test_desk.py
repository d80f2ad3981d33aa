from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from contract.ids import TillId, new_uuid7
from contract.messages import (
    AdviceBatch,
    AdviceRecorded,
    CashierLoggedIn,
    CashierLoggedOut,
    CashierLogout,
    Closing,
    ClosingIncomplete,
    LoginRefusal,
    LoginRefused,
    Note,
    OrderBooked,
    OrderRequest,
    Rejected,
    RejectReason,
    TillConfig,
    TokenRequest,
    WristbandInfo,
    WristbandQuery,
    encode,
    encode_advice,
)
from contract.order import OrderKind, encode_order
from tests.hub import samples
from tests.hub.acts import on_wristband
from tests.hub.people import hire, login, token
from tests.hub.service.test_closings import message, report_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    import pytest

    from hub.link.link import Link
    from tests.hub.hubs import Client, Parts

    Join = Callable[..., AbstractAsyncContextManager[Client]]


async def test_a_cashier_comes_and_goes(parts: Parts, link: Link, join: Join) -> None:
    await hire(parts)
    async with join() as till:
        till.say(encode(login("ann")))
        arrived = await till.hear(CashierLoggedIn)
        assert (arrived.cashier, arrived.role) == ("ann", "cashier")

        till.say(encode(CashierLogout(id=new_uuid7(), cashier="ann")))
        assert (await till.hear(CashierLoggedOut)).cashier == "ann"

        till.say(encode(login("zoe")))
        refused = await till.hear(LoginRefused)
        assert refused.reason is LoginRefusal.UNKNOWN_CASHIER


async def test_tills_hear_of_new_staff_at_once(
    parts: Parts, link: Link, join: Join
) -> None:
    async with join() as till:
        assert (await till.hear(TillConfig)).staff == ()

        await hire(parts)

        assert {entry.id for entry in (await till.hear(TillConfig)).staff}


async def test_a_comment_is_written_and_read(
    parts: Parts, link: Link, join: Join
) -> None:
    wallet = await parts.wallet(1000)
    note = Note(key=uuid4(), text="Speaks Danish.")
    about = on_wristband(OrderKind.ANNOTATE, wallet, note=note.key)
    asked = OrderRequest(
        id=new_uuid7(),
        order=msgspec.Raw(encode_order(about)),
        answer_by=samples.NOW,
        credential=samples.credential(wallet),
        note=note,
    )
    query = WristbandQuery(
        id=new_uuid7(), wristband=wallet, credential=token(1, wallet)
    )
    async with join() as till:
        till.say(encode(asked))
        await till.hear(OrderBooked)
        till.say(encode(query))
        told = await till.hear(WristbandInfo)

    assert (told.regarding, told.comment) == (query.id, "Speaks Danish.")


async def test_a_comment_may_come_with_its_advice(
    parts: Parts, link: Link, join: Join
) -> None:
    wallet = await parts.wallet(1000)
    note = Note(key=uuid4(), text="Speaks Danish.")
    about = on_wristband(OrderKind.ANNOTATE, wallet, note=note.key)
    said = encode_advice(samples.advice(about))
    batch = AdviceBatch(id=new_uuid7(), advices=(msgspec.Raw(said),), notes=(note,))
    query = WristbandQuery(
        id=new_uuid7(), wristband=wallet, credential=token(1, wallet)
    )
    async with join() as till:
        till.say(encode(batch))
        await till.hear(AdviceRecorded)
        till.say(encode(query))

        assert (await till.hear(WristbandInfo)).comment == "Speaks Danish."


async def test_an_unknown_wristband_is_said_to_be(link: Link, join: Join) -> None:
    async with join() as till:
        till.say(encode(WristbandQuery(id=new_uuid7(), wristband=4_000_000)))

        assert (await till.hear(Rejected)).reason is RejectReason.UNKNOWN_WRISTBAND


async def test_a_closing_hears_what_is_missing(
    parts: Parts, link: Link, join: Join
) -> None:
    async with join() as till:
        till.say(encode(message(report_of(parts))))
        answer = await till.hear(ClosingIncomplete)
        assert [(each.first, each.last) for each in answer.missing] == [(1, 4)]

        till.say(encode(Closing(id=new_uuid7(), report=msgspec.Raw(b"{}"))))
        assert (await till.hear(Rejected)).reason is RejectReason.INVALID


async def test_what_tills_say_leaves_no_uid_in_the_logs(
    parts: Parts, link: Link, join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    uid = samples.uid(1)
    issued = await parts.wristbands.issue(uid)
    await parts.wristbands.block(issued.wallet)
    async with join(samples.DESK) as desk:
        desk.say(encode(TokenRequest(id=new_uuid7(), uid=uid.octets)))
        refused = await desk.hear(Rejected)
        assert "blocked" in refused.text
        desk.say(encode(TokenRequest(id=new_uuid7(), uid=uid.octets[:5])))
        await desk.hear(Rejected)
        desk.say(encode(login("zoe")))
        await desk.hear(LoginRefused)

    assert "Rejected (invalid)" in caplog.text
    for shape in (uid.octets.hex(), uid.octets[:5].hex(), str(uid)):
        assert shape.lower() not in caplog.text.lower()
    assert TillId("desk-1") in caplog.text
