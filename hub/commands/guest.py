"""`kassenband-hub guest`: what is known of a guest, and how they are forgotten."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from contract.ids import WALLET_SERIAL_MAX, WalletSerial
from hub.commands import numbers
from hub.commands.answer import Answer, WrongUsage
from hub.commands.opened import opened
from hub.commands.texts import short_text
from hub.commands.verbs import Verbs
from hub.service.erasure import GuestBook
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.service.erasure import Asked, KnownGuest
    from hub.settings import Settings

WAIT_S = 10.0
LOOK_AGAIN_S = 0.1
WRITTEN = "%Y-%m-%d %H:%M UTC"


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `guest` understands; all by the serial of a wristband."""
    verbs = Verbs(parser)
    show = verbs.add("show", _show, "what is known of a guest: wallet, contact")
    contact = verbs.add("contact", _contact, "keep how a guest can be reached")
    erase = verbs.add("erase", _erase, "forget a guest, and block their wristbands")
    for verb in (show, contact, erase):
        verb.add_argument(
            "serial", type=_serial, help="of a wristband, as tills and the portal say"
        )
    contact.add_argument(
        "facts",
        nargs="+",
        type=_fact,
        metavar="NAME=TEXT",
        help="such as mail=ann@example.org; they replace what was kept",
    )
    erase.add_argument(
        "--by", type=short_text, required=True, help="who answers for it"
    )


async def _show(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        book = GuestBook(at.store, at.context)
        guest = await book.known(options.serial)
        contact = await book.contact(options.serial)
    lines = [
        f"Wristbands: {_listed(guest)}",
        f"Wallet: {guest.balance}, vouchers: {guest.vouchers}",
        f"Contact: {_said(contact) or 'none'}",
    ]
    if guest.forgotten_at is not None:
        lines.append(f"Forgotten since {guest.forgotten_at:{WRITTEN}}.")
    return Answer(
        {
            "wristbands": list(guest.serials),
            "balance_minor": guest.balance.minor,
            "vouchers": guest.vouchers,
            "contact": dict(contact),
            "forgotten_at": guest.forgotten_at,
        },
        lines,
    )


async def _contact(settings: Settings, options: argparse.Namespace) -> Answer:
    facts = dict(options.facts)
    if len(facts) < len(options.facts):
        raise WrongUsage("A name is given twice. Say each once, with what holds.")
    async with opened(settings) as at:
        await GuestBook(at.store, at.context).reach(options.serial, facts)
    return Answer(
        {"serial": options.serial, "contact": facts},
        [f"The guest with wristband {options.serial} is reached by {_said(facts)}."],
    )


async def _erase(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        book = GuestBook(at.store, at.context)
        guest = await book.known(options.serial)
        number = await book.ask_erasure(options.serial, by=options.by)
        asked = await _ended(book, number)
    if asked.refusal is not None:
        raise Refused(asked.refusal)
    figures = {"wristbands": list(guest.serials), "erased": asked.ended}
    if asked.ended:
        return Answer(figures, [_forgotten(options.serial, guest)])
    return Answer(
        figures,
        [
            f"The guest is to be forgotten, but was not within {WAIT_S:g} s. "
            "Start the hub: it does so by itself; or read its log."
        ],
        good=False,
    )


def _forgotten(serial: WalletSerial, guest: KnownGuest) -> str:
    if guest.forgotten_at is not None:
        return (
            f"The guest with wristband {serial} is forgotten since "
            f"{guest.forgotten_at:{WRITTEN}}; what was written of them since is gone, "
            "too."
        )
    return (
        f"The guest with wristband {serial} is forgotten; blocked: {_listed(guest)}. "
        "The ledger keeps amounts and random numbers."
    )


async def _ended(book: GuestBook, number: int) -> Asked:
    asked = await book.asked(number)
    for _ in range(int(WAIT_S / LOOK_AGAIN_S)):
        if asked.ended:
            break
        await asyncio.sleep(LOOK_AGAIN_S)
        asked = await book.asked(number)
    return asked


def _listed(guest: KnownGuest) -> str:
    return ", ".join(map(str, guest.serials))


def _said(contact: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in contact.items())


def _serial(text: str) -> WalletSerial:
    try:
        return WalletSerial(numbers.number(text, WALLET_SERIAL_MAX))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no wristband's serial, which is a number from 1 to "
            f"{WALLET_SERIAL_MAX}."
        ) from None


def _fact(text: str) -> tuple[str, str]:
    name, _, said = text.partition("=")
    if not name or not said:
        raise argparse.ArgumentTypeError(
            f"{text!r} says nothing. Write it as mail=ann@example.org."
        )
    return short_text(name), short_text(said)
