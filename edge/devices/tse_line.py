"""The driver's session with a till's TSE: blocking, for one worker thread."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from contract import fiscal
from contract.ids import TillId
from contract.messages import LampState, TseFacts
from contract.tse_news import CERTIFICATES_MAX, NAMED_MAX, plain
from edge.core.records import FiscalStart
from edge.ports import FiscalInfo
from tse_driver.errors import (
    CallTheTechnician,
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
from tse_driver.session import Pins, Session, TseInfo

if TYPE_CHECKING:
    from tse_driver.connection import Wire
    from tse_driver.vendor import FiscalSession

EXPIRY_WARNING: Final = timedelta(days=30)
SIGNATURES_WARNING: Final = 10_000  # some busy days of one till

_LINE_DEAD = (TseSilent, TseGone, ProtocolError)
_NO_MORE_TRIES = (WrongPin, PinBlocked)  # each try brings the TSE closer to blocking
_BSI_ID = re.compile(r"\d{4}-\d{4}")

Vouch = Callable[[bool, datetime | None], str | None]
"""Says why the TSE must not have this machine's time, if it must not.

It is told whether a person vouches for the clock, and the time of the TSE's last log.
"""


def _trusted(confirmed: bool, seen: datetime | None) -> str | None:  # noqa: FBT001 - as a Vouch
    return None


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a TSE is opened; `bsi_id` (nnnn-yyyy) is read off it when empty."""

    pins: Pins = field(default_factory=Pins)
    vouch: Vouch = _trusted
    bsi_id: str = ""


class ClockUnconfirmed(CallTheTechnician):
    """{where} waits: {detail}"""


class BegunElsewhere(CallTheTechnician):
    """{where} is not the one that began this order ({detail}...)."""


class TseLine:
    """The driver's session and what is known of its TSE; for the worker thread."""

    def __init__(
        self,
        port: str,
        client: str,
        conditions: Conditions,
        connect: Callable[[str], Wire],
    ) -> None:
        self.where = f"The TSE at {port}"
        self.may_retry = True
        self._port = port
        self._client = client
        self._conditions = conditions
        self._connect = connect
        self._session: FiscalSession | None = None
        self._info: TseInfo | None = None
        self._format_is_certain = False
        self._trouble: TseError | None = None
        self._certificates: dict[str, tuple[bytes, ...]] = {}
        self.clock_confirmed = False

    @property
    def is_open(self) -> bool:
        """Whether it is in service."""
        return self._session is not None

    def open(self) -> FiscalInfo:
        """Bring it into service, if somebody vouches for the clock; raises TseError."""
        self.close()
        if isinstance(self._trouble, _NO_MORE_TRIES):
            raise self._trouble  # the PINs are the same until the till starts anew
        self.may_retry, self._trouble = True, None
        try:
            self._session = Session(
                self._connect(self._port), self._client, pins=self._conditions.pins
            )
            newest = self._session.last_logged()
            self._check_clock(newest)
            info = self._session.open()
            _check_in_service(self.where, info)
            facts = self._facts(info, newest)
        except TseError:
            self.close()  # nothing of an order has reached it
            raise
        self._info, self._format_is_certain = info, False
        expiry, numbers = info.certificate_expiry, info.open_transactions
        return FiscalInfo(info.serial, expiry, numbers, facts)

    def suffer(self, error: TseError) -> None:
        """Draw the consequences of an error."""
        if isinstance(error, _NO_MORE_TRIES):
            self.may_retry = False
        if isinstance(error, _LINE_DEAD):
            self.close()
        if not self.is_open:
            self._trouble = error

    def close(self) -> None:
        """Let go of the port; may be repeated."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def start(self) -> FiscalStart:
        """Begin a fiscal transaction."""
        started = self._opened().start()
        return FiscalStart(
            number=started.transaction_number,
            counter=started.signature_counter,
            started_at=started.log_time,
            tse_serial=started.serial,
        )

    def finish(self, start: FiscalStart, process_data: str) -> fiscal.Signature:
        """Sign and close it; raises BegunElsewhere where another TSE began it."""
        session = self._opened()
        if start.tse_serial not in {"", session.public_key.serial.hex()}:
            raise BegunElsewhere(self.where, start.tse_serial[:16])
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
        """Read the signature from its log, None if there is none."""
        session = self._opened()
        if start.tse_serial not in {"", session.public_key.serial.hex()}:
            return None
        logged = {
            message.operation: message for message in session.logged(start.number)
        }
        finish = logged.get(Operation.FINISH)
        if finish is None:
            return None
        return _rebuild(start, logged.get(Operation.START), finish, session)

    def export(self, serial: str, first: int, last: int) -> bytes:
        """Read the log of this TSE of these numbers: a TAR, or nothing of none."""
        session = self._opened()
        if serial != session.public_key.serial.hex():
            raise BegunElsewhere(self.where, serial[:16])
        try:
            return b"".join(session.export_interval(first, last))
        except TseRefused as error:
            if error.code in {TseCode.NO_DATA, TseCode.NO_TRANSACTION}:
                return b""
            raise

    def keep_alive(self) -> None:
        """Do what is due: self test, time."""
        if self._session is not None:
            self._session.keep_alive()

    def lamp(self) -> tuple[LampState, str]:
        """Say how it is."""
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

    def _check_clock(self, newest: LogMessage | None) -> None:
        seen = None if newest is None else newest.log_time
        refusal = self._conditions.vouch(self.clock_confirmed, seen)
        if refusal is not None:
            raise ClockUnconfirmed(self.where, refusal)

    def _facts(self, info: TseInfo, newest: LogMessage | None) -> TseFacts:
        if info.serial not in self._certificates:
            assert self._session is not None
            try:
                chain = self._session.certificates()
            except TseRefused:  # it signs without telling them; asked anew next time
                chain = ()
            self._certificates[info.serial] = chain[:CERTIFICATES_MAX]
        found = _BSI_ID.search(info.description)
        form = newest.protocolled.time_format if newest else info.time_format
        return TseFacts(
            serial=info.serial,
            public_key=info.public_key,
            algorithm=info.algorithm,
            time_format=str(form),
            certificates=self._certificates[info.serial],
            bsi_id=self._conditions.bsi_id or (found[0] if found else ""),
            description=plain(info.description, NAMED_MAX),
            firmware=plain(info.firmware, NAMED_MAX),
            expires=info.certificate_expiry,
            signatures_left=max(0, info.signatures_left),
        )

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
