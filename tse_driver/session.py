"""A till's session with its TSE: in the words of fiscal law, not of the wire.

Blocking and not thread-safe: run it behind one worker thread. Start-up order,
keep-alive and retries follow the fiskaltrust middleware scu-de (EUPL-1.2), facts only.
"""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from tse_driver import commands as ask
from tse_driver import upkeep_commands as keep
from tse_driver.access import Access
from tse_driver.answers import MfcState, SlotInfo, StepSigned, TseState
from tse_driver.clock import Clock, SystemClock
from tse_driver.device_log import DeviceLog, signature_of
from tse_driver.errors import (
    AnswerLost,
    CertificateExpired,
    NotOpen,
    SelfTestFailed,
    SignatureInvalid,
    TseCode,
    TseError,
    TseGone,
    TseRefused,
    TseSilent,
    WrongTime,
)
from tse_driver.export_reader import read_certificates
from tse_driver.log_message import (
    Certified,
    LogMessage,
    Operation,
)
from tse_driver.results import Pins, Signature, Started, TseInfo
from tse_driver.signature import PublicKey
from tse_driver.verifier import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tse_driver.connection import Wire

__all__ = ["Pins", "Session", "Signature", "Started", "TseInfo"]

SELF_TEST_SHARE = 0.9  # of the time the device gives until the next one
DRIFT_S_MAX = 30.0  # TSE time this far from ours is set again
OLDEST_TIME = datetime(2024, 1, 1, tzinfo=UTC)  # an earlier clock was never set

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Session:
    """Everything a till asks of its TSE, for one client."""

    def __init__(
        self,
        wire: Wire,
        client_id: str,
        *,
        clock: Clock | None = None,
        pins: Pins | None = None,
        slot: str = "1",
    ) -> None:
        """Take a wire over; raise ClientIdInvalid. Nothing is sent before open()."""
        self._clock = clock or SystemClock()
        self.access = Access(wire, self._clock, pins or Pins(), slot)
        self.client_id = self.access.require_client(client_id)
        self._log = DeviceLog(self.access)
        self._verifier = Verifier(self.access.where)
        self._known_open: set[int] = set()
        self._may_be_signed = False  # the step being asked for
        self._self_test_due = 0.0
        self._time_due = 0.0
        self.drift_s = 0.0
        """Seconds the TSE's clock was ahead of ours at the last signature."""

    def open(self) -> TseInfo:
        """Wake the device: self test and time if due; report what was left open."""
        self.access.ask(ask.SetAsb(0))
        self._void_left_over_step()
        if self.access.ask(ask.GetTimeUntilNextSelfTest()).seconds == 0:
            self.self_test()
            self.set_time()
        self._plan_self_test()
        self._plan_time()
        return self.info()

    def close(self) -> None:
        """Give the wire back."""
        self.access.connection.close()

    def info(self) -> TseInfo:
        """Ask for everything worth knowing; costs several round trips."""
        slot = self.access.ask(ask.GetSlotInfo(self.access.slot))
        firmware = self.access.ask(ask.GetFirmwareInfo()).numbers
        state = TseState(slot.tse_state)
        initialized = TseState.INITIALIZED in state
        serial, key = "", b""
        if initialized:
            known = self._learn_key(slot)
            serial, key = known.serial.hex(), known.point
            self._known_open = set(self.open_transactions())
        return TseInfo(
            serial=serial,
            public_key=key,
            algorithm=slot.algorithm,
            time_format=self._verifier.time_format,
            firmware=".".join(map(str, firmware[:3])),
            description=slot.description,
            certificate_expiry=slot.certificate_expiry,
            signatures_left=slot.signatures_left,
            capacity_bytes=slot.capacity,
            free_bytes=slot.free,
            initialized=initialized,
            disabled=TseState.DISABLED in state,
            open_transactions=tuple(sorted(self._known_open)),
        )

    @property
    def public_key(self) -> PublicKey:
        """Return the TSE's key; open() must have found an initialized device."""
        return self._verifier.key

    def setup(self, description: str = "") -> TseInfo:
        """Put a new device into service and register this client; may be repeated."""
        self.access.ask(ask.SetAsb(0))
        slot = self.access.ask(ask.GetSlotInfo(self.access.slot))
        self.self_test()
        with self.access.logged_in(ask.ADMIN):
            if TseState.INITIALIZED not in TseState(slot.tse_state):
                self.access.ask(keep.Initialize(self.access.slot, description))
            self._update_time(self._host_time())
            self.access.name(self.client_id)
            self.access.ask(keep.RegisterClient(self.access.slot))
        return self.open()

    def self_test(self) -> None:
        """Run the self test; raise SelfTestFailed. May take two minutes."""
        self.access.ask_quietly(ask.ResetExport(self.access.slot))
        for client in (self.client_id, ask.FACTORY_CLIENT):
            self.access.name(client)
            verdict = self.access.ask(keep.RunSelfTest(self.access.slot)).value
            if verdict == ask.SELF_TEST_OK:
                self._plan_self_test()
                return
            if verdict != ask.SELF_TEST_CLIENT_UNKNOWN:
                break
        raise SelfTestFailed(self.access.where)

    def set_time(self) -> None:
        """Give the TSE this machine's time; raise WrongTime, WrongPin, PinBlocked."""
        moment = self._host_time()
        with self.access.logged_in(ask.TIME_ADMIN):
            self._update_time(moment)
        self._plan_time()

    def keep_alive(self) -> None:
        """Do what is due (self test, time); call it about once a minute when idle."""
        now = self._clock.monotonic()
        if now >= self._self_test_due:
            self.self_test()
        if now >= self._time_due or abs(self.drift_s) > DRIFT_S_MAX:
            self.drift_s = 0.0
            self.set_time()

    def register(self, client_id: str | None = None) -> None:
        """Register a client (this one by default); raise ClientIdInvalid."""
        client = self.access.require_client(client_id or self.client_id)
        with self.access.logged_in(ask.ADMIN):
            self.access.name(client)
            self.access.ask(keep.RegisterClient(self.access.slot))

    def deregister(self, client_id: str | None = None) -> None:
        """Deregister a client, which must have nothing open; raise ClientIdInvalid."""
        client = self.access.require_client(client_id or self.client_id)
        with self.access.logged_in(ask.ADMIN):
            self.access.name(client)
            self.access.ask(keep.DeregisterClient(self.access.slot))

    def clients(self) -> tuple[str, ...]:
        """Return the registered clients but the factory's."""
        with self.access.logged_in(ask.ADMIN):
            answer = self.access.ask(ask.GetRegisteredClients(self.access.slot))
        return tuple(c for c in answer.clients if not c.startswith("DN TSEProduction"))

    def start(self) -> Started:
        """Start a fiscal transaction; the law wants this at the first item."""
        try:
            started = self._ready(self._start)
        except (AnswerLost, CertificateExpired):
            started = self._find_started()
        else:
            now = self._clock.now() + timedelta(seconds=self.drift_s)
            if not self._verifier.believes(started, self.client_id, now):
                started = self._find_started()
        self._verifier.note_start(started)
        self._known_open.add(started.transaction_number)
        self.drift_s = (started.log_time - self._clock.now()).total_seconds()
        return started

    def update(
        self, transaction_number: int, process_type: str, process_data: bytes | str
    ) -> Signature:
        """Sign an update of it and return the verified signature."""
        return self._signed(
            Operation.UPDATE, transaction_number, process_type, process_data
        )

    def finish(
        self, transaction_number: int, process_type: str, process_data: bytes | str
    ) -> Signature:
        """Finish it and return the verified signature over exactly these bytes.

        An answer that was lost is looked up in the device's log. SignatureInvalid
        means that even there the signature is wrong.
        """
        signature = self._signed(
            Operation.FINISH, transaction_number, process_type, process_data
        )
        self._known_open.discard(transaction_number)
        return signature

    def void(self) -> None:
        """Give up a step that was opened but not signed; harmless if there is none."""
        if MfcState.TRANSACTION_COMMAND_OPEN & self.access.connection.status().state:
            self.access.ask(ask.TransactionVoid())

    def open_transactions(self) -> tuple[int, ...]:
        """Return the numbers of this client's open fiscal transactions."""
        self.access.name(self.client_id)
        return self.access.ask(ask.GetStartedTransactions(self.client_id)).numbers

    def logged(self, transaction_number: int) -> tuple[LogMessage, ...]:
        """Return what the log says of a fiscal transaction, verified, oldest first."""
        return self._log.messages(transaction_number, self.public_key)

    def last_logged(self) -> LogMessage | None:
        """Return the newest log message, unverified; works before open() too."""
        self.access.ask(ask.SetAsb(0))
        return self._log.newest()

    def find_signature(self, transaction_number: int) -> Signature | None:
        """Look a finish up in the device's log: after a lost answer or a restart."""
        message = self._log.find(transaction_number, Operation.FINISH, self.public_key)
        return None if message is None else signature_of(message)

    def export_all(self) -> Iterator[bytes]:
        """Yield the whole export TAR in pieces; ask nothing else until it ended."""
        return self.access.export(ask.ExportAll(self.access.slot))

    def export_transaction(self, transaction_number: int) -> bytes:
        """Return the export TAR of one fiscal transaction."""
        command = ask.ExportByNumber(self.access.slot, transaction_number)
        return b"".join(self.access.export(command))

    def export_interval(
        self, first: int, last: int, client_id: str = ""
    ) -> Iterator[bytes]:
        """Yield an export of these numbers, of one client or ("") of all."""
        command = ask.ExportByInterval(self.access.slot, first, last, client_id)
        return self._export_part(command, client_id)

    def export_period(
        self, begin: datetime, end: datetime, client_id: str = ""
    ) -> Iterator[bytes]:
        """Yield an export of a period, of one client or ("") of all."""
        command = ask.ExportByTime(self.access.slot, begin, end, client_id)
        return self._export_part(command, client_id)

    def _export_part(
        self, command: ask.ExportByInterval | ask.ExportByTime, client_id: str
    ) -> Iterator[bytes]:
        if client_id:
            self.access.require_client(client_id)
        # Else what an earlier command left there hides that there is nothing to export.
        self.access.ask_quietly(ask.ResetExport(self.access.slot))
        return self.access.export(command)

    def certificates(self) -> tuple[bytes, ...]:
        """Return the certificate chain in DER, own certificate first."""
        tar = b"".join(self.access.export(ask.ExportCertificates(self.access.slot)))
        found = read_certificates(io.BytesIO(tar))
        own = self.public_key.serial
        return tuple(found[serial] for serial in sorted(found, key=lambda s: s != own))

    # --- steps ---------------------------------------------------------------------

    def _ready(self, step: Callable[[], T]) -> T:
        """Run a step; where the device says what it lacks, give it that, once more."""
        try:
            return self._voiding(step)
        except AnswerLost:
            if self._may_be_signed:
                raise
        except TseRefused as error:
            if error.code in {TseCode.SELF_TEST_REQUIRED, TseCode.POWER_FAIL}:
                self.access.forget_client()
                self.self_test()
                self.set_time()
            elif error.code == TseCode.TIME_NOT_SET:
                self.set_time()
            elif error.code == TseCode.CLIENT_ID_NOT_SET:
                self.access.forget_client()
            elif error.code == TseCode.WRONG_ORDER:
                self._void_left_over_step()
            else:
                raise
        return self._voiding(step)

    def _voiding(self, step: Callable[[], T]) -> T:
        """Run a step; if it fails half-way, leave no step open on the device."""
        self._may_be_signed = False
        try:
            self.access.name(self.client_id)
            return step()
        except (TseGone, TseSilent):
            self.access.forget_client()
            raise
        except TseError:
            self._void_left_over_step()
            raise

    def _void_left_over_step(self) -> None:
        try:
            self.void()
        except TseGone:
            raise
        except TseError as error:
            logger.warning("could not void: %s", error)

    def _start(self) -> Started:
        self.access.ask(ask.StartInit(0, ""))
        self._may_be_signed = True
        answer = self.access.ask(ask.StartEnd())
        return Started(
            answer.transaction_number,
            answer.log_time,
            answer.signature_counter,
            answer.serial.hex(),
            answer.signature,
        )

    def _signed(
        self, operation: Operation, number: int, kind: str, data: bytes | str
    ) -> Signature:
        raw = data.encode() if isinstance(data, str) else data
        said = Certified(operation, self.client_id, raw, kind, number)
        signature = self._sign(said) or self._log.find_step(said, self.public_key)
        if signature is None:
            raise SignatureInvalid(self.access.where, f"fiscal transaction {number}")
        self._verifier.note(signature.signature_counter, signature.log_time)
        self.drift_s = (signature.log_time - self._clock.now()).total_seconds()
        return signature

    def _sign(self, said: Certified) -> Signature | None:
        """Sign an update or finish; return None if the signature does not verify."""
        number, data = said.transaction_number, said.process_data
        init: ask.UpdateInit | ask.FinishInit
        end: ask.UpdateEnd | ask.FinishEnd
        if said.operation == Operation.UPDATE:
            init = ask.UpdateInit(number, len(data), said.process_type)
            end = ask.UpdateEnd()
        else:
            init = ask.FinishInit(number, len(data), said.process_type)
            end = ask.FinishEnd()
        try:
            answer = self._ready(lambda: self._step(init, data, end))
        except (AnswerLost, CertificateExpired):
            signature = self._log.find_step(said, self.public_key)
            if signature is None:
                raise
            return signature
        except NotOpen:  # it may have been finished so, and its answer was lost
            signature = self._log.find_step(said, self.public_key, exactly=True)
            if signature is None:
                raise
            return signature
        if not self._verifier.verifies(said, answer):
            return None
        return Signature(
            number, answer.signature_counter, answer.log_time, answer.signature
        )

    def _step(
        self,
        init: ask.UpdateInit | ask.FinishInit,
        data: bytes,
        end: ask.Command[StepSigned],
    ) -> StepSigned:
        self.access.ask(init)
        for packet, at in enumerate(range(0, len(data), ask.PACKET_BYTES_MAX)):
            piece = data[at : at + ask.PACKET_BYTES_MAX]
            self.access.ask(ask.TransactionData(packet, piece))
        self._may_be_signed = True
        return self.access.ask(end)

    def _find_started(self) -> Started:
        """Find a start whose answer was lost: the one number we do not know."""
        new = set(self.open_transactions()) - self._known_open
        if not new:
            raise AnswerLost(self.access.where, "'StartEnd'")
        number = max(new)
        message = self._log.find(number, Operation.START, self.public_key)
        if message is None:
            what = f"the start of fiscal transaction {number}"
            raise SignatureInvalid(self.access.where, what)
        return Started(
            number,
            message.log_time,
            message.signature_counter,
            message.serial,
            message.signature,
        )

    # --- device state --------------------------------------------------------------

    def _learn_key(self, slot: SlotInfo) -> PublicKey:
        data = self.access.ask(ask.ExportPublicKey(self.access.slot)).data
        key = PublicKey.from_bytes(data)
        self._verifier.learn(key, slot.algorithm)
        return key

    def _update_time(self, moment: datetime) -> None:
        try:
            self.access.ask(keep.UpdateTime(moment))
        except TseRefused as error:
            if error.code != TseCode.PARA_VALUE:
                raise
            text = f"{moment:%Y-%m-%d %H:%M} UTC"
            raise WrongTime(self.access.where, text) from error

    def _host_time(self) -> datetime:
        moment = self._clock.now()
        if moment < OLDEST_TIME:
            raise WrongTime(self.access.where, f"{moment:%Y-%m-%d %H:%M} UTC")
        return moment

    def _plan_self_test(self) -> None:
        seconds = self.access.ask(ask.GetTimeUntilNextSelfTest()).seconds
        self._self_test_due = self._clock.monotonic() + SELF_TEST_SHARE * seconds

    def _plan_time(self) -> None:
        seconds = self.access.ask(ask.GetUpdateTimeInterval()).seconds
        self._time_due = self._clock.monotonic() + seconds
