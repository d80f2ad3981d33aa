"""The till: one queue of events, one step at a time, effects through ports."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, assert_never

from contract.ids import new_uuid7
from contract.messages import TillStatus
from edge.archivist import Archivist
from edge.core import effects, events, tse_swap
from edge.core.checkout import step
from edge.core.errors import (
    CardRefused,
    CatalogueUnavailable,
    JournalBroken,
    NotConnected,
    TerminalDown,
    TerminalSilent,
    WalletsUnavailable,
)
from edge.core.picture import picture
from edge.core.recovery import recover
from edge.core.state import Moment, TillState
from edge.core.view import Phase, TillView
from edge.courier import Courier
from edge.press import Press
from edge.signer import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from uuid import UUID

    from edge.core.effects import Effect
    from edge.core.events import Event
    from edge.core.intents import Intent
    from edge.core.state import Identity
    from edge.ports import (
        Archives,
        CardTerminal,
        CatalogueSource,
        Clock,
        FiscalModule,
        Hub,
        Journal,
        Printer,
    )

    Watcher = Callable[[TillView], None]

QUEUE_LENGTH_MAX: Final = 10_000  # far above what a till sees within one step
MS_PER_S: Final = 1000
STATUS_INTERVAL_S: Final = 2.0
# What the hub is told again as soon as it changes.
NEWS: Final = ("hub", "tse", "reader", "clock", "printer", "undelivered", "tse_serial")
WALLETS_AT_ONCE: Final = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the till reaches the world through."""

    journal: Journal
    hub: Hub
    fiscal: FiscalModule
    catalogues: CatalogueSource
    clock: Clock
    terminal: CardTerminal | None = None
    printer: Printer | None = None
    archives: Archives | None = None


