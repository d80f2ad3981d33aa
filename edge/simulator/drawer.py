"""Wristbands to tap by name: what the interactive demo has in its drawer."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from edge.simulator.vpcd import NoVirtualReader, tap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.simulator.wristband import VirtualWristband

HOLD_S = 1.0

logger = logging.getLogger(__name__)


class Drawer:
    """Named wristbands (full, nearly empty, unknown ...) for one virtual reader.

    `tap` is a plain callable for a key or a button and returns at once.
    """

    def __init__(
        self,
        port: int,
        wristbands: Mapping[str, VirtualWristband],
        *,
        hold_s: float = HOLD_S,
    ) -> None:
        self._port = port
        self._wristbands = dict(wristbands)
        self._hold_s = hold_s
        self._reader_is_free = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """What there is to tap, in the order given."""
        return tuple(self._wristbands)

    def tap(self, name: str) -> None:
        """Hold this wristband to the reader for about a second, in the background.

        A tap while another wristband is still there is dropped: two don't fit.
        """
        threading.Thread(
            target=self._hold,
            args=(self._wristbands[name],),
            name=f"tap-{name}",
            daemon=True,
        ).start()

    def _hold(self, wristband: VirtualWristband) -> None:
        if not self._reader_is_free.acquire(blocking=False):
            return
        try:
            with tap(self._port, wristband) as held:
                held.gone.wait(self._hold_s)
        except NoVirtualReader as error:
            logger.warning("%s", error)
        finally:
            self._reader_is_free.release()
