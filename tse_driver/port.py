"""The serial port, and the only place that knows pyserial."""

from __future__ import annotations

import errno
import select

import serial

from tse_driver.errors import PortBusy, PortForbidden, TseGone

BAUD = 9600  # a CDC-ACM device ignores it
WRITE_TIMEOUT_S = 1.5


class Port:
    """An open serial line (or a pty) as a Wire."""

    def __init__(self, path: str) -> None:
        """Open exclusively with DTR on; raise TseGone, PortForbidden or PortBusy."""
        self.name = path
        try:
            self._serial = serial.Serial(
                path,
                baudrate=BAUD,
                timeout=0,
                write_timeout=WRITE_TIMEOUT_S,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise _why(path, error) from error

    def write(self, data: bytes) -> None:
        """Send all of it; raise TseGone."""
        try:
            self._serial.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            raise self._gone(error) from error

    def read(self, timeout_s: float) -> bytes:
        """Return what came, or b"" after timeout_s of silence; raise TseGone."""
        try:
            ready, _, _ = select.select([self._serial.fileno()], [], [], timeout_s)
            if not ready:
                return b""
            # At least one byte is asked for: a line that is "ready" without a byte is
            # one that was unplugged, and pyserial says so.
            data = self._serial.read(max(1, self._serial.in_waiting))
        except (serial.SerialException, OSError, TypeError, ValueError) as error:
            raise self._gone(error) from error
        return bytes(data)

    def close(self) -> None:
        """Give the port back."""
        try:
            self._serial.close()
        except OSError:  # an unplugged device can't be closed in good order
            return

    def _gone(self, error: Exception) -> TseGone:
        self.close()
        return TseGone(f"The TSE at {self.name}", _reason(error))


def _why(path: str, error: Exception) -> TseGone | PortForbidden | PortBusy:
    number = getattr(error, "errno", None)
    where = f"The port {path}"
    if number in {errno.EACCES, errno.EPERM}:
        return PortForbidden(where, "permission denied")
    if number in {errno.EBUSY, errno.EAGAIN} or "exclusively lock" in str(error):
        return PortBusy(where, "the port is in use")
    if number == errno.ENOENT:
        return TseGone(f"The TSE at {path}", "no such device")
    return TseGone(f"The TSE at {path}", _reason(error))


def _reason(error: Exception) -> str:
    if "configure port" in str(error):
        return "this is no serial device"
    if isinstance(error, serial.PortNotOpenError):
        return "the port was closed"
    return "the line is dead, the device was unplugged"
