"""kassenband-tse: look at a TSE, set it up, export and verify; or simulate one."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tse_driver import cli, cli_upkeep
from tse_driver.errors import TseError
from tse_driver.simulator.faults import Fault
from tse_driver.simulator.keys import CURVES, DEFAULT_CURVE
from tse_driver.simulator.knobs import Knob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNABLE = 2
DEFAULT_PORT = "/dev/kb-tse"
DEFAULT_CLIENT = "kassenband-tse"
DEFAULT_LATENCY_MS = 250.0  # a real stick's time for one signature
LATENCY_MS_MAX = 600_000.0

PINS = f"PINs are read from {cli.ADMIN_PIN} and {cli.TIME_ADMIN_PIN}."

_Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 good, 1 judged bad, 2 could not be read or run."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNABLE
    except (TseError, OSError) as error:
        cli.report_error(options, error)
        return UNABLE
    except KeyboardInterrupt:
        return UNABLE
    return code


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="kassenband-tse", description=__doc__, epilog=PINS)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "info", cli.info, device=True)
    setup = _add(commands, "setup", cli.setup, device=True)
    setup.add_argument("--description", default="", help="if the maker has set none")
    _add(commands, "selftest", cli.selftest, device=True)
    _add(commands, "sign", cli.sign, device=True)
    export = _add(commands, "export", cli.export, device=True)
    _add_export_options(export)
    cli_upkeep.add_commands(lambda name, run: _add(commands, name, run, device=True))
    receipt = _add(commands, "verify-receipt", cli.verify_receipt_text)
    receipt.add_argument("text", metavar="TEXT", help="the QR text: V0;...")
    _add(commands, "verify-export", cli.verify_export).add_argument(
        "file", metavar="FILE", help="a TSE export (TAR)"
    )
    _add_simulate(commands)
    return parser


def _add(
    commands: _Commands,
    name: str,
    run: Callable[[Namespace], int],
    *,
    device: bool = False,
) -> ArgumentParser:
    command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run, name=name)
    command.add_argument(
        "--json",
        action="store_true",
        dest="as_json",
        help="one object on the last line",
    )
    if device:
        port = os.environ.get("KASSENBAND_TSE_PORT", DEFAULT_PORT)
        command.add_argument("--port", default=port, help="default: %(default)s")
        command.add_argument(
            "--client",
            default=DEFAULT_CLIENT,
            help="the till's name at the TSE (default: %(default)s)",
        )
    return command


def _add_export_options(export: ArgumentParser) -> None:
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    part = export.add_mutually_exclusive_group()
    part.add_argument("--number", type=int, help="one fiscal transaction")
    part.add_argument("--interval", type=int, nargs=2, metavar=("FIRST", "LAST"))
    part.add_argument("--period", type=_moment, nargs=2, metavar=("FROM", "UNTIL"))
    export.add_argument(
        "--only", default="", metavar="CLIENT", help="a part, of this client only"
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _add_simulate(commands: _Commands) -> None:
    command = _add(commands, "simulate", cli.simulate)
    command.add_argument(
        "--state", type=Path, metavar="DIR", help="keep keys and log messages here"
    )
    command.add_argument(
        "--link", type=Path, metavar="PATH", help="a stable name for the pty"
    )
    command.add_argument(
        "--latency-ms", type=_milliseconds, default=DEFAULT_LATENCY_MS, metavar="N"
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
    milliseconds = float(text)
    if not 0 <= milliseconds <= LATENCY_MS_MAX:
        raise ValueError(text)
    return milliseconds


if __name__ == "__main__":
    sys.exit(main())
