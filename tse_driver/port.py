"""The serial port, and the only place that knows pyserial."""

from __future__ import annotations

import errno
import os
import select

import serial

from tse_driver.errors import PortBusy, PortForbidden, TseGone

BAUD = 9600  # a CDC-ACM device ignores it
WRITE_TIMEOUT_S = 1.5
READ_BYTES = 4096
NO_SERIAL_DEVICE = "this is no serial device"


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
        # Past pyserial, which asks the system twice as often: a pair of signatures
        # is ten trips over this line.
        try:
            descriptor = self._serial.fileno()
            while data:
                try:
                    data = data[os.write(descriptor, data) :]
                except BlockingIOError:
                    _, ready, _ = select.select([], [descriptor], [], WRITE_TIMEOUT_S)
                    if not ready:
                        raise self._gone(TimeoutError()) from None
        except (serial.SerialException, OSError, ValueError) as error:
            raise self._gone(error) from error

    def read(self, timeout_s: float) -> bytes:
        """Return what came, or b"" after timeout_s of silence; raise TseGone."""
        try:
            descriptor = self._serial.fileno()
            ready, _, _ = select.select([descriptor], [], [], timeout_s)
            if not ready:
                return b""
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return b""
        except (serial.SerialException, OSError, ValueError) as error:
            raise self._gone(error) from error
        if not data:  # "ready" without a byte is a line that was unplugged
            raise self._gone(OSError())
        return data

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
    if number in {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO}:
        return TseGone(f"The TSE at {path}", "no such device")
    if number in {errno.EISDIR, errno.ENOTTY}:
        return TseGone(f"The TSE at {path}", NO_SERIAL_DEVICE)
    return TseGone(f"The TSE at {path}", _reason(error))


def _reason(error: Exception) -> str:
    if "configure port" in str(error):
        return NO_SERIAL_DEVICE
    if isinstance(error, serial.PortNotOpenError):
        return "the port was closed"
    return "the line is dead, the device was unplugged"
