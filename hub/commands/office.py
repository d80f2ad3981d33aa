"""All that an operator or the office does by command, by the command's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.commands import bank, catalogue, event, limits, quarantine, staff, tills

if TYPE_CHECKING:
    import argparse

_COMMANDS = {
    "event": (event.add, "open an event from a file, or show it"),
    "catalogue": (catalogue.add, "publish or show what tills sell"),
    "limits": (limits.add, "show or change what wallets hold and tills risk"),
    "till": (tills.add, "register, revoke or list tills"),
    "user": (staff.add_user, "staff: add, list, disable, PIN, rights"),
    "role": (staff.add_role, "what staff may do: set or list"),
    "quarantine": (quarantine.add, "release or dismiss what nobody may book unseen"),
    "bank-import": (bank.add_import, "take in what the bank reports"),
}


def add_all(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add each command with its verbs."""
    for name, (add, words) in _COMMANDS.items():
        add(commands.add_parser(name, help=words, description=words))
