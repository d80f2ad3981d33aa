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
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from contract import fiscal
from contract.ids import TillId
from contract.messages import Lamp, LampState
from edge.core.errors import FiscalModuleDown, FiscalModuleSilent
from edge.core.events import FiscalLamp, FiscalOpened
from edge.core.records import FiscalStart
from edge.ports import FiscalInfo
from tse_driver.errors import (
    AnswerLost,
    PinBlocked,
    ProtocolError,
    TseCode,
    TseError,
    TseGone,
    TseRefused,
    TseSilent,
    WrongPin,
)
from tse_driver.log_message import LogMessage, Operation
from tse_driver.port import Port
from tse_driver.session import Pins, Session, TseInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tse_driver.connection import Wire
    from tse_driver.vendor import FiscalSession

EXPIRY_WARNING = timedelta(days=30)
SIGNATURES_WARNING = 10_000  # some busy days of one till

_FATE_UNKNOWN = (TseSilent, AnswerLost, TseGone)
_LINE_DEAD = (TseSilent, TseGone, ProtocolError)
_NO_MORE_TRIES = (WrongPin, PinBlocked)  # each try brings the TSE closer to blocking

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the till waits for its TSE, in seconds."""

    open_s: float = 150.0  # a self test alone may take two minutes
    start_s: float = 3.0
    finish_s: float = 3.0  # then it is an outage on the receipt
    find_s: float = 15.0
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
        pins: Pins | None = None,
        connect: Callable[[str], Wire] = Port,
        patience: Patience | None = None,
    ) -> None:
        self._line = _Line(port, client, pins or Pins(), connect)
        self._post = post
        self._patience = patience or Patience()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="tse")
        self._lamp = Lamp(state=LampState.UNKNOWN)
        self._fell = asyncio.Event()
        self._in_service = asyncio.Event()
        self._used_at = -math.inf
        self._caretaker: asyncio.Task[None] | None = None

    async def open(self) -> FiscalInfo:
        """Bring it into service and keep it there; may be repeated."""
        if self._caretaker is None:
            self._caretaker = asyncio.create_task(self._take_care())
        return await self._open()

    async def start(self) -> FiscalStart:
        """Begin a fiscal transaction."""
        self._used_at = asyncio.get_running_loop().time()
        return await self._do(self._line.start, self._patience.start_s)

    async def finish(self, start: FiscalStart, process_data: str) -> fiscal.Signature:
        """Sign and close it."""
        self._used_at = asyncio.get_running_loop().time()
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
        if idle_s < self._patience.look_s:
            return  # a self test must not stand between a guest and a receipt
        with contextlib.suppress(FiscalModuleDown):
            await self._do(self._line.keep_alive, self._patience.open_s)

    async def _bring_back(self) -> None:
        if self._line.is_open:  # somebody pressed 'Restart TSE' meanwhile
            return
        with contextlib.suppress(FiscalModuleDown):
            info = await self._open()
            self._post(FiscalOpened(info.serial, info.expires, info.open_numbers))

    def _show(self, state: LampState, text: str) -> None:
        lamp = Lamp(state=state, text=text)
        if lamp != self._lamp:
            self._lamp = lamp
            self._post(FiscalLamp(lamp))


class _Line:
    """The driver's session and what is known of its TSE; for the worker thread."""

    def __init__(
        self, port: str, client: str, pins: Pins, connect: Callable[[str], Wire]
    ) -> None:
        self.where = f"The TSE at {port}"
        self.may_retry = True
        self._port = port
        self._client = client
        self._pins = pins
        self._connect = connect
        self._session: FiscalSession | None = None
        self._info: TseInfo | None = None
        self._format_is_certain = False
        self._trouble: TseError | None = None

    @property
    def is_open(self) -> bool:
        return self._session is not None

    def open(self) -> FiscalInfo:
        self.close()
        if isinstance(self._trouble, _NO_MORE_TRIES):
            raise self._trouble  # the PINs are the same until the till starts anew
        self.may_retry, self._trouble = True, None
        try:
            self._session = Session(
                self._connect(self._port), self._client, pins=self._pins
            )
            info = self._session.open()
            _check_in_service(self.where, info)
        except TseError:
            self.close()  # nothing of an order has reached it
            raise
        self._info, self._format_is_certain = info, False
        return FiscalInfo(info.serial, info.certificate_expiry, info.open_transactions)

    def suffer(self, error: TseError) -> None:
        """Draw the consequences of an error."""
        if isinstance(error, _NO_MORE_TRIES):
            self.may_retry = False
        if isinstance(error, _LINE_DEAD):
            self.close()
        if not self.is_open:
            self._trouble = error

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def start(self) -> FiscalStart:
        started = self._opened().start()
        return FiscalStart(
            number=started.transaction_number,
            counter=started.signature_counter,
            started_at=started.log_time,
        )

    def finish(self, start: FiscalStart, process_data: str) -> fiscal.Signature:
        session = self._opened()
        kind = fiscal.process_type(process_data)
        signed = session.finish(start.number, kind, process_data)
        if not self._format_is_certain:
            # Only now the driver knows how this TSE writes its log times.
            self._info = session.info()
            self._format_is_certain = True
        info = self._info
        assert info is not None
        return fiscal.Signature(
            client=TillId(self._client),
            number=start.number,
            start_counter=start.counter,
            counter=signed.signature_counter,
            started_at=start.started_at,
            finished_at=signed.log_time,
            process_type=kind,
            process_data=process_data,
            algorithm=info.algorithm,
            time_format=str(info.time_format),
            value=signed.value,
            public_key=info.public_key,
            tse_serial=info.serial,
        )

    def find(self, start: FiscalStart) -> fiscal.Signature | None:
        session = self._opened()
        logged = {
            message.operation: message for message in session.logged(start.number)
        }
        finish = logged.get(Operation.FINISH)
        if finish is None:
            return None
        return _rebuild(start, logged.get(Operation.START), finish, session)

    def keep_alive(self) -> None:
        if self._session is not None:
            self._session.keep_alive()

    def lamp(self) -> tuple[LampState, str]:
        info = self._info
        if info is None:
            return LampState.UNKNOWN, ""
        expires = info.certificate_expiry
        if expires - datetime.now(UTC) < EXPIRY_WARNING:
            return LampState.WARN, (
                f"The certificate of {self.where[0].lower()}{self.where[1:]} ends on"
                f" {expires:%Y-%m-%d}. Order a new TSE."
            )
        if info.signatures_left < SIGNATURES_WARNING:
            return LampState.WARN, (
                f"{self.where} can sign {info.signatures_left} more times."
                " Order a new TSE."
            )
        return LampState.GOOD, f"{self.where} is ready."

    def _opened(self) -> FiscalSession:
        if self._session is None:
            raise self._trouble or TseGone(self.where, "it was not opened yet")
        return self._session


def _check_in_service(where: str, info: TseInfo) -> None:
    if info.disabled:
        raise TseRefused(where, "GetSlotInfo", TseCode.DISABLED)
    if not info.initialized:
        raise TseRefused(where, "GetSlotInfo", TseCode.NOT_INITIALIZED)


def _rebuild(
    start: FiscalStart,
    begun: LogMessage | None,
    finish: LogMessage,
    session: FiscalSession,
) -> fiscal.Signature:
    said, protocolled = finish.certified, finish.protocolled
    assert said is not None
    return fiscal.Signature(
        client=TillId(said.client_id),
        number=said.transaction_number,
        start_counter=begun.signature_counter if begun else start.counter,
        counter=finish.signature_counter,
        started_at=begun.log_time if begun else start.started_at,
        finished_at=finish.log_time,
        process_type=said.process_type,
        process_data=said.process_data.decode(errors="replace"),
        algorithm=protocolled.algorithm.name,
        time_format=str(protocolled.time_format),
        value=finish.signature,
        public_key=session.public_key.point,
        tse_serial=finish.serial,
    )


def _forget(job: asyncio.Future[T]) -> None:
    """Look at an error nobody waits for any more, so that it isn't reported twice."""
    if not job.cancelled():
        job.exception()
