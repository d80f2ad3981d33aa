"""How fast the driver signs over a pseudo terminal: python -m tse_driver.pace.

The simulated TSE runs in a process of its own without latency. What a pair (start and
finish) costs is told in three parts: the wall clock, this process's CPU, and the CPU
of verifying one signature alone, measured between the pairs on the same machine.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

from tse_driver.export_reader import check_export
from tse_driver.log_message import LogMessage, Operation
from tse_driver.port import Port
from tse_driver.session import Session
from tse_driver.simulator.keys import CURVES, DEFAULT_CURVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAIRS = 300
BATCH = 25
WARM_UP = 20
PROCESS_TYPE = "Kassenbeleg-V1"
PROCESS_DATA = "Beleg^4.00_0.00_0.00_0.00_0.00^4.00:Bar"


@dataclass(frozen=True, slots=True)
class PairPace:
    """Medians over batches of pairs of start and finish."""

    curve: str
    pairs_per_s: float
    cpu_ms_per_pair: float
    """The driver's CPU, the verification of the finish included."""
    verify_cpu_ms: float
    """Of it, the bare cryptography of one verification."""
    pairs: int
    export_messages_per_s: float
    """Messages of the export of all this that verify-export judges in a second."""


def measure_pairs(pairs: int = PAIRS, curve: str = DEFAULT_CURVE) -> PairPace:
    """Measure pairs against a simulated TSE in another process."""
    with _simulated(curve) as path:
        session = Session(Port(path), "pace")
        try:
            session.setup()
            _sell(session, WARM_UP)
            message = _some_finish(session)
            walls, cpus, verifies = [], [], []
            for _ in range(max(1, pairs // BATCH)):
                wall, cpu = time.perf_counter(), time.process_time()
                _sell(session, BATCH)
                cpus.append((time.process_time() - cpu) / BATCH)
                walls.append((time.perf_counter() - wall) / BATCH)
                cpu = time.process_time()
                for _ in range(BATCH):
                    assert message.verifies(session.public_key)
                verifies.append((time.process_time() - cpu) / BATCH)
            judged_per_s = _judge_export(session)
        finally:
            session.close()
    return PairPace(
        curve,
        round(1 / median(walls), 1),
        round(1000 * median(cpus), 3),
        round(1000 * median(verifies), 3),
        len(walls) * BATCH,
        round(judged_per_s, 1),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the pace as one JSON object."""
    parser = ArgumentParser(prog="python -m tse_driver.pace", description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--curve", choices=CURVES, default=DEFAULT_CURVE)
    options = parser.parse_args(arguments)
    pace = measure_pairs(options.pairs, options.curve)
    sys.stdout.write(f"{json.dumps(asdict(pace))}\n")
    return 0


def _sell(session: Session, count: int) -> None:
    for _ in range(count):
        number = session.start().transaction_number
        session.finish(number, PROCESS_TYPE, PROCESS_DATA)


def _some_finish(session: Session) -> LogMessage:
    return next(m for m in session.logged(1) if m.operation == Operation.FINISH)


def _judge_export(session: Session) -> float:
    archive = io.BytesIO(b"".join(session.export_all()))
    begin = time.perf_counter()
    check = check_export(archive, give=lambda _: None)
    assert check.valid, check.findings
    return check.messages / (time.perf_counter() - begin)


@contextmanager
def _simulated(curve: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tse_driver", "simulate", "--latency-ms", "0"]
    with subprocess.Popen(
        [*command, "--curve", curve], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
