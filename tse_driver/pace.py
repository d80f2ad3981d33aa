"""How fast the driver signs over a pseudo terminal: python -m tse_driver.pace.

The simulated TSE runs in a process of its own without latency. What a pair (start and
finish) costs is told in parts: the wall clock, this process's CPU, and the CPU of one
signature and one verification alone, measured between the pairs on the same machine:
beside other work they take up to twice as long, and everything else with them.
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
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from tse_driver.export_reader import check_export
from tse_driver.log_message import LogMessage, Operation
from tse_driver.port import Port
from tse_driver.session import Session
from tse_driver.side_by_side import processors
from tse_driver.simulator.keys import CURVES, DEFAULT_CURVE, create

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
    sign_cpu_ms: float
    """The bare cryptography of one signature: the simulated TSE makes two a pair."""
    pairs: int
    export_messages_per_s: float
    """Messages of the export of all this that verify-export judges in a second."""
    export_cpu_ms_per_message: float
    threads: int
    """That verify-export has: one for each processor."""


def measure_pairs(pairs: int = PAIRS, curve: str = DEFAULT_CURVE) -> PairPace:
    """Measure pairs against a simulated TSE in another process."""
    with _simulated(curve) as path:
        session = Session(Port(path), "pace")
        try:
            session.setup()
            _sell(session, WARM_UP)
            message = _some_finish(session)
            signer = create(datetime.now(UTC), curve_name=curve)
            rows = []
            for _ in range(max(1, pairs // BATCH)):
                rows.append(
                    (
                        *_timed(lambda: _sell(session)),
                        _timed(lambda: message.verifies(session.public_key))[1],
                        _timed(lambda: signer.sign(message.signed))[1],
                    )
                )
            judged = _judge_export(session)
        finally:
            session.close()
    wall_s, cpu_s, verify_s, sign_s = (
        median(column) for column in zip(*rows, strict=True)
    )
    return PairPace(
        curve,
        round(1 / wall_s, 1),
        round(1000 * cpu_s, 3),
        round(1000 * verify_s, 3),
        round(1000 * sign_s, 3),
        len(rows) * BATCH,
        round(1 / judged[0], 1),
        round(1000 * judged[1], 3),
        processors(),
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


def _sell(session: Session, count: int = 1) -> None:
    for _ in range(count):
        number = session.start().transaction_number
        session.finish(number, PROCESS_TYPE, PROCESS_DATA)


def _some_finish(session: Session) -> LogMessage:
    return next(m for m in session.logged(1) if m.operation == Operation.FINISH)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall clock and CPU of doing it once, in seconds, over a batch."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(BATCH):
        work()
    cpu_s = time.process_time() - cpu
    return (time.perf_counter() - wall) / BATCH, cpu_s / BATCH


def _judge_export(session: Session) -> tuple[float, float]:
    archive = io.BytesIO(b"".join(session.export_all()))
    wall, cpu = time.perf_counter(), time.process_time()
    check = check_export(archive, give=lambda _: None, threads=processors())
    cpu_s = time.process_time() - cpu
    wall_s = time.perf_counter() - wall
    assert check.valid, check.findings
    return wall_s / check.messages, cpu_s / check.messages


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
