"""A till that waits for longer: on a busy machine what answers may take its time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from edge.core import paying
from edge.devices import nfc_reader, printer_line, tse
from edge.link import download
from tse_driver import port
from tse_driver.commands import Command, GetMfcStatus

if TYPE_CHECKING:
    import pytest

PATIENCE_S = 60.0
ANSWER_S = 20.0


def be_patient(patch: pytest.MonkeyPatch) -> None:
    """Wait long for hub, TSE, printer and wristband of a till in this process."""
    patch.setattr(paying, "SILENT_AFTER_MS", int(PATIENCE_S * 1000))
    patch.setattr(download, "TIMEOUT_S", PATIENCE_S)
    patch.setattr(nfc_reader, "READ_BUDGET_S", ANSWER_S)
    patch.setattr(printer_line, "STATUS_TIMEOUT_S", ANSWER_S)
    patch.setattr(printer_line, "DONE_TIMEOUT_S", PATIENCE_S)
    patch.setattr(port, "WRITE_TIMEOUT_S", ANSWER_S)
    patch.setattr(Command, "TIMEOUT_S", ANSWER_S)
    patch.setattr(GetMfcStatus, "TIMEOUT_S", ANSWER_S)
    patience = partial(
        tse.Patience, start_s=PATIENCE_S, finish_s=PATIENCE_S, find_s=PATIENCE_S
    )
    patch.setattr(tse, "Patience", patience)
