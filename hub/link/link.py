"""MQTT in and out: decode what tills say, call a service, answer, then acknowledge.

Messages are acknowledged to the broker after COMMIT and after their answers were
published, so a hub that dies in between gets them again from the tills. Connected is
only the elected writer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from contract.ids import WristbandUid, new_uuid7
from contract.messages import (
    TEXT_MAX,
    AdviceBatch,
    CashierLogin,
    CashierLogout,
    Closing,
    HubStatus,
    Malformed,
    OrderCheck,
    OrderQuery,
    OrderRequest,
    Rejected,
    RejectReason,
    TillDescribed,
    TillOnline,
    TillStatus,
    TokenIssued,
    TokenRequest,
    TseNotes,
    WristbandQuery,
    decode_from_till,
    encode,
)
from contract.topics import CONTENT_TYPE, Topics
from hub.link.configuration import till_config
from hub.link.connection import BrokerGone, Connection
from hub.link.desk import Desk
from hub.service.booking import NoLedger, NotBooked
from hub.service.wristbands import WristbandRefused
from hub.store.errors import DatabaseGone, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.ids import TillId
    from contract.messages import FromHub, FromTill, WalletChanges
    from hub.core.booking import Result
    from hub.link.connection import Broker
    from hub.link.packets import Publication
    from hub.service.booking import Booking
    from hub.service.closings import Closings
    from hub.service.context import ContextKeeper, EventContext
    from hub.service.inquiries import Inquiries
    from hub.service.orders import Asked, Orders
    from hub.service.staff import Staff
    from hub.service.tse_news import TseNews
    from hub.service.wristbands import Wristbands

log = logging.getLogger(__name__)

RECONNECT_PAUSE_S = 0.5
STATUS_INTERVAL_S = 2
HEARD_AT_ONCE = 16
_PLACES_MAX = 4096  # three topics per till
_LEAVES = {TillStatus: "status", TillOnline: "online"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the link calls."""

    context: ContextKeeper
    booking: Booking
    orders: Orders
    wristbands: Wristbands
    staff: Staff
    inquiries: Inquiries
    closings: Closings
    tse_news: TseNews


@dataclass(frozen=True, slots=True)
class _Place:
    """What a topic says: whose it is, its last part, and where the answer goes."""

    till: TillId | None
    leaf: str
    down: str


@dataclass(slots=True, eq=False)
class _Errand:
    """A message that is being dealt with, until it is answered or left."""

    connection: Connection
    heard: Publication
    place: _Place


