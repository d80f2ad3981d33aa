"""kassenband-tse: look at a TSE, set it up, export and verify; or simulate one."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import TYPE_CHECKING, TypeAlias

from tse_driver import cli, cli_options, cli_upkeep
from tse_driver.errors import NotExported, SelfTestFailed, SignatureInvalid, TseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNABLE = 2
STOPPED = 128 + signal.SIGINT
JUDGED_BAD = (NotExported, SelfTestFailed, SignatureInvalid)
DEFAULT_PORT = "/dev/kb-tse"
DEFAULT_CLIENT = "kassenband-tse"

PINS = (
    f"PINs are read from {cli.ADMIN_PIN} and {cli.TIME_ADMIN_PIN}; without them they"
    " are the factory's. Exit code: 0 good, 1 judged bad, 2 could not be read or run."
)

_Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 good, 1 judged bad, 2 could not be read or run.

    130 is the end by Ctrl+C.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if why := options.contradiction(options):
        parser.error(why)
    try:
        code: int = options.run(options)
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNABLE
    except (TseError, OSError) as error:
        cli.report_error(options, error)
        return cli.BAD if isinstance(error, JUDGED_BAD) else UNABLE
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return STOPPED
    return code


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="kassenband-tse", description=__doc__, epilog=PINS)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "info", cli.info, device=True)
    setup = _add(commands, "setup", cli.setup, device=True)
    setup.add_argument(
        "--description",
        type=cli_options.plain_text,
        default="",
        help="if the maker has set none; plain letters, digits and signs",
    )
    _add(commands, "selftest", cli.selftest, device=True)
    _add(commands, "sign", cli.sign, device=True)
    export = _add(commands, "export", cli.export, device=True)
    cli_options.add_export(export)
    export.set_defaults(contradiction=cli_options.contradiction)
    cli_upkeep.add_commands(lambda name, run: _add(commands, name, run, device=True))
    receipt = _add(commands, "verify-receipt", cli.verify_receipt_text)
    receipt.add_argument("text", metavar="TEXT", help="the QR text: V0;...")
    _add(commands, "verify-export", cli.verify_export).add_argument(
        "file", metavar="FILE", help="a TSE export (TAR)"
    )
    cli_options.add_simulate(_add(commands, "simulate", cli.simulate))
    return parser


def _add(
    commands: _Commands,
    name: str,
    run: Callable[[Namespace], int],
    *,
    device: bool = False,
) -> ArgumentParser:
    command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run, name=name, contradiction=lambda _: "")
    command.add_argument(
        "--json",
        action="store_true",
        dest="as_json",
        help="one object on the last line",
    )
    if device:
        port = os.environ.get("KASSENBAND_TSE_PORT", DEFAULT_PORT)
        command.add_argument(
            "--port",
            default=port,
            help="its serial port (default: KASSENBAND_TSE_PORT, now %(default)s)",
        )
        command.add_argument(
            "--client",
            default=DEFAULT_CLIENT,
            help="the till's name at the TSE (default: %(default)s)",
        )
    return command


if __name__ == "__main__":
    sys.exit(main())
