"""`kassenband-hub competition`, `club` and `teams`: what people register for."""

from __future__ import annotations

import argparse
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hub.commands.answer import Answer, table
from hub.commands.files import read_text
from hub.commands.opened import opened
from hub.commands.verbs import Verbs
from hub.core.bills.fees import AdditionalFee, MethodFee, StartFee
from hub.core.team_list import BYTES_MAX, TeamList, read_team_list
from hub.payments.registry import CODES
from hub.payments.transfer import Creditor
from hub.people import make_outbox
from hub.service.accounts import Accounts
from hub.service.competitions import (
    NewCompetition,
    OfferedMethod,
    add_officer,
    put_club,
    put_competition,
    remove_officer,
)
from hub.service.entrants import Entrants, add_site
from hub.service.registration import Registration
from hub.settings import SettingsError
from hub.store.errors import Refused

if TYPE_CHECKING:
    from hub.commands.opened import Opened
    from hub.settings import Settings

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a competition's file."""


class _Fee(_Strict, frozen=True, kw_only=True):
    amount_minor: int
    deadline: datetime
    category: str | None = None


class _Extra(_Strict, frozen=True, kw_only=True):
    name: str
    amount_minor: int
    category: str | None = None


class _Method(_Strict, frozen=True, kw_only=True):
    fixed_minor: int = 0
    rate_bp: int = 0
    most_minor: int | None = None
    payer_bears: bool = False
    instructions: str = ""


class _File(_Strict, frozen=True, kw_only=True):
    slug: str
    name: str
    organizer: str
    zone: str = "Europe/Zurich"
    opens_at: datetime
    is_public: bool = True
    reference_prefix: str = "00000"
    categories: tuple[str, ...]
    start_fees: tuple[_Fee, ...]
    additional_fees: tuple[_Extra, ...] = ()
    methods: dict[str, _Method] = {}
    creditor: Creditor | None = None
    payee: Creditor | None = None


def add_competition(parser: argparse.ArgumentParser) -> None:
    """Add what `competition` understands."""
    verbs = Verbs(parser)
    put = verbs.add("set", _set, "make a competition, or change it, from a TOML file")
    put.add_argument("file", type=Path)
    verbs.add("list", _list, "all competitions of the event")
    site = verbs.add("site", _site, "let a registration site hand teams over")
    site.add_argument("competition", type=_slug)
    site.add_argument("name", help="how the site is called in mails to people")
    end = verbs.add("site-end", _end_site, "let a registration site do so no more")
    end.add_argument("competition", type=_slug)
    end.add_argument("name")


def add_club(parser: argparse.ArgumentParser) -> None:
    """Add what `club` understands."""
    verbs = Verbs(parser)
    put = verbs.add("set", _set_club, "make a club, or change its name")
    put.add_argument("club", type=_slug)
    put.add_argument("name")
    verbs.add("list", _list_clubs, "all clubs")
    for verb, words in (
        ("officer", "let an account bill what is registered on the club's account"),
        ("officer-end", "let an account do so no more"),
    ):
        officer = verbs.add(verb, _officer, words)
        officer.add_argument("club", type=_slug)
        officer.add_argument("email")


def add_teams(parser: argparse.ArgumentParser) -> None:
    """Add what `teams` understands."""
    verbs = Verbs(parser)
    take = verbs.add("import", _import, "register all teams of a CSV file, or none")
    take.add_argument("competition", type=_slug)
    take.add_argument("file", type=Path)
    take.add_argument("--language", choices=("de", "en"), default="en", help="of mails")
    take.add_argument("--site", default="", help="who registers them, as mails say it")


async def _set(settings: Settings, options: argparse.Namespace) -> Answer:
    new = _read(options.file)
    async with opened(settings) as at:
        await put_competition(at.store, at.event.number, new)
        found = await _registration(at).competition(new.slug)
    fees = 0 if found is None else len(found.start_fees)
    line = f"{new.name} is as the file says, with {fees} start fees."
    return Answer({"competition": new.slug, "start_fees": fees}, [line])