class Till:
    """Takes one event, steps the core, performs the effects; nothing else.

    Screens and scripted cashiers use `submit`, `view`, `watch` and `shown`, all of
    them in the loop; devices and link use `post`, from any thread.
    """

    def __init__(self, identity: Identity, ports: Ports, *, software: str) -> None:
        self._identity = identity
        self._ports = ports
        self._software = software
        self._state = TillState(identity=identity)
        self._view = TillView(phase=Phase.STARTING, till=identity.till)
        self._watchers: list[Watcher] = []
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Event | Intent] = asyncio.Queue(QUEUE_LENGTH_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: asyncio.Future[None] = self._loop.create_future()
        self._status_sent: TillStatus | None = None
        self._status_timer: asyncio.TimerHandle | None = None
        self._press = Press(ports.journal, ports.printer, self._enqueue)
        self._archivist = Archivist(
            ports.fiscal, ports.archives, ports.journal, self._archive_stuck
        )
        self._signer = Signer(
            ports.fiscal, ports.clock, self._enqueue, self._archivist.catch_up
        )
        self.courier = Courier(
            journal=ports.journal, hub=ports.hub, clock=ports.clock, post=self._enqueue
        )

    @property
    def view(self) -> TillView:
        """The latest picture of the till."""
        return self._view

    def submit(self, intent: Intent) -> None:
        """Hand over what the cashier wants; loop only, returns at once."""
        self._enqueue(intent)

    def post(self, event: Event | Intent) -> None:
        """Hand over what happened to the till, from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._enqueue, event)
        except RuntimeError:  # a device's last word after the loop has ended
            logger.debug("%s came after the till had stopped.", type(event).__name__)

    def watch(self, callback: Watcher) -> Callable[[], None]:
        """Call back in the loop with each new view; returns the unsubscription."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def shown(self, order: UUID) -> None:
        """Say that this order's approval was painted (or seen by a scripted cashier).

        Until then a restart asks the cashier whether the goods were handed out.
        """
        at_ns = self._ports.clock.monotonic_ns()
        self._enqueue(events.Shown(order=order, at_ns=at_ns))

    async def run(self) -> None:
        """Recover from the journal, then take events until canceled.

        Raises JournalBroken when the journal can't be read at all, and whatever any
        part of the till could not cope with.
        """
        found = await self._ports.journal.recover()
        first, todo = recover(self._identity, found, self._moment())
        workers = [
            asyncio.create_task(self.courier.run(), name="courier"),
            asyncio.create_task(self._signer.run(), name="fiscal"),
            asyncio.create_task(self._press.run(), name="press"),
            asyncio.create_task(self._archivist.run(), name="archivist"),
        ]
        self._spawn(self._signer.open())
        try:
            await self._perform_all(first, todo)
            workers.append(asyncio.create_task(self._take_all(), name="events"))
            # All of them run until canceled: one that ends has met what it does not
            # know, and a till that no longer signs or delivers must not go on selling.
            endless = {*workers, self._fault}
            done, _ = await asyncio.wait(endless, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            if self._status_timer is not None:
                self._status_timer.cancel()
            everyone = [*workers, *self._tasks]
            for task in everyone:
                task.cancel()
            await asyncio.gather(*everyone, return_exceptions=True)

    async def _take_all(self) -> None:
        while True:
            await self._take(await self._queue.get())

    async def _take(self, event: Event | Intent) -> None:
        if isinstance(event, events.LinkUp):
            self._status_sent = None  # the broker may have forgotten it
        state, todo = step(self._state, event, self._moment())
        await self._perform_all(state, todo)

    async def _perform_all(self, state: TillState, todo: effects.Effects) -> None:
        """Perform a step's effects, then show it; a failed commit undoes the step."""
        try:
            for effect in todo:
                state = await self._perform(effect, state)
        except JournalBroken as error:
            logger.error("%s", error)  # noqa: TRY400 - the sentence says it all
            failed = events.JournalFailed(str(error))
            state, _ = step(self._state, failed, self._moment())
        self._state = state
        self._publish()

    async def _perform(self, effect: Effect, state: TillState) -> TillState:
        journal = self._ports.journal
        match effect:
            case effects.Commit(records=records):
                await journal.commit(records)
            case effects.CacheWallets(wallets=wallets):
                await journal.cache(wallets)
            case effects.ForgetWallets():
                await journal.forget_wallets()
            case effects.Redeliver():
                return await self._redeliver(state)
            case _:
                self._perform_at_once(effect)
        return state

    async def _redeliver(self, state: TillState) -> TillState:
        # In one go, so that no order is sealed between the reading and the step.
        found = await self._ports.journal.recover()
        self.courier.begin_anew(found.undelivered)
        again = events.UndeliveredAgain(
            found.undelivered, found.closings, found.tse_news
        )
        state, todo = step(state, again, self._moment())
        for effect in todo:
            state = await self._perform(effect, state)
        return state

    def _perform_at_once(self, effect: effects.Immediate) -> None:
        match effect:
            case effects.SendRequest():
                self._send(effect)
            case effects.SetAlarm(alarm=alarm, after_ms=after_ms):
                self._loop.call_later(after_ms / MS_PER_S, self._enqueue, alarm)
            case (
                effects.BeginFiscal()
                | effects.FinishFiscal()
                | effects.FindFiscal()
                | effects.CloseStray()
            ):
                self._signer.put(effect)
            case effects.FetchCatalogue() | effects.FetchWallets():
                self._spawn(self._download(effect))
            case effects.OpenFiscal(clock_confirmed=confirmed):
                self._spawn(self._signer.open(clock_confirmed=confirmed))
            case effects.PrintReceipt() | effects.PrintClosing():
                self._press.put(effect)
            case effects.ChargeCard() | effects.RefundCard() | effects.FindCharge():
                self._spawn(self._ask_terminal(effect))
            case effects.LookUp() | effects.SumUp():
                self._spawn(self._read(effect))
            case effects.Note(text=text, urgent=urgent):
                logger.log(logging.ERROR if urgent else logging.WARNING, "%s", text)
            case _:
                self._tell_helpers(effect)

    def _tell_helpers(self, effect: effects.ForCourier | effects.ArchiveTse) -> None:
        match effect:
            case effects.ArchiveTse(serial=serial, last=last):
                self._archivist.hand_over(serial, last)
            case effects.Deliver(orders=orders):
                self.courier.hand_over(orders)
            case effects.Delivered(orders=orders, regarding=regarding):
                self.courier.recorded(orders, regarding)
            case effects.SayLogouts(logouts=logouts):
                self.courier.say(logouts)
            case effects.DeliverNow():
                self.courier.wake()
            case effects.RefusedByHub(rejected=rejected):
                self.courier.refused(rejected)
            case effects.Probe():
                self.courier.probe()
            case _:
                assert_never(effect)

    def _send(self, effect: effects.SendRequest) -> None:
        try:
            self._ports.hub.send(effect.request, expires_s=effect.expires_s)
        except NotConnected:
            self._enqueue(events.NotSent())

    async def _download(
        self, effect: effects.FetchCatalogue | effects.FetchWallets
    ) -> None:
        if isinstance(effect, effects.FetchWallets):
            await self._fetch_wallets(effect.path)
            return
        try:
            data = await self._ports.catalogues.fetch(effect.link)
        except CatalogueUnavailable as error:
            self._enqueue(events.CatalogueFailed(str(error)))
        else:
            self._enqueue(events.CatalogueFetched(data))

    async def _fetch_wallets(self, path: str) -> None:
        try:
            found = await self._ports.catalogues.wallets(path)
        except WalletsUnavailable as error:
            self._enqueue(events.WalletsFailed(str(error)))
            return
        # In parts, so that a cashier's tap in between does not wait for all of it.
        changes, left = found.changes(), len(found.wallets)
        while True:
            part = tuple(islice(changes, WALLETS_AT_ONCE))
            left -= len(part)
            self._enqueue(
                events.WalletsFetched(found.number, found.anchor, part, left == 0)
            )
            if left == 0:
                break
            await asyncio.sleep(0)

    async def _read(self, effect: effects.LookUp | effects.SumUp) -> None:
        journal = self._ports.journal
        if isinstance(effect, effects.LookUp):
            found, undoing = await journal.find(effect.order)
            self._enqueue(events.OrderFound(effect.order, found, undoing))
        else:
            orders, anchor = await journal.shift(effect.z_number)
            self._enqueue(events.SummedUp(effect.z_number, orders, anchor))

    async def _ask_terminal(self, effect: effects.ForTerminal) -> None:
        terminal, order, reference = (
            self._ports.terminal,
            effect.order,
            effect.reference,
        )
        if terminal is None:
            text = "This till has no card terminal. Take another payment."
            self._enqueue(events.CardFailed(order, reference, text))
            return
        try:
            match effect:
                case effects.ChargeCard(amount=amount):
                    receipt = await terminal.charge(reference, amount)
                case effects.RefundCard(amount=amount):
                    receipt = await terminal.refund(reference, amount, effect.receipt)
                case effects.FindCharge():
                    found = await terminal.find(reference)
                    if found is None:
                        self._enqueue(events.CardNotFound(order, reference))
                        return
                    receipt = found
        except (CardRefused, TerminalDown) as error:
            # A look-up that fails leaves it open what became of the payment.
            silent = isinstance(error, TerminalSilent)
            silent = silent or isinstance(effect, effects.FindCharge)
            failed = events.CardFailed(order, reference, str(error), silent=silent)
            self._enqueue(failed)
        else:
            self._enqueue(events.CardPaid(order, reference, receipt))

    def _archive_stuck(self, fault: str) -> None:
        self._enqueue(events.ArchiveStuck(fault))

    # --- the rest --------------------------------------------------------------------

    def _publish(self) -> None:
        self._archivist.between_baskets(quiet=tse_swap.is_quiet(self._state))
        view = picture(self._state)
        if view != self._view:
            self._view = view
            for watcher in tuple(self._watchers):
                watcher(view)
        if self._status_timer is None and self._status_is_news():
            self._status_timer = self._loop.call_later(
                STATUS_INTERVAL_S, self._send_status
            )

    def _status_is_news(self) -> bool:
        sent, now = self._status_sent, self._status()
        return sent is None or _changed(sent, now)

    def _send_status(self) -> None:
        self._status_timer = None
        status = self._status()
        try:
            self._ports.hub.send(status)
        except NotConnected:
            self._status_sent = None  # the next view after the reconnect sends it
        else:
            self._status_sent = status

    def _status(self) -> TillStatus:
        lamps, unit = self._view.lamps, self._state.unit
        return TillStatus(
            id=new_uuid7(),
            till=self._identity.till,
            software=self._software,
            at=self._ports.clock.now(),
            hub=lamps.hub,
            tse=lamps.tse,
            reader=lamps.reader,
            clock=lamps.clock,
            undelivered=self._view.undelivered,
            tse_serial=unit.serial,
            tse_expires=unit.expires,
            printer=lamps.printer,
        )

    def _moment(self) -> Moment:
        clock = self._ports.clock
        return Moment(clock.now(), clock.monotonic_ns(), new_uuid7())

    def _enqueue(self, event: Event | Intent) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            logger.error("The till is overrun and dropped a %s.", type(event).__name__)  # noqa: TRY400 - as above

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned_ended)

    def _spawned_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._fault.done():
            self._fault.set_exception(error)


class Post:
    """Where devices post to before there is a till: set `to` before they start."""

    def __init__(self) -> None:
        self.to: Callable[[Any], None] | None = None

    def __call__(self, event: object) -> None:
        """Hand an event over, from any thread."""
        assert self.to is not None, "a device spoke before the till was put together"
        self.to(event)


class SystemClock:
    """The computer's own clocks."""

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """A clock that never jumps."""
        return time.monotonic_ns()


def _changed(one: TillStatus, two: TillStatus) -> bool:
    return any(getattr(one, name) != getattr(two, name) for name in NEWS)
