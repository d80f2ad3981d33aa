"""The signing part of the simulated TSE: clock, counters, clients, log messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tse_driver import tlv
from tse_driver.commands import ADMIN, FACTORY_CLIENT
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    TimeFormat,
    parse,
    signed_bytes,
    write_message,
    write_time,
)
from tse_driver.simulator.log_store import LogStore, Stored

if TYPE_CHECKING:
    from tse_driver.clock import Clock
    from tse_driver.simulator.keys import Identity

SELF_TEST_VALID_S = 25 * 3600
TIME_VALID_S = 24 * 3600
BOOLEAN_TRUE = b"\xff"


@dataclass(frozen=True, slots=True)
class Signed:
    """What one signing gives back."""

    log_time: datetime
    signature_counter: int
    signature: bytes


class SecureElement:
    """Signs log messages; all its state but the time can be read from its log."""

    def __init__(self, identity: Identity, log: LogStore, clock: Clock) -> None:
        self.identity = identity
        self.log = log
        self._clock = clock
        self._offset: timedelta | None = None
        self._self_tested_at: float | None = None
        self._last_time = identity.chain[0].not_valid_before_utc
        self.signature_counter = 0
        self.transaction_counter = 0
        self.initialized = False
        self.disabled = False
        self.clients: list[str] = [FACTORY_CLIENT]
        self.open: dict[int, str] = {}
        self.finished: list[int] = []
        self._recall(log.checkpoint)
        known = self.signature_counter
        for stored in log:
            if int(stored["counter"] or 0) > known:
                self._remember(stored)

    @property
    def time_is_set(self) -> bool:
        """Say whether the clock was set since the last power loss."""
        return self._offset is not None

    @property
    def self_test_s_left(self) -> int:
        """Return for how many seconds the last self test is good; 0 = due."""
        if self._self_tested_at is None:
            return 0
        age_s = self._clock.monotonic() - self._self_tested_at
        return max(0, int(SELF_TEST_VALID_S - age_s))

    def lose_power(self) -> None:
        """Forget what a power cut makes a TSE forget."""
        self.forget_time()
        self._self_tested_at = None

    def forget_time(self) -> None:
        """Lose the time only, as an empty buffer battery does."""
        self._offset = None

    def now(self) -> datetime:
        """Return the TSE's own time in whole seconds."""
        if self._offset is None:
            return self._last_time
        moment = self._clock.now() + self._offset
        return moment.replace(microsecond=0)

    def self_test(self) -> None:
        """Pass the self test."""
        self._self_tested_at = self._clock.monotonic()
        component = tlv.write(0x81, b"DEMO TSE") + tlv.write(0x82, BOOLEAN_TRUE)
        self.sign_system("selfTest", component)

    def set_time(self, moment: datetime) -> None:
        """Set the clock and sign the change, with the new time."""
        before = self.now()
        self._offset = moment - self._clock.now()
        payload = _time(0x81, before) + _time(0x82, moment)
        self.sign_system("updateTime", payload)

    def sign_system(self, operation: str, payload: bytes = b"") -> None:
        """Sign a system log message, while it signs; payload: the content of tag 81."""
        if self.disabled:
            return
        body = tlv.write(0x80, operation.encode()) + tlv.write(0x81, payload)
        self._sign(Kind.SYSTEM, body, f"Sys_{operation}")

    def delete_stored(self, counter: int) -> None:
        """Delete the log messages up to a counter and sign that."""
        self.log.cut(self._checkpoint(), counter)
        self.sign_system("deleteStoredData", tlv.write(0x81, ADMIN.encode()))

    def reset(self) -> None:
        """Become as new, but for the key."""
        self.log.cut({})
        self._offset = self._self_tested_at = None
        self.signature_counter = self.transaction_counter = 0
        self.initialized = self.disabled = False
        self.clients = [FACTORY_CLIENT]
        self.open, self.finished = {}, []

    def start(self, client: str, data: bytes, process_type: str) -> tuple[int, Signed]:
        """Start a fiscal transaction under the next number."""
        number = self.transaction_counter + 1
        return number, self.step(
            Certified(Operation.START, client, data, process_type, number)
        )

    def step(self, certified: Certified) -> Signed:
        """Sign a start, update or finish."""
        step = certified.operation.removesuffix("Transaction")
        number, client = certified.transaction_number, certified.client_id
        name = f"Tra_No-{number}_{step}_Client-{client}"
        return self._sign(Kind.TRANSACTION, certified.to_bytes(), name)

    def _sign(self, kind: Kind, body: bytes, name: str) -> Signed:
        moment = self.now()
        counter = self.signature_counter + 1
        serial = self.identity.public_key.serial
        protocolled = Protocolled(serial, self.identity.algorithm, counter, moment)
        signed = signed_bytes(kind, body, protocolled)
        signature = self.identity.sign(signed)
        name = f"Unixt_{int(moment.timestamp())}_Sig-{counter}_Log-{name}.log"
        stored = Stored(name, write_message(signed, signature))
        self.log.append(stored)
        self._remember(stored)
        return Signed(moment, counter, signature)

    def _checkpoint(self) -> dict[str, Any]:
        return {
            "signature_counter": self.signature_counter,
            "transaction_counter": self.transaction_counter,
            "initialized": self.initialized,
            "disabled": self.disabled,
            "clients": self.clients,
            "open": list(self.open.items()),
            "last_time": self._last_time.isoformat(),
        }

    def _recall(self, checkpoint: dict[str, Any]) -> None:
        if not checkpoint:
            return
        self.signature_counter = checkpoint["signature_counter"]
        self.transaction_counter = checkpoint["transaction_counter"]
        self.initialized = checkpoint["initialized"]
        self.disabled = checkpoint["disabled"]
        self.clients = list(checkpoint["clients"])
        self.open = dict(checkpoint["open"])
        self._last_time = datetime.fromisoformat(checkpoint["last_time"])

    def _remember(self, stored: Stored) -> None:
        """Learn from a message what it changed."""
        parts = stored.parts
        self.signature_counter = int(parts.get("counter") or 0)
        self._last_time = datetime.fromtimestamp(int(parts.get("time") or 0), UTC)
        if operation := parts.get("operation"):
            self._remember_system(operation, stored)
            return
        number, client = int(parts.get("number") or 0), parts.get("client") or ""
        if parts.get("step") == "Start":
            self.transaction_counter = max(self.transaction_counter, number)
            self.open[number] = client
        elif parts.get("step") == "Finish":
            self.open.pop(number, None)
            self.finished.append(number)

    def _remember_system(self, operation: str, stored: Stored) -> None:
        if operation == "initialize":
            self.initialized = True
        elif operation == "disableSecureElement":
            self.disabled = True
        elif operation in {"registerClient", "deregisterClient"}:
            payload = tlv.read_all(parse(stored.message).system_data)
            client = payload[0].value.decode()
            if operation == "registerClient":
                self.clients.append(client)
            else:
                self.clients.remove(client)


def _time(tag: int, moment: datetime) -> bytes:
    integer = tlv.read_one(write_time(moment, TimeFormat.UNIX))
    return tlv.write(tag, integer.content)
