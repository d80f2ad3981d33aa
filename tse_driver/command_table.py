"""Every command of the protocol by its number."""

from __future__ import annotations

from typing import Any

# Named for its subclasses: importing it makes them known.
from tse_driver import upkeep_commands
from tse_driver.commands import Command


def _all_commands() -> dict[str, type[Command[Any]]]:
    assert issubclass(upkeep_commands.Initialize, Command)
    return {command.NUMBER: command for command in Command.__subclasses__()}


COMMANDS: dict[str, type[Command[Any]]] = _all_commands()
