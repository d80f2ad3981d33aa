"""MQTT in and out: decode what tills say, call a service, answer, then acknowledge.

Messages are acknowledged to the broker after COMMIT and after their answers were
published, so a hub that dies in between gets them again from the tills. Connected is
only the elected writer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.ids import WristbandUid, new_uuid7
from contract.messages import (
    TEXT_MAX,
    AdviceBatch,
    HubStatus,
    Malformed,
    OrderRequest,
    Rejected,
    RejectReason,
    TillOnline,
    TillStatus,
    TokenIssued,
    TokenRequest,
    decode_from_till,
    encode,
)
from contract.topics import CONTENT_TYPE, Topics
from hub.link.configuration import till_config
from hub.link.connection import BrokerGone, Connection
from hub.service.booking import NoLedger
from hub.service.wristbands import WristbandRefused
from hub.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.ids import TillId
    from contract.messages import FromHub, FromTill, WalletChanges
    from hub.link.connection import Broker, Incoming
    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper, EventContext
    from hub.service.orders import Orders
    from hub.service.wallet_news import WalletNews
    from hub.service.wristbands import Wristbands

log = logging.getLogger(__name__)

RECONNECT_PAUSE_S = 0.5
STATUS_INTERVAL_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the link calls."""

    context: ContextKeeper
    booking: Booking
    orders: Orders
    wristbands: Wristbands
    wallet_news: WalletNews


