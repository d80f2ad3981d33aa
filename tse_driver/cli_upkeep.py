"""The commands of kassenband-tse that a technician needs once, or never.

Secrets come from the environment or are asked for, never from the command line, which
other users of the machine can read.
"""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tse_driver.cli import GOOD, plain, report, session_of
from tse_driver.commands import ADMIN, TIME_ADMIN
from tse_driver.errors import (
    NotConfirmed,
    NotExported,
    SecretMissing,
    SecretsDiffer,
)
from tse_driver.export_reader import check_export
from tse_driver.side_by_side import processors
from tse_driver.technician import Technician

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from tse_driver.session import Session

    _Run = Callable[[Namespace], int]
    _Add = Callable[[str, _Run], ArgumentParser]

NEW_PIN = "KASSENBAND_TSE_NEW_PIN"
PUK = "KASSENBAND_TSE_PUK"
NEW_PUK = "KASSENBAND_TSE_NEW_PUK"
USERS = {"admin": ADMIN, "time-admin": TIME_ADMIN}
DIGITS_ASKED = 8  # of the serial number, before what can't be undone
SECRETS = f"New secrets are asked for, or read from {NEW_PIN}, {PUK} and {NEW_PUK}."


def add_commands(add: _Add) -> None:
    """Add this module's commands to the parser."""
    command = add("clients", clients)
    command.add_argument("--register", metavar="NAME", help="let a till sign")
    command.add_argument("--deregister", metavar="NAME", help="let it sign no more")
    add("set-time", set_time)
    add("last-message", last_message)
    add("void", void)
    for name, run in (
        ("change-pin", change_pin),
        ("change-puk", change_puk),
        ("unblock", unblock),
    ):
        command = add(name, run)
        command.epilog = SECRETS
        command.add_argument("user", choices=USERS)
    command = add("maintenance", maintenance)
    command.add_argument("switch", choices=("on", "off"))
    command = add("delete-exported", delete_exported)
    command.add_argument("file", type=Path, metavar="FILE", help="the whole export")
    for name, run in (("disable", disable), ("factory-reset", factory_reset)):
        command = add(name, run)
        command.add_argument("--serial", help="its serial number, as a first consent")
        command.add_argument(
            "--for-good", action="store_true", help="a second one: don't ask"
        )


def clients(options: Namespace) -> int:
    """List the registered tills; register or deregister one."""
    with session_of(options) as session:
        if options.register:
            session.register(options.register)
        if options.deregister:
            session.deregister(options.deregister)
        report(options, {"clients": list(session.clients())})
    return GOOD


def set_time(options: Namespace) -> int:
    """Give the TSE this machine's time."""
    with session_of(options) as session:
        session.set_time()
    report(options, {"ok": True, "reason": "The TSE has this machine's time."})
    return GOOD


def last_message(options: Namespace) -> int:
    """Show the newest log message, verified."""
    with session_of(options) as session:
        session.info()
        message = Technician(session).last_log_message()
    certified = message.certified
    result = {
        "operation": message.operation,
        "signature_counter": message.signature_counter,
        "log_time": message.log_time,
        "tse_serial": message.serial,
    }
    if certified is not None:
        result |= asdict(certified)
        result["process_data"] = certified.process_data.decode(errors="replace")
    report(options, plain(result))
    return GOOD


def void(options: Namespace) -> int:
    """Give up a step that was begun and not signed; harmless if there is none."""
    with session_of(options) as session:
        session.void()
        session.info()
        report(options, {"open": list(session.open_transactions())})
    return GOOD


def change_pin(options: Namespace) -> int:
    """Give a user a new PIN."""
    with session_of(options) as session:
        new = _new_secret(NEW_PIN, "PIN")
        Technician(session).change_pin(USERS[options.user], new)
    return _done(options, f"The PIN of the {options.user} is changed.")