class Link:
    """The hub's end of the conversation with all tills of an event."""

    def __init__(self, broker: Broker, services: Services) -> None:
        self._broker = broker
        self._context = services.context
        self._booking = services.booking
        self._orders = services.orders
        self._wristbands = services.wristbands
        self._desk = Desk(
            services.staff, services.inquiries, services.closings, services.tse_news
        )
        self._topics = Topics(services.context.current.event)
        self._place = lru_cache(_PLACES_MAX)(partial(_place, self._topics))
        self.connection: Connection | None = None
        self._deposed = asyncio.Event()
        self._unheard: deque[Publication] = deque()
        self._errands: set[_Errand] = set()
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
        return len(self._errands)

    async def run(self) -> None:
        """Serve the tills while elected, until canceled."""
        while True:
            await self._booking.elected()
            self._deposed.clear()
            try:
                await self._serve()
            except (BrokerGone, DatabaseGone) as error:
                log.warning("%s", error)
            await asyncio.sleep(RECONNECT_PAUSE_S)

    def tell_wallets(self, message: WalletChanges) -> bool:
        """Tell all tills about wallets; False when nobody can hear it."""
        if self.connection is None:
            return False
        self.connection.publish(self._topics.wallets, encode(message))
        return True

    async def _serve(self) -> None:
        await self._desk.open()
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
            self._unheard.clear()  # unacknowledged, so the tills say it again
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

    def _hear(self, burst: Sequence[Publication]) -> None:
        """Deal with messages part by part: the first are booked while others wait."""
        is_idle = not self._unheard
        self._unheard.extend(burst)
        if is_idle:
            self._hear_some()

    def _hear_some(self) -> None:
        try:
            for _ in range(min(len(self._unheard), HEARD_AT_ONCE)):
                heard = self._unheard.popleft()
                if self.connection is not None:
                    self._deal_with(heard, self.connection)
        finally:  # else one fault, and the hub would be deaf
            if self._unheard:
                asyncio.get_running_loop().call_soon(self._hear_some)

    def _deal_with(self, heard: Publication, connection: Connection) -> None:
        errand = _Errand(connection, heard, self._place(heard.topic))
        self._errands.add(errand)
        try:
            self._begin(errand)
        except Malformed as error:
            self._reject(errand, error)
        except Exception as error:
            self._fail(errand, error)

    def _begin(self, errand: _Errand) -> None:
        till, leaf = errand.place.till, errand.place.leaf
        if till is None:
            self._count(RejectReason.INVALID, errand.heard.topic, "no till's topic")
            self._conclude(errand)
            return
        if leaf != "up" and not errand.heard.payload:
            self._conclude(errand)  # a retained message that was taken back
            return
        message = decode_from_till(errand.heard.payload)
        _check_place(message, leaf)
        if leaf == "up":
            _check_protocol(message, errand.heard.content_type)
        if isinstance(message, OrderRequest) and message.note is None:
            self._request(errand, message, till)
            return
        task = asyncio.create_task(self._handle(errand, message, till))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _request(self, errand: _Errand, message: OrderRequest, till: TillId) -> None:
        # No task of its own: half of what a request would cost here is its task.
        asked = self._orders.examine(message, till)
        if isinstance(asked, Rejected):
            self._count(asked.reason, till, asked.text)
            self._conclude(errand, asked)
        else:
            self._booking.hand_in(asked.item, partial(self._tell, errand, asked))

    def _tell(self, errand: _Errand, asked: Asked, result: Result | NotBooked) -> None:
        try:
            verdict = self._orders.verdict(asked, result)
            self._conclude(errand, verdict)
        except NoLedger as error:
            self._leave(errand, error)
        except Exception as error:
            self._fail(errand, error)

    async def _handle(self, errand: _Errand, message: FromTill, till: TillId) -> None:
        try:
            self._conclude(errand, *await self._serve_till(message, till))
        except Malformed as error:
            self._reject(errand, error)
        except NoLedger as error:
            self._leave(errand, error)
        except Exception as error:
            self._fail(errand, error)

    def _conclude(self, errand: _Errand, *answers: FromHub) -> None:
        """Answer, then acknowledge."""
        for answer in answers:
            errand.connection.publish(errand.place.down, encode(answer))
        errand.connection.acknowledge(errand.heard)
        self._errands.discard(errand)

    def _leave(self, errand: _Errand, error: NoLedger) -> None:
        """Neither answer nor acknowledge: the till asks again, us or the next."""
        log.warning("A message of till %s waits: %s", errand.place.till, error)
        self._errands.discard(errand)

    def _reject(self, errand: _Errand, error: Malformed) -> None:
        self._count(error.reason, errand.place.till or errand.heard.topic, str(error))
        if errand.place.leaf != "up":
            self._conclude(errand)
            return
        rejected = Rejected(
            id=new_uuid7(),
            regarding=error.regarding,
            reason=error.reason,
            text=str(error)[:TEXT_MAX],
        )
        self._conclude(errand, rejected)

    def _fail(self, errand: _Errand, error: Exception) -> None:
        till = errand.place.till
        log.error("A message of till %s can't be handled.", till, exc_info=error)
        self._conclude(errand, _hub_fault(errand.heard.payload))

    async def _serve_till(self, message: FromTill, till: TillId) -> Sequence[FromHub]:
        match message:
            case OrderRequest():
                await self._desk.keep_notes(message, till)
                return (await self._orders.request(message, till),)
            case AdviceBatch():
                await self._desk.keep_notes(message, till)
                return await self._advise(message, till)
            case OrderCheck():
                return (await self._orders.checks.check(message, till),)
            case TokenRequest():
                return (await self._issue(message, till),)
            case (
                WristbandQuery()
                | OrderQuery()
                | CashierLogin()
                | CashierLogout()
                | Closing()
                | TillDescribed()
                | TseNotes()
            ):
                return (await self._desk.answer(message, till),)
            case TillStatus():
                _check_till(message.till, till, message)
            case TillOnline():
                _check_till(message.till, till, message)
                log.info("Till %s is %s.", till, "on" if message.online else "off")
        return ()

    async def _advise(self, message: AdviceBatch, till: TillId) -> Sequence[FromHub]:
        answers = await self._orders.advise(message, till)
        for answer in answers:
            if isinstance(answer, Rejected):
                self._count(answer.reason, till, answer.text)
        return answers

    async def _issue(self, message: TokenRequest, till: TillId) -> TokenIssued:
        known = self._context.current.agreed.tills.get(till)
        if known is None or known.revoked or not known.issues_wristbands:
            raise Malformed(
                RejectReason.NOT_ALLOWED,
                f"The till {till} may not issue wristbands. Give it that right at the "
                "hub, or use the service desk.",
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
    expected = _LEAVES.get(type(message), "up")
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


def _hub_fault(payload: bytes) -> Rejected:
    regarding = None
    try:
        regarding = decode_from_till(payload).id
    except Malformed as error:
        regarding = error.regarding
    return Rejected(
        id=new_uuid7(),
        regarding=regarding,
        reason=RejectReason.HUB_FAULT,
        text="The hub failed to handle this message. Its log names the cause.",
    )


def _place(topics: Topics, topic: str) -> _Place:
    till = topics.till_of(topic)
    down = "" if till is None else topics.down(till)
    return _Place(till, topic.rsplit("/", 1)[-1], down)
