"""The wristband reader: one thread that watches, reads and survives what happens to it.

It never waits without an end, makes a new context whenever the old one is dead, and
reports by events only. A card counts when it arrives at a reader seen empty.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contract.messages import Lamp, LampState
from edge.core.errors import KassenbandError, TryAgain
from edge.core.events import (
    ReaderLamp,
    WristbandLeft,
    WristbandRead,
    WristbandUnreadable,
)
from edge.devices import pcsc
from edge.devices.card import READ_BUDGET_S, WRITE_BUDGET_S, CardGone, CardSession
from edge.devices.pcsc import (
    Context,
    ReaderGone,
    ReaderState,
    ServiceGone,
    ServiceRefused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contract.ids import WristbandUid

BACK_OFF_S_MIN = 0.2
BACK_OFF_S_MAX = 5.0
WAIT_S = 2.0  # the longest wait: pcscd was seen to swallow events
LIST_AGAIN_S = 0.2
SAME_WRISTBAND_S = 1.0  # a wristband at the edge of the field comes and goes
CANCEL_AGAIN_S = 0.05  # a cancel that comes before the wait is lost
STOP_TIMEOUT_S = 5.0

_FAMILIES_FILE = Path(__file__).with_name("reader_families.toml")

logger = logging.getLogger(__name__)


class Presence:
    """Tells arrivals and departures from the states a reader reports.

    A card that lay there from the beginning has not arrived.
    """

    def __init__(self, first: ReaderState) -> None:
        self.state = first

    def observe(self, state: ReaderState) -> tuple[bool, bool]:
        """Take the next state; say whether a card left and whether one arrived."""
        before, self.state = self.state, state
        if before.present and state.present:  # swapped between two looks?
            swapped = before.moves != state.moves
            return swapped, swapped
        return before.present and not state.present, (
            state.present and not before.present
        )


@dataclass
class _Debounce:
    """Holds back a wristband that comes back at once, until it has stayed."""

    last: WristbandUid | None = None
    left_ns: int = 0
    held: WristbandRead | None = None

    def holds(self, read: WristbandRead) -> bool:
        """Whether this arrival has to wait."""
        self.held = None
        since_ns = read.arrived_ns - self.left_ns
        if read.uid == self.last and since_ns < SAME_WRISTBAND_S * 1e9:
            self.held = read
        self.last = read.uid
        return self.held is not None

    def left(self, now_ns: int) -> bool:
        """Note a departure; say whether it was of one held back."""
        was_held, self.held, self.left_ns = self.held, None, now_ns
        return was_held is not None

    def wait_s(self, now_ns: int) -> float:
        """How long to wait at most before `due` is to be asked."""
        if self.held is None:
            return WAIT_S
        due_ns = self.left_ns + int(SAME_WRISTBAND_S * 1e9)
        return min(WAIT_S, max(0, due_ns - now_ns) / 1e9 + 0.001)

    def due(self, now_ns: int) -> WristbandRead | None:
        """Hand out the one held back, once it has stayed long enough."""
        if self.held is None or now_ns - self.left_ns < SAME_WRISTBAND_S * 1e9:
            return None
        held, self.held = self.held, None
        return held


class NfcReader:
    """Watches the first PC/SC reader whose name begins with `name_prefix`.

    `post` is called in the reader's thread.
    """

    def __init__(self, *, name_prefix: str, post: Callable[[object], None]) -> None:
        self._prefix = name_prefix
        self._post = post
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._context: Context | None = None
        self._context_lock = threading.Lock()
        self._lamp = Lamp(state=LampState.UNKNOWN)
        self._debounce = _Debounce()
        self._announced = False
        self._families = _families()

    def start(self) -> None:
        """Begin to watch for wristbands."""
        assert self._thread is None
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._run, name="nfc-reader", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the watch; returns when the thread has ended."""
        if self._thread is None:
            return
        self._stopping.set()
        until = time.monotonic() + STOP_TIMEOUT_S
        while self._thread.is_alive() and time.monotonic() < until:
            with self._context_lock:
                if self._context is not None:
                    self._context.cancel()
            self._thread.join(CANCEL_AGAIN_S)
        if self._thread.is_alive():
            logger.error("The reader's thread hangs in pcscd; it is left behind.")
        self._thread = None

    def _run(self) -> None:
        back_off = BACK_OFF_S_MIN
        refusals = 0
        while not self._stopping.is_set():
            try:
                with self._new_context() as context:
                    context.readers()
                    back_off = BACK_OFF_S_MIN
                    self._serve(context)
            except ServiceRefused as error:
                # A dying pcscd answers like one that refuses; the next try knows.
                refusals += 1
                if refusals > 1:
                    self._show(LampState.BAD, str(error))
            except ServiceGone as error:
                refusals = 0
                self._show(LampState.BAD, str(error))
            except Exception:
                logger.exception("The reader's thread met what it does not know.")
                self._show(
                    LampState.BAD,
                    "The reader's software failed and starts again by itself."
                    " If this stays, restart the till.",
                )
            self._stopping.wait(back_off)
            back_off = min(2 * back_off, BACK_OFF_S_MAX)

    @contextlib.contextmanager
    def _new_context(self) -> Iterator[Context]:
        context = Context()
        with self._context_lock:
            self._context = context
        try:
            yield context
        finally:
            with self._context_lock:  # so that stop() never cancels a released one
                self._context = None
                context.release()

    def _serve(self, context: Context) -> None:
        """Watch one reader after the other; ends by ServiceGone or when stopping."""
        while not self._stopping.is_set():
            names = context.readers()
            name = next((each for each in names if each.startswith(self._prefix)), None)
            try:
                if name is None:
                    self._show(LampState.BAD, _no_reader(self._prefix, names))
                    context.wait_for_readers(len(names), WAIT_S)
                else:
                    self._watch(context, name)
            except ReaderGone:
                self._show(
                    LampState.BAD, f"The reader {name} is gone. Plug it in again."
                )
            finally:
                self._card_left()
            self._stopping.wait(LIST_AGAIN_S)

    def _watch(self, context: Context, name: str) -> None:
        if commands := self._escapes(name):
            context.escape(name, commands)
        first = context.wait(name, pcsc.UNAWARE, 0.0) or pcsc.UNAWARE
        presence = Presence(first)
        if first.present:
            self._show(
                LampState.WARN,
                "A wristband lies on the reader. Take it away, then present it again.",
            )
        while not self._stopping.is_set():
            if not presence.state.present:
                self._show(LampState.GOOD, f"{name} is ready.")
            wait_s = self._debounce.wait_s(time.monotonic_ns())
            state = context.wait(name, presence.state, wait_s)
            now_ns = time.monotonic_ns()
            if state is not None:
                left, arrived = presence.observe(state)
                if left:
                    self._card_left()
                if arrived:
                    self._card_arrived(context, name, state, now_ns)
            if (held := self._debounce.due(now_ns)) is not None:
                self._announce(held)

    def _card_arrived(
        self, context: Context, name: str, state: ReaderState, arrived_ns: int
    ) -> None:
        event = _read_card(context, name, state, arrived_ns)
        if isinstance(event, WristbandRead) and self._debounce.holds(event):
            return
        self._announce(event)

    def _announce(self, event: WristbandRead | WristbandUnreadable) -> None:
        self._announced = True
        self._post(event)

    def _card_left(self) -> None:
        self._debounce.left(time.monotonic_ns())
        if self._announced:
            self._announced = False
            self._post(WristbandLeft())

    def _show(self, state: LampState, text: str) -> None:
        lamp = Lamp(state=state, text=text)
        if lamp != self._lamp:
            self._lamp = lamp
            self._post(ReaderLamp(lamp))

    def _escapes(self, name: str) -> list[bytes]:
        return [
            command
            for part, commands in self._families.items()
            for command in commands
            if part in name
        ]


