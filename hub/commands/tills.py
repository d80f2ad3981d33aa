"""`kassenband-hub till`: register tills, say what they are for, revoke them."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

import msgspec

from contract.acts import OrderKind, PaymentMethod
from contract.ids import IDENTITY_FORM, IDENTITY_PATTERN, TillId
from hub.commands import tse
from hub.commands.answer import Answer, table
from hub.commands.opened import opened
from hub.commands.verbs import Verbs
from hub.core.orders import ALL_ROUND
from hub.service.events import register_till, revoke_till
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import Enum

    from hub.core.orders import Till
    from hub.settings import Settings

# What a till may do that has a profile of its own, unless it is named.
_OWN = msgspec.structs.replace(ALL_ROUND, name="own")
_PROFILE = ("kinds", "methods", "needs_login", "confirms", "free_prices", "register")


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `till` understands."""
    verbs = Verbs(parser)
    register = verbs.add("add", _add, "register a till, or change what is named of one")
    register.add_argument("till", type=_till_id, help="the name in its certificate")
    _add_options(register)
    revoke = verbs.add("revoke", _revoke, "never book unseen again what it says")
    revoke.add_argument("till", type=_till_id)
    verbs.add("list", _list, "all tills, revoked ones included")
    words = "when it was bought, used and given up, for the tax office"
    asset = verbs.add("asset", tse.note_asset, words)
    asset.add_argument("till", type=_till_id)
    tse.add_asset(asset)


def _add_options(parser: argparse.ArgumentParser) -> None:
    def option(flag: str, **words: Any) -> None:
        # Left out entirely when it is not named: then it stays as it is.
        parser.add_argument(flag, default=argparse.SUPPRESS, **words)

    switch = argparse.BooleanOptionalAction
    option("--label", help="what its screen says")
    option(
        "--kinds",
        type=lambda text: _values(text, OrderKind),
        help=f"orders it takes, with commas: {_choices(OrderKind)}",
    )
    option(
        "--methods",
        type=lambda text: _values(text, PaymentMethod),
        help=f"how it is paid, with commas: {_choices(PaymentMethod)}",
    )
    option("--needs-login", action=switch, help="nobody sells before they log in")
    option("--confirms", action=switch, help="ask before a wallet pays")
    option("--free-prices", action=switch, help="prices may be entered")
    option("--register", help="the cash register its drawer is; it has the till's name")
    option("--issues-wristbands", action=switch, help="it writes tokens")


async def _add(settings: Settings, options: argparse.Namespace) -> Answer:
    till: TillId = options.till
    said = vars(options)
    async with opened(settings) as at:
        known = at.event.agreed.tills.get(till)
        profile = known.profile if known else None
        changes = {name: said[name] for name in _PROFILE if name in said}
        if changes:
            profile = msgspec.structs.replace(profile or _OWN, **changes)
        await register_till(
            at.store,
            at.event.number,
            till,
            said.get("label", known.label if known else till),
            issues_wristbands=said.get(
                "issues_wristbands", known is not None and known.issues_wristbands
            ),
            profile=profile,
        )
        fresh = await at.context.refresh()
    told = fresh.agreed.tills[till]
    lines = [f"{till} is {'changed' if known else 'registered'}: {_said_of(told)}."]
    needs_login = told.profile is not None and told.profile.needs_login
    if needs_login and not fresh.staffing.guards_tills:
        lines.append(
            "Nobody can log in there yet: add staff with 'kassenband-hub user add'."
        )
    return Answer(_figures(told), lines)


async def _revoke(settings: Settings, options: argparse.Namespace) -> Answer:
    till: TillId = options.till
    async with opened(settings) as at:
        if till not in at.event.agreed.tills:
            raise Refused(f"No till is named {till}. See 'kassenband-hub till list'.")
        if not await revoke_till(at.store, at.event.number, till):
            raise Refused(f"The till {till} was revoked before.")
    return Answer(
        {"till": till, "revoked": True},
        [
            f"{till} is revoked. What it still delivers waits in quarantine; see "
            "'kassenband-hub quarantine list'.",
            "Revoke its certificate, too: 'kassenband-provision revoke "
            f"{till}', then copy acl and crl.pem to the broker and restart it.",
        ],
    )


async def _list(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        tills = list(at.event.agreed.tills.values())
    rows = [(till.id, till.label, _said_of(till)) for till in tills]
    return Answer(
        {"tills": [_figures(till) for till in tills]},
        table(("till", "label", "is for"), rows)
        if rows
        else ["No till is registered."],
    )


def _said_of(till: Till) -> str:
    profile = till.profile
    words = ["all orders"] if profile is None else [_names(profile.kinds)]
    if profile is not None:
        words.append(f"paid by {_names(profile.methods)}")
        words += ["after a log-in"] if profile.needs_login else []
        words += ["confirmed"] if profile.confirms else []
        words += [] if profile.free_prices else ["no free prices"]
        words += [f"register {profile.register}"] if profile.register else []
    words += ["issues wristbands"] if till.issues_wristbands else []
    return "; ".join(["revoked", *words] if till.revoked else words)


def _figures(till: Till) -> dict[str, Any]:
    return {
        "till": till.id,
        "label": till.label,
        "issues_wristbands": till.issues_wristbands,
        "revoked": till.revoked,
        "profile": msgspec.to_builtins(till.profile),
    }


def _till_id(text: str) -> TillId:
    if re.fullmatch(IDENTITY_PATTERN, text) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no till's name: {IDENTITY_FORM}."
        )
    return TillId(text)


def _values(text: str, kind: type[Enum]) -> tuple[Enum, ...]:
    known = {each.value: each for each in kind}
    names = text.split(",")
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(
                f"{name!r} is unknown. Choose from: {_choices(kind)}."
            )
    return tuple(known[name] for name in names)


def _choices(kind: type[Enum]) -> str:
    return ", ".join(each.value for each in kind)


def _names(values: Sequence[Enum]) -> str:
    return ", ".join(str(each.value) for each in values)