def change_puk(options: Namespace) -> int:
    """Give a user a new PUK."""
    with session_of(options) as session:
        old, new = _secret(PUK, "PUK"), _new_secret(NEW_PUK, "PUK")
        Technician(session).change_puk(USERS[options.user], old, new)
    return _done(options, f"The PUK of the {options.user} is changed.")


def unblock(options: Namespace) -> int:
    """Give a user whose PIN is blocked a new one, by the PUK."""
    with session_of(options) as session:
        puk, new = _secret(PUK, "PUK"), _new_secret(NEW_PIN, "PIN")
        Technician(session).unblock(USERS[options.user], puk, new)
    return _done(options, f"The {options.user} is unblocked and has the new PIN.")


def maintenance(options: Namespace) -> int:
    """Take the TSE's slot out of operation, or back."""
    with session_of(options) as session:
        technician = Technician(session)
        if options.switch == "on":
            technician.enter_maintenance()
        else:
            technician.leave_maintenance()
    return _done(options, f"Maintenance is {options.switch}.")


def delete_exported(options: Namespace) -> int:
    """Delete from the TSE what a whole export, kept and verified here, holds."""
    with session_of(options) as session:
        serial = session.info().serial
        with options.file.open("rb") as file:
            check = check_export(file, give=lambda _: None, threads=processors())
        if not check.valid or check.serials != {serial}:
            why = f"{options.file} is no valid export of this TSE"
            raise NotExported(f"The TSE at {options.port}", why)
        Technician(session).delete_exported(options.file.stat().st_size)
    return _done(options, f"What {options.file} holds is deleted from the TSE.")


def disable(options: Namespace) -> int:
    """Put the TSE out of service for good; asks twice."""
    with session_of(options) as session:
        serial = _consent(options, session, "It can never sign again.")
        Technician(session).disable(serial)
    return _done(
        options, "The TSE is out of service. Export it, notify the tax office."
    )


def factory_reset(options: Namespace) -> int:
    """Make a developer's TSE as new, all its log lost; asks twice."""
    with session_of(options) as session:
        serial = _consent(options, session, "Its whole log is lost.")
        Technician(session).factory_reset(serial)
    return _done(options, "The TSE is as new.")


def _consent(options: Namespace, session: Session, consequence: str) -> str:
    """Return the serial number that was given as a consent, twice confirmed."""
    session.info()
    own = session.public_key.serial.hex()
    if options.serial and options.for_good:
        return str(options.serial)
    where = f"The TSE at {options.port}"
    if not sys.stdin.isatty():
        raise NotConfirmed(where, "nobody is here to ask (--serial and --for-good)")
    sys.stderr.write(f"{where} has the serial number {own}.\n")
    if _typed(f"Type its first {DIGITS_ASKED} digits") != own[:DIGITS_ASKED]:
        raise NotConfirmed(where, "the digits are not its own")
    if _typed(f"{consequence} Type '{options.name}'") != options.name:
        raise NotConfirmed(where, f"'{options.name}' was not typed")
    return own


def _typed(question: str) -> str:
    """Ask beside the output, which may go into a file; no answer is an empty one."""
    sys.stderr.write(f"{question}: ")
    sys.stderr.flush()
    try:
        return input()
    except EOFError:
        return ""


def _new_secret(variable: str, what: str) -> str:
    """Ask twice for what nobody sees while it is typed."""
    if secret := os.environ.get(variable):
        return secret
    secret = _secret(variable, f"New {what}")
    if _secret(variable, f"New {what} again") != secret:
        raise SecretsDiffer("The command", f"the {what}")
    return secret


def _secret(variable: str, what: str) -> str:
    """Return a secret that was set or is typed; raise SecretMissing, never try none."""
    secret = os.environ.get(variable, "")
    if not secret and sys.stdin.isatty():
        with suppress(EOFError):
            secret = getpass.getpass(f"{what}: ")
    if not secret:
        raise SecretMissing("The command", variable)
    return secret


def _done(options: Namespace, sentence: str) -> int:
    report(options, {"ok": True, "reason": sentence})
    return GOOD
