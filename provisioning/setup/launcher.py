"""The launcher's commands: set up what is missing, then become the real program."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from provisioning.setup import packages
from provisioning.setup.environment import Environment
from provisioning.setup.steps import SetUpError, explain, only_one, say

if TYPE_CHECKING:
    from collections.abc import Mapping

USAGE = """\
usage: ./kassenband COMMAND [OPTION...]

  demo     runs the whole shop on this machine
           (--headless --tills N --seconds S --json: without a screen)
  test     runs all tests (further options go to pytest)
  check    format, lint, types, import contracts, fast tests
  bench    the benchmarks: bench [NAME], bench compare FILE

  --postgres installed|wheel   which PostgreSQL to use
  --workers N                  test: processes that run tests (2)
  --set-up-only                set up what is missing, run nothing

What is missing is set up first: Debian packages (as root or by sudo), the Python
environment .venv/, and private services below var/.
"""
DEMO = ["-m", "provisioning", "demo"]
PURPOSES = {"demo": "demo", "test": "test", "check": "test", "bench": "test"}
POSTGRES_CHOICES = ("auto", "installed", "wheel")
# Root's own: one below var/ would stand in a normal user's way.
PACKAGES_LOG = Path("/var/log/kassenband-packages.log")
TEST_WORKERS = "2"
VARIABLE = "KASSENBAND_POSTGRES"


def main(root: Path, arguments: list[str]) -> int:
    """Run one command; 2 when it cannot be run."""
    try:
        return _run(root, arguments)
    except SetUpError as error:
        say(str(error))
    except OSError as error:
        say(explain(error))
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    return 2


def _run(root: Path, arguments: list[str]) -> int:
    command, options = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    log = root / "var" / "set-up.log"
    if command in {"", "help", "-h", "--help"}:
        say(USAGE)
        return 0 if command else 2
    if command == "install-packages" and options[:1] in (["demo"], ["test"]):
        packages.install(options[0], PACKAGES_LOG)
        return 0
    if command not in PURPOSES:
        raise SetUpError(f"There is no command {command!r}.\n\n{USAGE}")
    postgres = take_option(options, "--postgres", os.environ.get(VARIABLE, "auto"))
    if postgres not in POSTGRES_CHOICES:
        raise SetUpError(
            f"PostgreSQL {postgres!r} is not known. Use auto, installed or wheel with"
            f" --postgres or {VARIABLE}."
        )
    workers = take_option(options, "--workers", TEST_WORKERS)
    set_up_only = "--set-up-only" in options
    environment = _set_up(root, PURPOSES[command], log)
    if set_up_only:
        say("Set-up is complete.")
        return 0
    variables = {**environment.variables(), VARIABLE: postgres}
    if command in {"test", "check"}:
        os.chdir(root)
        variables = keeping_compiled(variables, root)
    module = _module(command, workers)
    return _become(environment.python, [*module, *options], variables)


def keeping_compiled(variables: Mapping[str, str], root: Path) -> dict[str, str]:
    """Let compiled modules be kept in var/ where they may not lie beside the sources.

    A test run starts some hundred processes.
    """
    kept = dict(variables)
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept["PYTHONPYCACHEPREFIX"] = str(root / "var" / "compiled")
    return kept


def _become(python: Path, arguments: list[str], variables: dict[str, str]) -> NoReturn:
    # No child of ours: whoever ends the launcher's process ends the real thing.
    # Ctrl+C must wait until the program has its imports done and can end in order.
    if arguments[: len(DEMO)] == DEMO:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execve(python, [str(python), *arguments], variables)


def _set_up(root: Path, purpose: str, log: Path) -> Environment:
    environment = Environment(root)
    done = not packages.missing(purpose) and packages.RUN_PCSCD.is_dir()
    if done and environment.is_ready_for(purpose):
        return environment
    with only_one(root / "var" / "set-up.lock"):
        packages.ensure(root, purpose, log)
        environment.ensure(purpose, log)
    return environment


def _module(command: str, workers: str) -> list[str]:
    if command == "test":
        return ["-m", "pytest", "-n", workers, "--dist", "loadfile"]
    if command == "check":
        return ["-m", "provisioning.checks"]
    if command == "bench":
        return ["-m", "provisioning.bench"]
    return DEMO


def take_option(options: list[str], name: str, default: str) -> str:
    """Remove `name VALUE` or `name=VALUE` from the options; its value."""
    for index, option in enumerate(options):
        if option.startswith(f"{name}="):
            return options.pop(index).partition("=")[2]
        if option == name:
            if index + 1 == len(options):
                raise SetUpError(f"{name} needs a value.")
            value = options.pop(index + 1)
            options.pop(index)
            return value
    return default
