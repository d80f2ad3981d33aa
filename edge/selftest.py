"""The self-test: what a technician asks of a till before the first sale.

It asks the running till itself, through the lamps a screen would show, so that it tests
the very parts that sell. That the journal opened at all says that the disk is good.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contract.messages import LampState
from edge.core.view import Phase

if TYPE_CHECKING:
    from contract.messages import Lamp
    from edge.core.view import TillView
    from edge.till import Till

PATIENCE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `text` names cause and remedy when it is bad."""

    name: str
    good: bool
    text: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was looked at."""

    items: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        """Whether the till can sell with everything in order."""
        return all(each.good for each in self.items)

    def as_text(self) -> str:
        """Describe the findings for a person."""
        return "\n".join(
            f"{'good' if each.good else 'BAD ':4}  {each.name:8}  {each.text}".rstrip()
            for each in self.items
        )

    def as_json(self) -> str:
        """Write the findings as one JSON object."""
        items = {each.name: each.text for each in self.items if not each.good}
        return json.dumps({"good": self.good, "bad": items})


async def examine(till: Till, *, patience_s: float = PATIENCE_S) -> Findings:
    """Wait until everything is known or patience ends, then report."""
    changed = asyncio.Event()
    unwatch = till.watch(lambda _: changed.set())
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not judge(till.view).good:
                    changed.clear()
                    await changed.wait()
    finally:
        unwatch()
    return judge(till.view)


def judge(view: TillView) -> Findings:
    """Judge a till by what its screen shows."""
    lamps = view.lamps
    selling = view.phase not in {Phase.STARTING, Phase.HALTED}
    banner = "" if view.banner is None else view.banner.text
    return Findings(
        (
            _of_lamp("hub", lamps.hub),
            _of_lamp("tse", lamps.tse),
            _of_lamp("reader", lamps.reader),
            _of_lamp("clock", lamps.clock),
            *([] if lamps.printer is None else [_of_lamp("printer", lamps.printer)]),
            Finding("products", selling, "" if selling else banner),
        )
    )


def _of_lamp(name: str, lamp: Lamp) -> Finding:
    good = lamp.state in {LampState.GOOD, LampState.WARN}
    return Finding(name, good, lamp.text or ("" if good else "No answer yet."))
