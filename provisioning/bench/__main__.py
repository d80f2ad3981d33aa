"""The benchmarks: `./kassenband bench [NAME...]`, `./kassenband bench compare FILE`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from provisioning.bench.baseline import Pace
from provisioning.bench.crashes import KILLS
from provisioning.bench.plan import LONG, USUAL, Options, run
from provisioning.bench.report import load_report, show, show_comparison
from provisioning.counts import count, counts
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioning.bench.figures import Report

GOOD, JUDGED_BAD, NOT_RUN = 0, 1, 2
STOPPED = 128 + signal.SIGINT
STANDARD_OUTPUT = "-"
EPILOG = """\
Figures are medians over the repetitions; the ratio is to pgbench with 8 clients on the
same cluster in the same run. docs/performance.md says how to read them.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; the exit code, 130 when it was stopped."""
    asked = _parser().parse_args(arguments)
    try:
        code = _bench(asked)
        sys.stdout.flush()
    except ProvisioningError as error:
        sys.stderr.write(f"{error}\n")
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        sys.stderr.write(
            f"{error.filename or 'A file'} cannot be used ({error.strerror})."
            " Correct the path, its owner or the free space.\n"
        )
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return STOPPED
    else:
        return code
    return NOT_RUN


def _bench(asked: argparse.Namespace) -> int:
    earlier = _earlier_report(asked.names)
    names = earlier.benchmarks if earlier else tuple(asked.names or USUAL)
    report = run(_options(names, asked), sys.stderr.write)
    sys.stdout.write(show(report))
    if earlier is not None:
        sys.stdout.write("\nBefore and after\n" + show_comparison(earlier, report))
    _write_json(report, asked.json)
    missed = not all(target.met for target in report.targets)
    return JUDGED_BAD if asked.strict and missed else GOOD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kassenband bench",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(USUAL)} (the default); only when named: {', '.join(LONG)}",
    )
    parser.add_argument(
        "--json",
        nargs="?",
        const=STANDARD_OUTPUT,
        metavar="FILE",
        help="the report as JSON, to a file or to the last line of the output",
    )
    parser.add_argument("--seconds", type=count(), default=3, help="per point (3)")
    parser.add_argument(
        "--repetitions", type=count(), default=3, help="of each point (3)"
    )
    parser.add_argument(
        "--tills", type=counts, help="how many, say 8,32 (default: each its own)"
    )
    parser.add_argument(
        "--orders",
        type=count(),
        help="how many for history (3 million), verify (1 million), dsfinvk (100000), "
        "outage (10000), wallets (20000)",
    )
    parser.add_argument(
        "--kills", type=count(), default=KILLS, help=f"of crashes ({KILLS})"
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit 1 when a target is missed"
    )
    parser.add_argument(
        "--directory", type=Path, help="where the private servers live (var/)"
    )
    return parser


def _earlier_report(names: Sequence[str]) -> Report | None:
    if names[:1] != ["compare"]:
        return None
    if len(names) != 2:
        raise ProvisioningError("Say which report to compare with: bench compare FILE.")
    return load_report(Path(names[1]))


def _options(names: tuple[str, ...], asked: argparse.Namespace) -> Options:
    return Options(
        names=names,
        pace=Pace(asked.seconds, asked.repetitions, asked.tills),
        directory=asked.directory,
        orders=asked.orders,
        kills=asked.kills,
    )


def _write_json(report: Report, where: str | None) -> None:
    if where is None:
        return
    text = msgspec.json.encode(report).decode()
    if where != STANDARD_OUTPUT:
        Path(where).write_text(text + "\n", encoding="utf-8")
    else:
        sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
