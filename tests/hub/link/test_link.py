from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Any

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from contract.config import EventLimits
from contract.ids import TillId, new_uuid7
from contract.messages import (
    AdviceBatch,
    AdviceRecorded,
    DeclineReason,
    HubStatus,
    OrderBooked,
    OrderCheck,
    OrderChecked,
    OrderConflict,
    OrderDeclined,
    Rejected,
    RejectReason,
    TillConfig,
    TillOnline,
    TokenIssued,
    TokenRequest,
    WalletChange,
    WalletChanges,
    encode,
    encode_advice,
)
from contract.money import Money
from contract.order import encode_order
from hub.core.tokens import verify as verify_token
from hub.link.link import HEARD_AT_ONCE
from hub.service.events import register_till, set_limits
from tests.hub import samples
from tests.hub.hubs import PATIENCE_S, TOPICS, request, until
from tests.hub.samples import order
from tests.hub.service.shop import a_top_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from contract.order import Order
    from hub.link.link import Link
    from provisioning.broker import PrivateBroker
    from provisioning.ca import EventCa
    from tests.hub.hubs import Client, Parts

    Join = Callable[..., AbstractAsyncContextManager[Client]]

OTHER = TillId("bar-2")


async def test_a_till_buys_a_beer(parts: Parts, link: Link, join: Join) -> None:
    wallet = await parts.wallet(1000)
    async with join() as till:
        till.say(request(order(450, wallet)))
        booked = await till.hear(OrderBooked)

        assert booked.balance == Money(550)
        assert booked.anchor.chain_head == parts.booking.position[1].hex()

        till.say(request(order(600, wallet)))
        refused = await till.hear(OrderDeclined)
        assert refused.reason is DeclineReason.INSUFFICIENT_BALANCE
        assert refused.text.startswith("5.50 EUR on the wristband, 0.50 EUR short.")


async def test_an_advice_is_answered_after_it_is_recorded(
    parts: Parts, link: Link, join: Join
) -> None:
    sale = order(450)
    advices = [encode_advice(samples.advice(sale, path=None)), b'{"outcome": 1}']
    async with join() as till:
        batch = AdviceBatch(
            id=new_uuid7(), advices=tuple(msgspec.Raw(each) for each in advices)
        )
        till.say(encode(batch))

        rejected = await till.hear(Rejected)
        assert rejected.reason is RejectReason.INVALID
        recorded = await till.hear(AdviceRecorded)
        assert [each.order for each in recorded.recorded] == [sale.id]
        assert await parts.store.fetch_row("order_for_receipt", 7, sale.id)


async def test_a_top_up_is_checked_before_it_is_paid(
    parts: Parts, link: Link, join: Join
) -> None:
    wallet = await parts.wallet(1000)
    await set_limits(parts.store, 7, EventLimits(max_balance_minor=3000))
    await parts.context.refresh()
    async with join(samples.DESK) as till:
        till.say(checking(a_top_up(wallet, 2000, catalogue=1)))
        checked = await till.hear(OrderChecked)
        assert checked.facts.cap_room == Money(2000)

        till.say(checking(a_top_up(wallet, 2001, catalogue=1)))
        declined = await till.hear(OrderDeclined)
        assert declined.reason is DeclineReason.BALANCE_CAP


def checking(about: Order) -> bytes:
    """The bytes of a check, without a wristband at hand."""
    body = msgspec.Raw(encode_order(about))
    return encode(OrderCheck(id=new_uuid7(), order=body, answer_by=samples.NOW))


async def test_other_content_for_an_attempt_is_a_conflict(
    parts: Parts, link: Link, join: Join
) -> None:
    wallet = await parts.wallet(1000)
    first = order(450, wallet)
    async with join() as till:
        till.say(request(first))
        await till.hear(OrderBooked)
        till.say(request(order(1, wallet, order_id=first.id)))

        assert (await till.hear(OrderConflict)).attempt == 1


async def test_a_forged_token_buys_nothing(
    parts: Parts, link: Link, join: Join
) -> None:
    victim = await parts.wallet(1000)
    own = samples.credential(victim + 1)
    async with join() as till:
        till.say(request(order(450, victim), credential=own))

        refused = await till.hear(OrderDeclined)
        assert refused.reason is DeclineReason.FORGED_WRISTBAND


