"""A virtual wristband: a Type 2 tag to hold to a virtual reader, kept in a file.

`python -m edge.simulator.wristband --port N --file tag.bin` holds it there for a time.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path

import ndef

from contract.ids import WristbandUid
from edge.core import type2
from edge.core.errors import KassenbandError
from edge.simulator.pseudo_reader import ATR, PseudoReader
from edge.simulator.tag import NTAG213, TagModel, Type2Tag
from edge.simulator.vpcd import PulledAway, tap

NXP = 0x04  # manufacturer byte of every genuine NTAG's UID (ISO/IEC 7816-6)
HOLD_S = 1.0


class VirtualWristband:
    """A wristband for tests, demo and benches.

    `pulled_after` drops it inside the n-th command from now on (None: it stays);
    `rf_delay_s` is added to each command, as the air does; `apdus` logs them all.
    """

    def __init__(
        self, tag: Type2Tag, *, path: Path | None = None, rf_delay_s: float = 0.0
    ) -> None:
        self.tag = tag
        self.path = path
        self.rf_delay_s = rf_delay_s
        self.pulled_after: int | None = None
        self.apdus: list[tuple[bytes, bytes]] = []
        self.atr = ATR
        self._reader = PseudoReader(tag)

    @classmethod
    def blank(
        cls, uid: WristbandUid | None = None, model: TagModel = NTAG213
    ) -> VirtualWristband:
        """Take a wristband out of the box; without a UID, one at random."""
        if uid is None:
            uid = WristbandUid(bytes([NXP]) + secrets.token_bytes(6))
        return cls(Type2Tag(uid, model))

    @classmethod
    def issued(
        cls, uid: WristbandUid, message: bytes, model: TagModel = NTAG213
    ) -> VirtualWristband:
        """Make one that an issuing desk has written this NDEF message to."""
        wristband = cls.blank(uid, model)
        wristband.tag.put_message(message)
        return wristband

    @classmethod
    def load(cls, path: Path) -> VirtualWristband:
        """Open one kept in a file; raises ValueError when it is no tag's memory."""
        return cls(Type2Tag.from_memory(path.read_bytes()), path=path)

    @property
    def uid(self) -> WristbandUid:
        """The chip's number."""
        return self.tag.uid

    @property
    def link(self) -> str:
        """What a phone opens that is held to it; empty if there is nothing."""
        octets = bytes(self.tag.memory[type2.CC_PAGE * type2.PAGE_BYTES :])
        message = type2.find_message(octets)
        if not isinstance(message, bytes) or not message:
            return ""
        first = next(ndef.message_decoder(message))
        return str(first.iri) if isinstance(first, ndef.UriRecord) else ""

    def save(self, path: Path) -> None:
        """Keep it in this file from now on, with whatever is written to it."""
        self.path = path
        path.write_bytes(self.tag.memory)

    def reset(self) -> None:
        """Lose or regain power."""
        self.tag.reset()

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one APDU as reader and tag together would."""
        if self.pulled_after is not None:
            if self.pulled_after == 0:
                raise PulledAway
            self.pulled_after -= 1
        if self.rf_delay_s:
            time.sleep(self.rf_delay_s)
        before = bytes(self.tag.memory)
        answer = self._reader.transmit(apdu)
        self.apdus.append((apdu, answer))
        if self.path is not None and before != self.tag.memory:
            self.path.write_bytes(self.tag.memory)
        return answer


def main(arguments: list[str] | None = None) -> int:
    """Hold the wristband of a file to a virtual reader; 2 when that can't be."""
    parser = argparse.ArgumentParser(prog="python -m edge.simulator.wristband")
    parser.add_argument("--port", type=int, required=True, help="of the reader's slot")
    parser.add_argument("--file", type=Path, required=True, help="the tag's memory")
    parser.add_argument("--seconds", type=float, default=HOLD_S, help="to hold it")
    parser.add_argument("--new", action="store_true", help="make the file, a blank tag")
    wanted = parser.parse_args(arguments)
    try:
        if wanted.new:
            VirtualWristband.blank().save(wanted.file)
        wristband = VirtualWristband.load(wanted.file)
        with tap(wanted.port, wristband) as held:
            held.gone.wait(wanted.seconds)
    except (KassenbandError, OSError, ValueError) as error:
        sys.stderr.write(f"{wanted.file}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
