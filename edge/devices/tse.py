"""The TSE as the till wants it: asynchronous, bounded in time, explained in a lamp.

One worker thread owns the driver's session, for the TSE takes one command at a time. A
caretaker task keeps an idle TSE awake and brings one back that was unplugged.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from contract.messages import Lamp, LampState
from edge.core.errors import FiscalModuleDown, FiscalModuleSilent
from edge.core.events import FiscalLamp, FiscalOpened
from edge.devices.tse_line import BegunElsewhere, Conditions, TseLine
from tse_driver.errors import (
    AnswerLost,
    NotOpen,
    ProtocolError,
    TseError,
    TseGone,
    TseSilent,
)
from tse_driver.port import Port

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract import fiscal
    from edge.core.records import FiscalStart
    from edge.ports import FiscalInfo
    from tse_driver.connection import Wire

BASKET_S = 900.0  # a basket that was open for longer than this is nobody's

_FATE_UNKNOWN = (TseSilent, AnswerLost, TseGone)

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the till waits for its TSE, in seconds."""

    open_s: float = 150.0  # a self test alone may take two minutes
    start_s: float = 3.0
    finish_s: float = 3.0  # then it is an outage on the receipt
    find_s: float = 15.0
    export_s: float = 30.0
    return_s: float = 3.0  # for one that fell, before its log is asked for
    look_s: float = 30.0  # between two looks at what an idle TSE needs
    back_off_s_min: float = 0.5
    back_off_s_max: float = 15.0