async def _list(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        found = await _registration(at).competitions()
    rows = [
        (each.slug, each.name, "" if ends is None else f"{ends:%Y-%m-%d %H:%M} UTC")
        for each in found
        for ends in (each.ends_at(),)
    ]
    figures = [{"competition": slug, "name": name} for slug, name, _ in rows]
    lines = table(("competition", "name", "registration ends"), rows)
    return Answer({"competitions": figures}, lines if rows else ["There is none yet."])


async def _site(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        number = await _number(at, options.competition)
        token = await add_site(at.store, number, options.name)
    return Answer(
        {"site": options.name, "token": token},
        [f"{options.name} sends this token; it is shown only now:", token],
    )


async def _end_site(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        number = await _number(at, options.competition)
        await at.store.fetch("revoke_registration_site", number, options.name)
    return Answer({"site": options.name}, [f"{options.name} registers no more teams."])


async def _set_club(settings: Settings, options: argparse.Namespace) -> Answer:
    if not 1 <= len(options.name) <= 120 or not options.name.isprintable():
        raise Refused("A club's name has 1 to 120 printable characters.")
    async with opened(settings) as at:
        await put_club(at.store, options.club, options.name)
    return Answer({"club": options.club}, [f"{options.name} is there."])


async def _list_clubs(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        clubs = await _registration(at).clubs()
    rows = [(club.slug, club.name) for club in clubs]
    figures = [{"club": slug, "name": name} for slug, name in rows]
    lines = table(("club", "name"), rows) if rows else ["There is none yet."]
    return Answer({"clubs": figures}, lines)


async def _officer(settings: Settings, options: argparse.Namespace) -> Answer:
    may = options.verb == "officer"
    async with opened(settings) as at:
        change = add_officer if may else remove_officer
        await change(at.store, options.club, options.email)
    words = "bills" if may else "no longer bills"
    return Answer(
        {"club": options.club, "email": options.email, "officer": may},
        [f"{options.email} {words} what is registered for {options.club}."],
    )


async def _import(settings: Settings, options: argparse.Namespace) -> Answer:
    listed = _read_list(options.file)
    troubles, added, known = listed.troubles, 0, 0
    if not troubles:
        async with opened(settings) as at:
            outbox, url = make_outbox(settings), at.event.portal_url
            accounts = Accounts(at.store, outbox, url)
            taken = await Entrants(at.store, accounts, _registration(at)).take_in(
                options.competition,
                listed.entrants,
                site=options.site or at.event.name,
                language=options.language,
            )
        troubles, added = taken.troubles, taken.added
        known = len(taken.teams) - added
    lines = [f"Line {each.line}: {each.text}" for each in troubles]
    if troubles:
        lines.append("Nothing was registered. Correct the file and import it again.")
    else:
        lines.append(f"{added} teams are registered, {known} were already.")
    figures = {"added": added, "known": known, "troubles": troubles}
    return Answer(figures, lines, good=not troubles)


def _registration(at: Opened) -> Registration:
    return Registration(at.store, at.event.number)


async def _number(at: Opened, slug: str) -> int:
    found = await _registration(at).competition(slug)
    if found is None:
        raise Refused(
            f"There is no public competition {slug!r}. "
            "See 'kassenband-hub competition list'."
        )
    return found.id


def _read(path: Path) -> NewCompetition:
    try:
        said = msgspec.convert(tomllib.loads(read_text(path)), _File)
        _check(said)
        return NewCompetition(
            slug=said.slug,
            name=said.name,
            organizer=said.organizer,
            creditor=said.creditor,
            payee=said.payee,
            reference_prefix=said.reference_prefix,
            zone=said.zone,
            opens_at=said.opens_at,
            is_public=said.is_public,
            categories=said.categories,
            start_fees=[
                StartFee(fee.amount_minor, fee.deadline, fee.category)
                for fee in said.start_fees
            ],
            additional_fees=[
                AdditionalFee(fee.name, fee.amount_minor, fee.category)
                for fee in said.additional_fees
            ],
            methods=[_method(code, about) for code, about in said.methods.items()],
        )
    except ValueError as error:
        raise Refused(f"{path} is no competition: {error}. Nothing changed.") from error


def _check(said: _File) -> None:
    if SLUG.fullmatch(said.slug) is None:
        raise ValueError(f"the slug {said.slug!r} is not made of a-z, 0-9 and -")
    named = {fee.category for fee in said.start_fees}
    named |= {fee.category for fee in said.additional_fees}
    for category in named - {None, *said.categories}:
        raise ValueError(f"there is no category {category!r}")
    if not said.categories or not said.start_fees:
        raise ValueError("it needs a category and a start fee at least")
    if re.fullmatch(r"[0-9]{5}", said.reference_prefix) is None:
        raise ValueError("reference_prefix is five digits")
    if said.opens_at.tzinfo is None:
        raise ValueError("opens_at needs its time zone")


def _method(code: str, about: _Method) -> OfferedMethod:
    if code not in CODES:
        raise ValueError(f"there is no method {code!r}, only {', '.join(CODES)}")
    fee = MethodFee(about.fixed_minor, about.rate_bp, about.most_minor)
    return OfferedMethod(
        method=code,
        fee=fee,
        payer_bears=about.payer_bears,
        instructions=about.instructions,
    )


def _read_list(path: Path) -> TeamList:
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(
            f"The file {path} can't be read ({error.strerror}). Name another one."
        ) from error
    return read_team_list(data)


def _slug(text: str) -> str:
    if SLUG.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not made of a-z, 0-9 and -")
    return text