def _with(payload: bytes, **changes: object) -> bytes:
    return json.dumps({**json.loads(payload), **changes}).encode()


MALFORMED: dict[str, tuple[Callable[[bytes], bytes], RejectReason]] = {
    "no json": (lambda good: b"\xff\xfe", RejectReason.NOT_JSON),
    "half a message": (lambda good: good[:-20], RejectReason.NOT_JSON),
    "unknown type": (
        lambda good: _with(good, type="Refund"),
        RejectReason.UNKNOWN_TYPE,
    ),
    "unknown version": (
        lambda good: _with(good, version=2),
        RejectReason.UNKNOWN_VERSION,
    ),
    "no order": (lambda good: _with(good, order={"id": 3}), RejectReason.INVALID),
    "a status where requests go": (
        lambda good: encode(TillOnline(id=new_uuid7(), till=samples.TILL, online=True)),
        RejectReason.NOT_ALLOWED,
    ),
    "too large": (
        lambda good: good[:-1] + b" " * (64 * 1024 - len(good) + 2) + b"}",
        RejectReason.TOO_LARGE,
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_what_breaks_the_contract_is_answered_and_counted(
    parts: Parts, link: Link, join: Join, case: str
) -> None:
    spoil, reason = MALFORMED[case]
    wallet = await parts.wallet(1000)
    good = request(order(450, wallet))
    async with join() as till:
        till.say(spoil(good))
        rejected = await till.hear(Rejected)
        assert rejected.reason is reason
        assert rejected.text
        assert link.rejects[reason] == 1

        till.say(good)  # and the link goes on
        assert (await till.hear(OrderBooked)).balance == Money(550)


async def test_a_burst_is_answered_to_the_last(
    parts: Parts, link: Link, join: Join
) -> None:
    wallet = await parts.wallet(100_000)
    orders = [order(100, wallet) for _ in range(3 * HEARD_AT_ONCE)]
    async with join() as till:
        for each in orders:
            till.say(request(each))
        booked = [await till.hear(OrderBooked) for _ in orders]
    assert [each.order for each in booked] == [each.id for each in orders]
    balances = [each.balance for each in booked]
    assert balances == [Money(100_000 - 100 * n) for n in range(1, len(orders) + 1)]


async def test_a_till_cannot_speak_for_another(
    parts: Parts, link: Link, join: Join
) -> None:
    wallet = await parts.wallet(1000)
    forged = order(450, wallet, till=OTHER)
    async with join() as till:
        till.say(request(forged))

        rejected = await till.hear(Rejected)
        assert rejected.reason is RejectReason.FORGED_TILL
        assert rejected.order == forged.id
        assert (
            await parts.wristbands.balance(samples.WalletSerial(wallet))
        ).minor == 1000


async def test_the_broker_keeps_a_till_from_anothers_topic(
    parts: Parts, link: Link, join: Join
) -> None:
    wallet = await parts.wallet(1000)
    async with join(OTHER) as till:
        till.say(request(order(450, wallet)), topic=TOPICS.up(samples.TILL))
        till.say(request(order(1, wallet, till=OTHER)))

        assert (await till.hear(OrderBooked)).balance == Money(999)


@pytest.mark.parametrize("what", ["a request", "an advice"])
@pytest.mark.parametrize(
    "how",
    [
        {"protocol": MQTTProtocolVersion.MQTTv311},
        {"protocol": MQTTProtocolVersion.MQTTv5},
    ],
    ids=["3.1.1", "5 without it"],
)
async def test_without_the_content_type_nothing_books(
    parts: Parts, link: Link, join: Join, what: str, how: dict[str, Any]
) -> None:
    wallet = await parts.wallet(1000)
    sale = order(450, wallet)
    advice = msgspec.Raw(encode_advice(samples.advice(sale)))
    batch = encode(AdviceBatch(id=new_uuid7(), advices=(advice,)))
    asked = request(sale) if what == "a request" else batch
    async with join(**how) as till:
        till.say(asked, content_type="")

        rejected = await till.hear(Rejected)
    assert rejected.reason is RejectReason.NOT_ALLOWED
    assert str(rejected.regarding) == json.loads(asked)["id"]
    assert "MQTT 5" in rejected.text
    balance = await parts.wristbands.balance(samples.WalletSerial(wallet))
    assert balance.minor == 1000
    assert not await parts.store.fetch_row("order_for_receipt", 7, sale.id)


async def test_nobody_gets_in_without_a_certificate(
    link: Link, broker: PrivateBroker, ca: EventCa
) -> None:
    stranger = paho.Client(CallbackAPIVersion.VERSION2, client_id="bar-1")
    stranger.tls_set_context(ssl.create_default_context(cafile=str(ca.certificate)))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    connected: list[object] = []
    stranger.on_connect = lambda *_: connected.append(1)

    def on_disconnect(*_: object) -> None:
        loop.call_soon_threadsafe(ended.set)

    stranger.on_disconnect = on_disconnect
    try:
        await asyncio.to_thread(stranger.connect, broker.host, broker.port)
        stranger.loop_start()
        async with asyncio.timeout(PATIENCE_S):
            await ended.wait()
    except ssl.SSLError:
        pass
    finally:
        stranger.disconnect()
        await asyncio.to_thread(stranger.loop_stop)
    assert not connected


async def test_the_hub_comes_back_with_the_broker(
    parts: Parts, link: Link, join: Join, broker: PrivateBroker
) -> None:
    wallet = await parts.wallet(1000)
    broker.kill()
    await until(lambda: not link.connected)
    broker.start()
    await until(lambda: link.connected)
    async with join() as till:
        till.say(request(order(450, wallet)))
        assert (await till.hear(OrderBooked)).balance == Money(550)


async def test_nothing_is_acknowledged_before_commit(
    parts: Parts, link: Link, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = await parts.wallet(1000)
    acknowledged: list[object] = []
    monkeypatch.setattr(link.connection, "acknowledge", acknowledged.append)
    blocker = await parts.store.connect()
    held = blocker.transaction()
    await held.start()
    await blocker.execute("SELECT FROM event FOR UPDATE")
    async with join() as till:
        till.say(request(order(450, wallet)))
        await until(lambda: link.unacknowledged)
        assert await _waits_for_a_lock(parts)
        assert not acknowledged

        await held.rollback()
        await till.hear(OrderBooked)
        await until(lambda: acknowledged)
    await blocker.close()


async def _waits_for_a_lock(parts: Parts) -> bool:
    connection = await parts.store.connect()
    try:
        async with asyncio.timeout(PATIENCE_S):
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not await connection.fetchval(waiting):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        await connection.close()
    return True


async def test_status_config_and_wallets_are_told(
    parts: Parts, link: Link, join: Join
) -> None:
    async with join() as till:
        status = await till.hear(HubStatus)
        assert status.online
        assert status.anchor is not None
        wallet = await parts.wallet(5000)
        told: list[WalletChange] = []
        while not told:  # the first news after an election may be of no wallet
            told += (await till.hear(WalletChanges)).changes

    assert [(each.wallet, each.available_minor, each.blocked) for each in told] == [
        (wallet, samples.EVENT.stand_in.allowance_minor, False)
    ]


async def test_each_till_gets_its_configuration(
    parts: Parts, link: Link, join: Join
) -> None:
    async with join() as till:
        config = await till.hear(TillConfig)
        assert (config.till, config.label, config.event_number) == ("bar-1", "Bar-1", 7)
        assert config.catalogue.path == "/edge/catalogue/1"

        await register_till(parts.store, 7, samples.TILL, "Main bar")
        await parts.context.refresh()
        assert (await till.hear(TillConfig)).label == "Main bar"


async def test_the_desk_issues_wristbands_and_bars_do_not(
    parts: Parts, link: Link, join: Join
) -> None:
    asking = encode(TokenRequest(id=new_uuid7(), uid=samples.uid(9).octets, variant=2))
    async with join(samples.DESK) as desk:
        desk.say(asking)
        issued = await desk.hear(TokenIssued)
        credential = samples.Credential(
            uid=issued.uid, body=issued.body, signature=issued.signature
        )
        token = verify_token(credential, [samples.SIGNER.public], 7)
        assert token is not None
        assert token.variant == 2
        assert issued.url.startswith("https://summer.example/w/")
    async with join() as bar:
        bar.say(asking)
        assert (await bar.hear(Rejected)).reason is RejectReason.NOT_ALLOWED


async def test_small_packets_leave_at_once(link: Link) -> None:
    assert link.connection is not None
    assert link.connection.tcp_nodelay