class SerialTse:
    """A TSE on a serial port. Implements edge.ports.FiscalModule.

    Posts FiscalLamp on change, and FiscalOpened when it brought a TSE back by itself;
    `post` is called from the worker thread too.
    """

    def __init__(
        self,
        *,
        port: str,
        client: str,
        post: Callable[[object], None],
        connect: Callable[[str], Wire] = Port,
        patience: Patience | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        self._line = TseLine(port, client, conditions or Conditions(), connect)
        self._begun: set[int] = set()  # and not finished: a self test must wait
        self._post = post
        self._patience = patience or Patience()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="tse")
        self._lamp = Lamp(state=LampState.UNKNOWN)
        self._fell = asyncio.Event()
        self._in_service = asyncio.Event()
        self._used_at = -math.inf
        self._caretaker: asyncio.Task[None] | None = None

    async def open(self, *, clock_confirmed: bool = False) -> FiscalInfo:
        """Bring it into service and keep it there; may be repeated."""
        self._line.clock_confirmed |= clock_confirmed
        if self._caretaker is None:
            self._caretaker = asyncio.create_task(self._take_care())
        return await self._open()

    async def start(self) -> FiscalStart:
        """Begin a fiscal transaction."""
        self._used_at = asyncio.get_running_loop().time()
        start = await self._do(self._line.start, self._patience.start_s)
        self._begun.add(start.number)
        return start

    async def finish(self, start: FiscalStart, process_data: str) -> fiscal.Signature:
        """Sign and close it."""
        self._used_at = asyncio.get_running_loop().time()
        self._begun.discard(start.number)
        return await self._do(
            lambda: self._line.finish(start, process_data), self._patience.finish_s
        )

    async def find(self, start: FiscalStart) -> fiscal.Signature | None:
        """Read from the TSE's log whether it was finished after all."""
        if self._line.may_retry:  # the caretaker is at it
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience.return_s):
                    await self._in_service.wait()
        return await self._do(lambda: self._line.find(start), self._patience.find_s)

    async def export(self, serial: str, first: int, last: int) -> bytes:
        """Read the log of this TSE of these numbers: a TAR, or nothing of none."""
        self._used_at = asyncio.get_running_loop().time()
        return await self._do(
            lambda: self._line.export(serial, first, last), self._patience.export_s
        )

    async def close(self) -> None:
        """Let go of the port."""
        if self._caretaker is not None:
            self._caretaker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._caretaker
            self._caretaker = None
        closing = self._executor.submit(self._line.close)
        await asyncio.wait(
            {asyncio.wrap_future(closing)}, timeout=self._patience.finish_s
        )
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _open(self) -> FiscalInfo:
        info = await self._do(self._line.open, self._patience.open_s)
        self._in_service.set()
        return info

    async def _do(self, work: Callable[[], T], timeout_s: float) -> T:
        """Run in the worker; raise FiscalModuleDown or FiscalModuleSilent in time."""
        loop = asyncio.get_running_loop()
        job: Future[T] = self._executor.submit(self._guarded, work, loop)
        waiting = asyncio.wrap_future(job)
        waiting.add_done_callback(_forget)
        done, _ = await asyncio.wait({waiting}, timeout=timeout_s)
        if done:
            return waiting.result()
        if job.cancel():
            raise FiscalModuleDown(
                f"{self._line.where} is busy with an earlier command."
                " The order goes on without a signature."
            )
        text = (
            f"{self._line.where} did not answer within {timeout_s:g} s."
            " Check its cable, then press 'Restart TSE'."
        )
        self._show(LampState.BAD, text)
        raise FiscalModuleSilent(text)

    def _guarded(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop) -> T:
        try:
            result = work()
        except TseError as error:
            logger.warning("%s", error)
            raise self._suffered(error, loop) from error
        except Exception as error:  # selling must go on, whatever it was
            logger.exception("The TSE's driver met what it does not know.")
            unknown = f"what its driver does not know: {type(error).__name__}"
            fault = ProtocolError(self._line.where, unknown)
            raise self._suffered(fault, loop) from error
        self._show(*self._line.lamp())
        return result

    def _suffered(
        self, error: TseError, loop: asyncio.AbstractEventLoop
    ) -> FiscalModuleDown:
        # Only a command that reached the TSE can have been carried out unheard.
        silent = isinstance(error, _FATE_UNKNOWN) and self._line.is_open
        self._line.suffer(error)
        # Of what it has not begun it says nothing else: it signs others.
        if not isinstance(error, NotOpen | BegunElsewhere):
            self._show(LampState.BAD, str(error))
        if not self._line.is_open:
            loop.call_soon_threadsafe(self._note_fall)
        kind = FiscalModuleSilent if silent else FiscalModuleDown
        return kind(str(error))

    def _note_fall(self) -> None:
        self._in_service.clear()
        self._fell.set()

    async def _take_care(self) -> None:
        back_off_s = self._patience.back_off_s_min
        while True:
            with contextlib.suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it can swallow a cancellation.
                async with asyncio.timeout(self._patience.look_s):
                    await self._fell.wait()
            self._fell.clear()
            if self._line.is_open:
                back_off_s = self._patience.back_off_s_min
                await self._keep_alive()
            elif self._line.may_retry:
                await asyncio.sleep(back_off_s)
                back_off_s = min(2 * back_off_s, self._patience.back_off_s_max)
                await self._bring_back()

    async def _keep_alive(self) -> None:
        idle_s = asyncio.get_running_loop().time() - self._used_at
        # A self test must not stand between a guest and a receipt.
        if idle_s < (BASKET_S if self._begun else self._patience.look_s):
            return
        self._begun.clear()
        with contextlib.suppress(FiscalModuleDown):
            await self._do(self._line.keep_alive, self._patience.open_s)

    async def _bring_back(self) -> None:
        if self._line.is_open:  # somebody pressed 'Restart TSE' meanwhile
            return
        with contextlib.suppress(FiscalModuleDown):
            info = await self._open()
            opened = (info.serial, info.expires, info.open_numbers, info.facts)
            self._post(FiscalOpened(*opened))

    def _show(self, state: LampState, text: str) -> None:
        lamp = Lamp(state=state, text=text)
        if lamp != self._lamp:
            self._lamp = lamp
            self._post(FiscalLamp(lamp))


def _forget(job: asyncio.Future[T]) -> None:
    """Look at an error nobody waits for any more, so that it isn't reported twice."""
    if not job.cancelled():
        job.exception()
