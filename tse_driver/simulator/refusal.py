"""How a part of the simulated TSE says no."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tse_driver.errors import TseCode


class Refusal(Exception):
    """The device refuses; on the wire this is silence and a code in GetMfcStatus."""

    def __init__(self, code: TseCode) -> None:
        self.code = code
        super().__init__(code.name)
