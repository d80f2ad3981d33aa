"""kassenband-till: the till with its screen, and what a technician asks of it.

kassenband-till [--config FILE] [--show-config]
kassenband-till [--config FILE] journal show|export|anchors [--json]
kassenband-till [--config FILE] selftest [--json]
kassenband-till [--config FILE] tse-archive [FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.assembly import archive_tse, assemble, log_to_file, read_settings
from edge.core.errors import ArchiveRefused, KassenbandError, own_fault
from edge.journal import reading
from edge.selftest import examine

if TYPE_CHECKING:
    from edge.core.settings import Settings

CONFIG = Path("/etc/kassenband/till.toml")
GOOD, BAD, CANNOT = 0, 1, 2  # exit codes of every command
STOPPED = 128 + signal.SIGINT


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns 0 good, 1 judged bad, 2 could not run.

    130 is the end by Ctrl+C, which is a good one only for the screen.
    """
    assert __debug__, "never run a till with -O: its checks would be gone"
    options = _parser().parse_args(arguments)
    logging.basicConfig(handlers=[logging.NullHandler()])  # the terminal is for people
    try:
        code = _run(options)
        sys.stdout.flush()
    except ArchiveRefused as error:
        print(error, file=sys.stderr)
        return BAD
    except KassenbandError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        if options.command is None:
            return GOOD
        print("Stopped.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        logging.getLogger(__name__).exception("The till stopped.")
        print(own_fault(options.command, error), file=sys.stderr)
    else:
        return code
    return CANNOT


def _run(options: argparse.Namespace) -> int:
    loaded = read_settings(options.config)
    if options.show_config:
        print("\n".join(loaded.lines()))
        return GOOD
    match options.command:
        case "journal":
            return _journal(loaded.settings, options)
        case "selftest":
            return asyncio.run(_selftest(loaded.settings, as_json=options.json))
        case "tse-archive":
            return asyncio.run(_archive(loaded.settings, options.file))
        case _:
            return asyncio.run(_sell(loaded.settings))


async def _sell(settings: Settings) -> int:
    from edge.ui.app import TillApp  # noqa: PLC0415 - Textual only where a screen is

    log_to_file(settings)
    async with await assemble(settings) as assembly:
        app: TillApp = TillApp(assembly.till)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, app.exit)
        screen = asyncio.create_task(app.run_async())
        ended = asyncio.create_task(assembly.failed())
        await asyncio.wait({screen, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not screen.done():
            app.exit()
        await screen
        ended.cancel()
        if ended.done():
            await ended
    return GOOD


async def _selftest(settings: Settings, *, as_json: bool) -> int:
    assembly = await assemble(settings)
    async with assembly:
        findings = await examine(assembly.till)
    print(findings.as_json() if as_json else findings.as_text())
    return GOOD if findings.good else BAD


async def _archive(settings: Settings, export: Path | None) -> int:
    await archive_tse(settings, export)
    print("The hub has the TSE's log, and has checked every signature in it.")
    return GOOD


def _journal(settings: Settings, options: argparse.Namespace) -> int:
    if options.action == "anchors":
        print(reading.read_anchors(settings.journal.directory).decode())
        return GOOD
    orders = reading.read_orders(settings.journal.directory)
    lines = reading.show if options.action == "show" else reading.export
    for line in () if options.json and options.action == "show" else lines(orders):
        print(line)
    if options.json:
        print(reading.summary_json(orders))
    return GOOD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("kassenband-till", description="The till.")
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="FILE")
    parser.add_argument("--show-config", action="store_true", help="values and origins")
    commands = parser.add_subparsers(dest="command")
    journal = commands.add_parser("journal", help="read the journal beside the till")
    journal.add_argument("action", choices=["show", "export", "anchors"])
    selftest = commands.add_parser("selftest", help="try every part once")
    archive = commands.add_parser(
        "tse-archive", help="deliver the TSE's whole log to the hub, the till being off"
    )
    archive.add_argument("file", nargs="?", type=Path, help="an export made before")
    for command in (journal, selftest):
        command.add_argument("--json", action="store_true", help="end with one object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