@contextlib.contextmanager
def present_card(
    name_prefix: str, *, timeout_s: float, budget_s: float = WRITE_BUDGET_S
) -> Iterator[CardSession]:
    """Wait for a card on the issuing desk's reader and hold it alone.

    A card that lies there already is taken. Raises KassenbandError.
    """
    until = time.monotonic() + timeout_s
    context = Context()
    try:
        names = context.readers()
        name = next((each for each in names if each.startswith(name_prefix)), None)
        if name is None:
            raise ReaderGone(_no_reader(name_prefix, names))
        state = context.wait(name, pcsc.UNAWARE, 0.0) or pcsc.UNAWARE
        while not state.present:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise TryAgain(
                    f"No wristband came to {name} within {timeout_s:g} s."
                    " Put it on the reader and try again."
                )
            state = context.wait(name, state, min(left_s, WAIT_S)) or state
        with context.card(name) as transmit:
            yield CardSession(transmit, state.atr, budget_s=budget_s)
    finally:
        context.release()


def _read_card(
    context: Context, name: str, state: ReaderState, arrived_ns: int
) -> WristbandRead | WristbandUnreadable:
    try:
        try:
            uid, message = _read_once(context, name, state)
        except CardGone:  # the field's edge costs one read; now it may be at rest
            uid, message = _read_once(context, name, state)
    except (ReaderGone, ServiceGone):
        raise
    except KassenbandError as error:
        return WristbandUnreadable(str(error), arrived_ns)
    return WristbandRead(uid, message, arrived_ns)


def _read_once(
    context: Context, name: str, state: ReaderState
) -> tuple[WristbandUid, bytes]:
    if state.flags & pcsc.MUTE:  # the chip did not answer when it was powered
        raise CardGone
    with context.card(name) as transmit:
        return CardSession(transmit, state.atr, budget_s=READ_BUDGET_S).read()


def _no_reader(prefix: str, names: list[str]) -> str:
    others = f" Connected: {', '.join(names)}." if names else ""
    return f'No reader named "{prefix}..." is connected. Plug the reader in.{others}'


def _families() -> dict[str, list[bytes]]:
    rows = tomllib.loads(_FAMILIES_FILE.read_text("utf-8"))["family"]
    return {
        row["name_part"]: [bytes.fromhex(text) for text in row["arrival"]]
        for row in rows
    }
