"""Watches a reader and writes each event as a line of JSON, until stdin is closed.

A process of its own, because libpcsclite remembers its socket for good.
"""

from __future__ import annotations

import json
import sys
from unittest.mock import patch

from edge.core.events import ReaderLamp, WristbandRead, WristbandUnreadable
from edge.devices import nfc_reader
from edge.devices.nfc_reader import NfcReader

READ_BUDGET_S = 20.0


def report(event: object) -> None:
    line = {"event": type(event).__name__}
    if isinstance(event, WristbandRead):
        line |= {"uid": str(event.uid), "message": event.message.hex()}
    elif isinstance(event, WristbandUnreadable):
        line |= {"text": event.text}
    elif isinstance(event, ReaderLamp):
        line |= {"state": event.lamp.state.value, "text": event.lamp.text}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    # A wristband that is held still may be read slowly where many programs run.
    with patch.object(nfc_reader, "READ_BUDGET_S", READ_BUDGET_S):
        reader = NfcReader(name_prefix=sys.argv[1], post=report)
        reader.start()
        sys.stdin.read()
        reader.stop()


if __name__ == "__main__":
    main()
