"""`kassenband-hub`: serve tills and guests, migrate, verify, and run the event."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import uvloop

from hub import assembly, upkeep
from hub.commands import dsfinvk, office
from hub.commands.answer import WrongUsage, own_fault, refuse
from hub.commands.verbs import add_config
from hub.link.connection import BrokerGone
from hub.settings import SettingsError, load_settings, log_at
from hub.store.errors import Refused, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from hub.commands.answer import Answer
    from hub.settings import Settings

_Command: TypeAlias = (
    "Callable[[Settings, argparse.Namespace], Coroutine[None, None, int]]"
)

log = logging.getLogger(__name__)

GOOD, BAD, UNUSABLE = 0, 1, 2
STOPPED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 good, 1 judged bad or refused, 2 could not run.

    130 is the end by Ctrl+C.
    """
    options = _parser().parse_args(arguments)
    try:
        code = _run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNUSABLE
    except Refused as refusal:
        refuse(str(refusal), as_json=getattr(options, "json", False))
        return BAD
    except (WrongUsage, SettingsError, StoreError, BrokerGone) as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return STOPPED
    except Exception as error:
        log.debug("The hub's command stopped.", exc_info=True)
        print(own_fault(error), file=sys.stderr)
        return UNUSABLE
    return code


def _run(options: argparse.Namespace) -> int:
    if options.command == "dsfinvk" and options.check is not None:
        return _tell(dsfinvk.judge(options), options)
    if options.command is None and not options.show_config:
        _parser().print_help(sys.stderr)
        return UNUSABLE
    calls_providers = options.show_config or options.command == "serve"
    loaded = load_settings(options.config, with_contracts=calls_providers)
    if options.show_config:
        print(loaded.show())
        return GOOD
    log_at(loaded.settings.log_level)
    obey = _COMMANDS.get(options.command, _obey)
    return uvloop.run(obey(loaded.settings, options))


async def _serve(settings: Settings, options: argparse.Namespace) -> int:
    def ready() -> None:
        print("The hub is ready.", flush=True)

    if await assembly.serve(settings, options.role, ready) == signal.SIGTERM:
        return GOOD
    print("Stopped.", file=sys.stderr)
    return STOPPED


async def _migrate(settings: Settings, options: argparse.Namespace) -> int:
    for line in await upkeep.run_migrate(settings, options):
        print(line)
    return GOOD


async def _verify(settings: Settings, options: argparse.Namespace) -> int:
    report = await upkeep.run_verify(settings, options)
    print(upkeep.told(report, as_json=options.json))
    return GOOD if report.ok else BAD


async def _obey(settings: Settings, options: argparse.Namespace) -> int:
    return _tell(await options.obey(settings, options), options)


def _tell(answer: Answer, options: argparse.Namespace) -> int:
    print(answer.as_text(as_json=options.json))
    if not answer.readable:
        return UNUSABLE
    return GOOD if answer.good else BAD


_COMMANDS: dict[str, _Command] = {
    "serve": _serve,
    "migrate": _migrate,
    "verify": _verify,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kassenband-hub", description=__doc__)
    parser.add_argument("--config", type=Path, help="the settings file (TOML)")
    parser.add_argument(
        "--show-config",
        action="store_true",
        help="print every setting with its origin, and end",
    )
    commands = parser.add_subparsers(dest="command")
    serve = commands.add_parser("serve", help="serve tills and guests")
    serve.add_argument("--role", choices=assembly.ROLES, default="all")
    upkeep.add_migrate(
        commands.add_parser(
            "migrate", help="bring the database up to date, as its owner"
        )
    )
    upkeep.add_verify(commands.add_parser("verify", help="recompute the ledger"))
    for command in commands.choices.values():
        add_config(command)
    office.add_all(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
