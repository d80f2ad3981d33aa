"""`kassenband-hub user` and `role`: who works at the event, and what they may do."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from typing import TYPE_CHECKING, Any

from contract.ids import WristbandUid
from contract.staff import ROLE_NAME_PATTERN, Right, StaffRole, rights_of, staff_hash
from hub.commands.answer import Answer, WrongUsage, table
from hub.commands.opened import opened
from hub.commands.verbs import Verbs
from hub.service.staff import (
    NewMember,
    block_member,
    change_pin,
    change_roles,
    put_member,
    put_role,
)
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from hub.commands.opened import Opened
    from hub.core.staffing import Member, Staffing
    from hub.settings import Settings


def add_user(parser: argparse.ArgumentParser) -> None:
    """Add what `user` understands."""
    verbs = Verbs(parser)
    new = verbs.add("add", _add, "add a member of staff")
    new.add_argument("user", help="a short name, part of orders for ever: no real one")
    new.add_argument("--name", required=True, help="what a till's screen says")
    new.add_argument("--wristband", required=True, type=_uid, help="its UID in hex")
    new.add_argument("--roles", required=True, type=_list_of, help="with commas")
    new.add_argument(
        "--pin",
        action="store_true",
        help="ask for a PIN (or read it from standard input): only who has one can "
        "log in while the hub is silent",
    )
    verbs.add("list", _list, "everybody who works here")
    for verb, words in (
        ("disable", "may log in and sell no more"),
        ("enable", "may log in again"),
    ):
        switch = verbs.add(verb, _block, words)
        switch.add_argument("user")
        switch.set_defaults(blocked=verb == "disable")
    pin = verbs.add("pin", _pin, "set a PIN, asked for or from standard input")
    pin.add_argument("user")
    rights = verbs.add("rights", _rights, "say what somebody may do, or change it")
    rights.add_argument("user")
    rights.add_argument("--roles", type=_list_of, help="the new ones, with commas")


def add_role(parser: argparse.ArgumentParser) -> None:
    """Add what `role` understands."""
    verbs = Verbs(parser)
    change = verbs.add("set", _set_role, "make a role, or change what it allows")
    change.add_argument("role", type=_role_name)
    change.add_argument(
        "--rights",
        required=True,
        type=_list_of,
        help=f"with commas: {', '.join(right.value for right in Right)}",
    )
    change.add_argument(
        "--needs-register",
        action="store_true",
        help="log in only once a cash register was handed out",
    )
    verbs.add("list", _list_roles, "all roles")


async def _add(settings: Settings, options: argparse.Namespace) -> Answer:
    pin = _ask_pin() if options.pin else ""
    async with opened(settings) as at:
        who = at.event.staffing
        if options.user in who.by_id:
            raise Refused(
                f"{options.user} works here already. Change them with 'user rights', "
                "'user pin' or 'user disable'."
            )
        _refuse_unknown_roles(options.roles, who)
        wearer = who.by_hash.get(staff_hash(who.key, options.wristband))
        if wearer is not None:
            raise Refused(f"This wristband is {wearer.entry.name}'s. Use another one.")
        member = NewMember(
            id=options.user,
            name=options.name,
            uid=options.wristband,
            roles=options.roles,
            pin=pin,
        )
        await put_member(at.store, at.event.number, member)
        fresh = (await at.context.refresh()).staffing
    added = fresh.by_id[options.user]
    return Answer(_figures(added, fresh), [f"{options.name} works here now."])


async def _list(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        who = at.event.staffing
    rows = [
        (
            each.entry.id,
            each.entry.name,
            ", ".join(each.entry.roles),
            "PIN" if each.entry.pin_hash else "no PIN",
            "disabled" if each.blocked else "",
        )
        for each in who.members
    ]
    lines = table(("user", "name", "roles", "offline", ""), rows)
    return Answer(
        {"users": [_figures(each, who) for each in who.members]},
        lines if rows else ["Nobody works here yet: tills ask nobody to log in."],
    )


async def _block(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        member = _member(options.user, at)
        await block_member(
            at.store, at.event.number, options.user, blocked=options.blocked
        )
        fresh = (await at.context.refresh()).staffing
    now = "may log in and sell no more" if options.blocked else "may log in again"
    figures = _figures(fresh.by_id[options.user], fresh)
    return Answer(figures, [f"{member.entry.name} {now}."])


async def _pin(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        member = _member(options.user, at)
        await change_pin(at.store, at.event.number, options.user, _ask_pin())
        fresh = (await at.context.refresh()).staffing
    return Answer(
        _figures(fresh.by_id[options.user], fresh),
        [f"{member.entry.name} has a new PIN; tills know it at once."],
    )


async def _rights(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        _member(options.user, at)
        if options.roles is not None:
            _refuse_unknown_roles(options.roles, at.event.staffing)
            number = at.event.number
            await change_roles(at.store, number, options.user, options.roles)
        fresh = (await at.context.refresh()).staffing
    figures = _figures(fresh.by_id[options.user], fresh)
    return Answer(
        figures,
        [
            f"Roles:  {', '.join(figures['roles'])}",
            f"Rights: {', '.join(figures['rights'])}",
        ],
    )


async def _set_role(settings: Settings, options: argparse.Namespace) -> Answer:
    known = {right.value: right for right in Right}
    for name in options.rights:
        if name not in known:
            raise Refused(f"There is no right {name!r}. There are: {', '.join(known)}.")
    role = StaffRole(
        name=options.role,
        rights=tuple(known[name] for name in options.rights),
        needs_register=options.needs_register,
    )
    async with opened(settings) as at:
        await put_role(at.store, at.event.number, role)
    return Answer(_role_figures(role), [f"The role {role.name} is as you said."])


async def _list_roles(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        roles = at.event.staffing.roles
    rows = [
        (
            role.name,
            "needs a register" if role.needs_register else "",
            ", ".join(right.value for right in role.rights),
        )
        for role in roles
    ]
    return Answer(
        {"roles": [_role_figures(role) for role in roles]},
        table(("role", "", "rights"), rows) if rows else ["There is no role yet."],
    )


def _member(name: str, at: Opened) -> Member:
    member = at.event.staffing.by_id.get(name)
    if member is None:
        raise Refused(f"No user is named {name}. See 'kassenband-hub user list'.")
    return member


def _refuse_unknown_roles(names: Iterable[str], who: Staffing) -> None:
    for name in names:
        if who.role(name) is None:
            known = ", ".join(role.name for role in who.roles) or "none yet"
            raise Refused(
                f"There is no role {name!r}. There are: {known}. "
                "Make one with 'kassenband-hub role set'."
            )


def _ask_pin() -> str:
    """Ask at the terminal, twice; else take standard input's first line.

    Never an argument: everybody on the machine can read those.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    first = getpass.getpass("PIN (at least 4 digits): ")
    if getpass.getpass("The same once more: ") != first:
        raise WrongUsage(
            "These were two different PINs. Nothing is changed; try again."
        )
    return first


def _figures(member: Member, who: Staffing) -> dict[str, Any]:
    rights: Collection[Right] = rights_of(who.roles, member.entry.roles)
    return {
        "user": member.entry.id,
        "name": member.entry.name,
        "roles": list(member.entry.roles),
        "rights": sorted(right.value for right in rights),
        "has_pin": bool(member.entry.pin_hash),
        "disabled": member.blocked,
    }


def _role_figures(role: StaffRole) -> dict[str, Any]:
    return {
        "role": role.name,
        "rights": [right.value for right in role.rights],
        "needs_register": role.needs_register,
    }


def _uid(text: str) -> WristbandUid:
    try:
        return WristbandUid.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "this is no wristband's UID: 8, 14 or 20 hex digits"
        ) from None


def _role_name(text: str) -> str:
    if re.fullmatch(ROLE_NAME_PATTERN, text) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no role's name: 1 to 30 of a-z, 0-9, _ and -."
        )
    return text


def _list_of(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))
