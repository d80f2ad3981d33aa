"""`kassenband-hub settle`: settle with organizers, by two people, down to the file."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from contract.money import Currency, Money
from contract.staff import Right
from hub.commands import numbers
from hub.commands.answer import Answer
from hub.commands.files import write_file
from hub.commands.opened import opened
from hub.commands.texts import short_text
from hub.commands.verbs import Verbs
from hub.core.bills.errors import NotAllowed
from hub.service.office import MONEY_RIGHTS, Office
from hub.service.payout_files import PayoutFiles
from hub.service.settlements import Settlements
from hub.service.statements import print_statement
from hub.store.errors import Refused

if TYPE_CHECKING:
    import argparse

    from hub.commands.opened import Opened
    from hub.service.settlements import DrawnUp
    from hub.settings import Settings


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `settle` understands."""
    verbs = Verbs(parser)
    verbs.add("show", _show, "what is due, and what was settled")
    propose = verbs.add("propose", _propose, "draw up a settlement")
    propose.add_argument("competition")
    for verb, obey, words in (
        ("approve", _approve, "let it be paid out: the word of a second person"),
        ("withdraw", _withdraw, "take it back before it is in a file"),
    ):
        decide = verbs.add(verb, obey, words)
        decide.add_argument("settlement", type=numbers.number)
        _add_by(decide)
    _add_by(propose)
    statement = verbs.add("statement", _statement, "write the organizer's statement")
    statement.add_argument("settlement", type=numbers.number)
    statement.add_argument("--out", type=Path, required=True, metavar="FILE")
    statement.add_argument("--language", choices=("de", "en"), default="de")
    file = verbs.add("file", _file, "put what is approved into files for the bank")
    file.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    file.add_argument(
        "--on", type=numbers.day, metavar="DAY", help="pay on; today if left out"
    )
    _add_by(file)


def _add_by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by",
        type=short_text,
        required=True,
        metavar="USER",
        help="who says so: their PIN is asked for, or read from standard input",
    )


async def _show(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        service = Settlements(at.store, at.event.number)
        due, made = await service.due(), await service.all()
    lines = ["Due:"]
    for each in due:
        if each.settlement is None:
            lines.append(f"  {each.competition}: {each.why_not}")
            continue
        amount = each.settlement.payout_minor or each.settlement.carried_out_minor
        lines.append(f"  {each.competition}: {_money(amount, each.currency)}")
    lines += ["Settled:", *(f"  {_line(each)}" for each in made)]
    figures = {
        "due": [
            {
                "competition": each.competition,
                "currency": each.currency.value,
                "payout_minor": each.settlement and each.settlement.payout_minor,
                "why_not": each.why_not,
            }
            for each in due
        ],
        "settlements": [_figures(each) for each in made],
    }
    return Answer(figures, lines)


async def _propose(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        by = await _who(at, options.by)
        service = Settlements(at.store, at.event.number)
        try:
            made = await service.draw_up(options.competition, by)
        except NotAllowed as error:
            raise Refused(str(error)) from None
    return Answer(_figures(made), [_line(made), "Somebody else must approve it."])


async def _approve(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        by = await _who(at, options.by)
        service = Settlements(at.store, at.event.number)
        try:
            await service.approve(options.settlement, by)
        except NotAllowed as error:
            raise Refused(str(error)) from None
        return await _told(service, options.settlement)


async def _withdraw(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        by = await _who(at, options.by)
        service = Settlements(at.store, at.event.number)
        try:
            await service.withdraw(options.settlement, by)
        except NotAllowed as error:
            raise Refused(str(error)) from None
        return await _told(service, options.settlement)


async def _told(service: Settlements, settlement: int) -> Answer:
    made = await service.one(settlement)
    assert made is not None, "it was just changed"
    return Answer(_figures(made), [_line(made)])


async def _statement(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        service = Settlements(at.store, at.event.number)
        made = await service.one(options.settlement)
        if made is None:
            raise Refused(f"There is no settlement {options.settlement}.")
        statement = await print_statement(service, made, options.language)
        write_file(options.out, statement)
    return Answer({"file": str(options.out)}, [f"{options.out} is written."])


async def _file(settings: Settings, options: argparse.Namespace) -> Answer:
    day = options.on or datetime.now(UTC).date()
    async with opened(settings) as at:
        by = await _who(at, options.by)
        files = PayoutFiles(at.store, at.event.number)
        try:
            made = await files.make(by, day)
        except NotAllowed as error:
            raise Refused(str(error)) from None
        paths = []
        for each in made:
            found = await files.read(each)
            assert found is not None, "it was just made"
            paths.append(options.out / found[0])
            write_file(paths[-1], found[1])
    lines = [f"{path} is written. Hand it to the bank." for path in paths]
    return Answer({"files": [str(path) for path in paths]}, lines)


async def _who(at: Opened, user: str) -> str:
    """Make sure that it is them, and that they answer for money; raises Refused."""
    asks = sys.stdin.isatty()
    pin = getpass.getpass(f"PIN of {user}: ") if asks else sys.stdin.readline()
    office = Office(at.context)
    token = await office.log_in(user, pin.strip())
    member = None if token is None else office.member_of(token)
    if member is None or not member.may_open(MONEY_RIGHTS):
        raise Refused(
            f"{user} and this PIN don't match, or no role of {user} has the right "
            f"{Right.FINANCE.value!r}."
        )
    return member.id


def _figures(made: DrawnUp) -> dict[str, Any]:
    figures: dict[str, Any] = msgspec.to_builtins(made)
    return figures | {
        "state": made.state,
        "balance_minor": made.balance_minor,
        "carried_out_minor": made.carried_out_minor,
    }


def _line(made: DrawnUp) -> str:
    amount = _money(made.payout_minor or made.carried_out_minor, made.currency)
    people = f"by {made.drawn_up_by}"
    if made.approved_by:
        people += f", approved by {made.approved_by}"
    name = f"{made.id}: {made.competition} {made.number}"
    return f"{name}, {amount}, {made.state} ({people})"


def _money(minor: int, currency: Currency) -> str:
    return str(Money(minor, currency))
