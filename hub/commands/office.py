"""All that an operator or the office does by command, by the command's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.commands import (
    bank,
    cash,
    catalogue,
    closings,
    dsfinvk,
    event,
    guest,
    limits,
    people,
    presale,
    quarantine,
    settle,
    staff,
    statistics,
    stocking,
    tills,
    top_ups,
    tse,
)

if TYPE_CHECKING:
    import argparse

COMMANDS = {
    "event": (event.add, "open an event from a file, or show it"),
    "catalogue": (catalogue.add, "publish or show what tills sell"),
    "limits": (limits.add, "show or change what wallets hold and tills risk"),
    "till": (tills.add, "register, revoke or list tills; when they were bought"),
    "user": (staff.add_user, "staff: add, list, disable, PIN, rights"),
    "role": (staff.add_role, "what staff may do: set or list"),
    "cash": (cash.add, "where the cash is and whose, and what money adds up to"),
    "stocking": (stocking.add, "rolls and notes that registers are handed out with"),
    "closings": (closings.add, "compare Z reports with ledger and TSE"),
    "tse": (tse.add, "TSEs, which till used them, their outages and archives"),
    "notification-146a": (
        tse.add_notification,
        "the tax office's notification of tills and TSEs, as XML",
    ),
    "statistics": (statistics.add, "what was sold, by till, hour and product"),
    "guest": (guest.add, "what is known of a guest; forget them for good"),
    "quarantine": (quarantine.add, "release or dismiss what nobody may book unseen"),
    "competition": (people.add_competition, "what teams register for, and its fees"),
    "club": (people.add_club, "clubs that pay for teams, and their officers"),
    "top-ups": (top_ups.add, "by which ways guests top up online"),
    "teams": (people.add_teams, "register the teams of a file"),
    "bank-import": (bank.add_import, "take in what the bank reports"),
    "presale": (presale.add, "codes of tickets bought beforehand, and their use"),
    "dsfinvk": (dsfinvk.add, "export tills' closings for the tax office; judge one"),
    "settle": (settle.add, "settle with organizers: show, propose, approve, file"),
}


def add_all(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add each command with its verbs."""
    for name, (add, words) in COMMANDS.items():
        add(commands.add_parser(name, help=words, description=words))
