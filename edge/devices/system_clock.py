"""What this machine can say for its own clock: a server of time, or a clock chip."""

from __future__ import annotations

import ctypes
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edge.core.clock import ClockFacts

TIMESYNCD: Final = Path("/run/systemd/timesync/synchronized")
RTC: Final = Path("/sys/class/rtc/rtc0/since_epoch")
_UNSYNCHRONIZED: Final = 0x0040  # STA_UNSYNC, adjtimex(2)
_ERROR: Final = 5  # TIME_ERROR


class _Timex(ctypes.Structure):
    # What comes after `status` is not looked at, but written.
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def look(rtc: Path = RTC) -> ClockFacts:
    """Ask the kernel whether its clock is synchronized, and what the clock chip says.

    chrony and systemd-timesyncd tell the kernel when they have set the clock.
    """
    return ClockFacts(datetime.now(UTC), _is_synchronized(), _chip(rtc))


def _is_synchronized() -> bool:
    timex = _Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):  # no Linux
        return False
    if state < 0:  # not allowed
        return TIMESYNCD.exists()
    return state < _ERROR and not timex.status & _UNSYNCHRONIZED


def _chip(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(path.read_text("ascii")), UTC)
    except (OSError, ValueError, OverflowError):
        return None