class Link:
    """The hub's end of the conversation with all tills of an event."""

    def __init__(self, broker: Broker, services: Services) -> None:
        self._broker = broker
        self._context = services.context
        self._booking = services.booking
        self._orders = services.orders
        self._wristbands = services.wristbands
        self._news = services.wallet_news
        self._topics = Topics(services.context.current.event)
        self.connection: Connection | None = None
        self._deposed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.rejects: Counter[RejectReason] = Counter()
        services.context.on_change(self._configure)
        services.booking.on_election(self._elected)

    @property
    def connected(self) -> bool:
        """Whether tills can reach this hub."""
        return self.connection is not None

    @property
    def unacknowledged(self) -> int:
        """How many messages are being dealt with."""
        return len(self._tasks)

    async def run(self) -> None:
        """Serve the tills while elected, until canceled."""
        while True:
            await self._booking.elected()
            self._deposed.clear()
            try:
                await self._serve()
            except BrokerGone as error:
                log.warning("%s", error)
            await asyncio.sleep(RECONNECT_PAUSE_S)

    def tell_wallets(self, message: WalletChanges) -> bool:
        """Tell all tills about wallets; False when nobody can hear it."""
        if self.connection is None:
            return False
        self.connection.publish(self._topics.wallets, encode(message))
        return True

    async def _serve(self) -> None:
        offline = (self._topics.hub_status, encode(self._status(online=False)))
        connection = await Connection.open(self._broker, self._hear, will=offline)
        self.connection = connection
        log.info("Connected with the broker at %s.", self._broker)
        try:
            connection.subscribe(
                [
                    self._topics.up("+"),
                    self._topics.online("+"),
                    self._topics.status("+"),
                ]
            )
            self._configure(self._context.current)
            await self._report_until_over(connection)
        finally:
            self.connection = None
            await asyncio.shield(connection.close(offline))
            log.info("Disconnected from the broker.")

    async def _report_until_over(self, connection: Connection) -> None:
        over: list[asyncio.Future[bool]] = [
            asyncio.ensure_future(connection.ended.wait()),
            asyncio.ensure_future(self._deposed.wait()),
        ]
        try:
            done: set[asyncio.Future[bool]] = set()
            told: tuple[int, bytes] | None = None
            while not done:
                if told != self._booking.position:
                    told = self._booking.position
                    status = encode(self._status(online=True))
                    connection.publish(self._topics.hub_status, status, retain=True)
                done, _ = await asyncio.wait(
                    over,
                    timeout=STATUS_INTERVAL_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
        finally:
            for each in over:
                each.cancel()

    def _status(self, *, online: bool) -> HubStatus:
        anchor = self._orders.anchor() if online else None
        return HubStatus(id=new_uuid7(), online=online, anchor=anchor)

    def _elected(self, elected: bool) -> None:  # noqa: FBT001 - a listener's value
        if not elected:
            self._deposed.set()

    def _configure(self, context: EventContext) -> None:
        if self.connection is None:
            return
        for till in context.agreed.tills.values():
            config = None if till.revoked else till_config(context, till)
            # An empty retained message takes back what a revoked till was told.
            payload = b"" if config is None else encode(config)
            self.connection.publish(self._topics.config(till.id), payload, retain=True)

    def _hear(self, burst: Sequence[Incoming]) -> None:
        connection = self.connection
        if connection is None:
            return
        for incoming in burst:
            task = asyncio.create_task(self._handle(connection, incoming))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _handle(self, connection: Connection, incoming: Incoming) -> None:
        till = self._topics.till_of(incoming.topic)
        try:
            answers = await self._answers(incoming, till)
        except NoLedger as error:
            # Neither answered nor acknowledged: the till asks again, us or the next.
            log.warning("A message of till %s waits: %s", till, error)
            return
        except Exception:
            log.exception("A message of till %s can't be handled.", till)
            answers = [_hub_fault(incoming)]
        if till is not None:
            for answer in answers:
                connection.publish(self._topics.down(till), encode(answer))
        connection.acknowledge(incoming)

    async def _answers(
        self, incoming: Incoming, till: TillId | None
    ) -> Sequence[FromHub]:
        if till is None:
            self._count(RejectReason.INVALID, incoming.topic, "no till's topic")
            return ()
        leaf = incoming.topic.rsplit("/", 1)[-1]
        if leaf != "up" and not incoming.payload:
            return ()  # a retained message that was taken back
        try:
            message = decode_from_till(incoming.payload)
            _check_place(message, leaf)
            if leaf == "up":
                _check_protocol(message, incoming.content_type)
            return await self._serve_till(message, till)
        except Malformed as error:
            self._count(error.reason, till, str(error))
            if leaf != "up":
                return ()
            rejected = Rejected(
                id=new_uuid7(),
                regarding=error.regarding,
                reason=error.reason,
                text=str(error)[:TEXT_MAX],
            )
            return (rejected,)

    async def _serve_till(self, message: FromTill, till: TillId) -> Sequence[FromHub]:
        match message:
            case OrderRequest():
                verdict = await self._orders.request(message, till)
                if isinstance(verdict, Rejected):
                    self._count(verdict.reason, till, verdict.text)
                return (verdict,)
            case AdviceBatch():
                answers = await self._orders.advise(message, till)
                for answer in answers:
                    if isinstance(answer, Rejected):
                        self._count(answer.reason, till, answer.text)
                return answers
            case TokenRequest():
                return (await self._issue(message, till),)
            case TillStatus():
                _check_till(message.till, till, message)
            case TillOnline():
                _check_till(message.till, till, message)
                log.info("Till %s is %s.", till, "on" if message.online else "off")
                if message.online:
                    await self._news.note_all()
        return ()

    async def _issue(self, message: TokenRequest, till: TillId) -> TokenIssued:
        known = self._context.current.agreed.tills.get(till)
        if known is None or known.revoked or not known.issues_wristbands:
            raise Malformed(
                RejectReason.NOT_ALLOWED,
                f"The till {till} may not issue wristbands. Give it that right at the "
                "hub, or use the wristband desk.",
                message.id,
            )
        try:
            issued = await self._wristbands.issue(
                WristbandUid(message.uid), message.variant
            )
        except (ValueError, WristbandRefused) as error:
            raise Malformed(RejectReason.INVALID, str(error), message.id) from None
        except StoreError as error:
            raise NoLedger(str(error)) from error
        return TokenIssued(
            id=new_uuid7(),
            regarding=message.id,
            uid=issued.uid,
            body=issued.body,
            signature=issued.signature,
            url=issued.url,
        )

    def _count(self, reason: RejectReason, source: str, text: str) -> None:
        self.rejects[reason] += 1
        log.warning("Rejected (%s) from %s: %s", reason.value, source, text)


def _check_place(message: FromTill, leaf: str) -> None:
    expected = {TillStatus: "status", TillOnline: "online"}.get(type(message), "up")
    if leaf != expected:
        raise Malformed(
            RejectReason.NOT_ALLOWED,
            f"A {type(message).__name__} belongs on the topic '{expected}', "
            f"not on '{leaf}'.",
            message.id,
        )


def _check_protocol(message: FromTill, content_type: str) -> None:
    # MQTT 3.1.1 has no properties: the broker acknowledges what it then throws away,
    # so whoever speaks it would take lost orders for sent ones.
    if content_type != CONTENT_TYPE:
        raise Malformed(
            RejectReason.NOT_ALLOWED,
            f"The {type(message).__name__} came without the Content Type "
            f"{CONTENT_TYPE}. Send it by MQTT 5 with that property; 3.1.1 has none.",
            message.id,
        )


def _check_till(claimed: TillId, till: TillId, message: FromTill) -> None:
    if claimed != till:
        raise Malformed(
            RejectReason.FORGED_TILL,
            f"Till {till} speaks in the name of till {claimed}.",
            message.id,
        )


def _hub_fault(incoming: Incoming) -> Rejected:
    regarding = None
    try:
        regarding = decode_from_till(incoming.payload).id
    except Malformed as error:
        regarding = error.regarding
    return Rejected(
        id=new_uuid7(),
        regarding=regarding,
        reason=RejectReason.HUB_FAULT,
        text="The hub failed to handle this message. Its log names the cause.",
    )
