"""The options of kassenband-tse's larger commands, read and judged by word."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime
from pathlib import Path

from tse_driver.simulator.faults import Fault
from tse_driver.simulator.keys import CURVES, DEFAULT_CURVE
from tse_driver.simulator.knobs import Knob

DEFAULT_LATENCY_MS = 250.0  # a real stick's time for one signature
LATENCY_MS_MAX = 600_000.0
NUMBER_DIGITS_MAX = 10  # travel on the wire
OLDEST_YEAR = 2000  # no TSE is older


def add_export(export: ArgumentParser) -> None:
    """Add what says which part of the log is wanted, and where it is written."""
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    part = export.add_mutually_exclusive_group()
    part.add_argument(
        "--number", type=_number, metavar="N", help="one fiscal transaction"
    )
    part.add_argument(
        "--interval",
        type=_number,
        nargs=2,
        metavar=("FIRST", "LAST"),
        help="these and all between",
    )
    part.add_argument(
        "--period",
        type=_moment,
        nargs=2,
        metavar=("FROM", "UNTIL"),
        help="in this machine's time, such as 2026-07-04 2026-07-05T04:00",
    )
    export.add_argument(
        "--only", default="", metavar="CLIENT", help="a part, of this client only"
    )


def contradiction(options: Namespace) -> str:
    """Say which options of an export don't go together, or nothing."""
    if options.interval and options.interval[0] > options.interval[1]:
        return "--interval wants the lower number first"
    if options.period and options.period[0] > options.period[1]:
        return "--period wants the earlier time first"
    in_part = options.number is not None or options.interval or options.period
    if options.only and not in_part:
        return "--only goes with --number, --interval or --period"
    return ""


def _number(text: str) -> int:
    digits = text if text.isascii() and text.isdigit() else ""
    if not 0 < len(digits) <= NUMBER_DIGITS_MAX:
        raise ArgumentTypeError(f"'{text}' is no number of a fiscal transaction")
    return int(digits)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = datetime.min.replace(tzinfo=UTC)
    if moment.year < OLDEST_YEAR:
        raise ArgumentTypeError(f"'{text}' is no time such as 2026-07-04T18:00")
    return moment


def plain_text(text: str) -> str:
    """Read a text that a TSE can take."""
    if not text.isascii() or not text.isprintable():
        raise ArgumentTypeError(
            f"'{text}' has letters that a TSE can't take: write ue for ü, and so on"
        )
    return text


def add_simulate(command: ArgumentParser) -> None:
    """Add what says which TSE is simulated."""
    command.add_argument(
        "--state", type=Path, metavar="DIR", help="keep keys and log messages here"
    )
    command.add_argument(
        "--link", type=Path, metavar="PATH", help="a stable name for the pty"
    )
    command.add_argument(
        "--latency-ms",
        type=_milliseconds,
        default=DEFAULT_LATENCY_MS,
        metavar="N",
        help="the time for one signature (default: %(default)s)",
    )
    command.add_argument(
        "--developer", action="store_true", help="a stick that can be made as new"
    )
    command.add_argument(
        "--curve", choices=CURVES, default=DEFAULT_CURVE, help="of a new state's key"
    )
    known = ", ".join([*Fault, *(f"{knob}=N" for knob in Knob)])
    command.add_argument("--faults", default="", metavar="LIST", help=known)


def _milliseconds(text: str) -> float:
    try:
        milliseconds = float(text)
    except ValueError:
        milliseconds = -1.0
    if not 0 <= milliseconds <= LATENCY_MS_MAX:  # nor "nan"
        raise ArgumentTypeError(f"'{text}' is not 0 to {LATENCY_MS_MAX:.0f}")
    return milliseconds
