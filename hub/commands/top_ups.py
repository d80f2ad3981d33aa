"""`kassenband-hub top-ups`: by which ways guests top up online, and what they cost."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contract.money import plain_amount
from hub.commands.answer import Answer, table
from hub.commands.files import read_text
from hub.commands.opened import opened
from hub.commands.verbs import Verbs
from hub.core.bills.fees import MethodFee
from hub.payments.transfer import Creditor
from hub.service.bill_terms import Terms
from hub.service.top_ups import TopUps, put_top_ups, read_top_ups
from hub.store.errors import Refused

if TYPE_CHECKING:
    import argparse

    from hub.settings import Settings


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class _Method(_Strict, frozen=True, kw_only=True):
    fixed_minor: int = 0
    rate_bp: int = 0
    most_minor: int | None = None
    payer_bears: bool = False


class _File(_Strict, frozen=True, kw_only=True):
    methods: dict[str, _Method] = {}
    creditor: Creditor | None = None


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `top-ups` understands."""
    verbs = Verbs(parser)
    put = verbs.add("set", _set, "offer the ways of a TOML file, and no others")
    put.add_argument("file", type=Path)
    verbs.add("show", _show, "all ways that are offered")


async def _set(settings: Settings, options: argparse.Namespace) -> Answer:
    new = _read(options.file)
    async with opened(settings) as at:
        await put_top_ups(at.store, at.event.number, new)
        return _told(await read_top_ups(at.store, at.event.number))


async def _show(settings: Settings, _options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        return _told(await read_top_ups(at.store, at.event.number))


def _told(found: TopUps) -> Answer:
    rows = [
        (
            each.method,
            _written(each.fee),
            "guest" if each.payer_bears else "event",
        )
        for each in found.terms
    ]
    account = None if found.creditor is None else found.creditor.compact_iban
    lines = table(("method", "costs", "borne by"), rows)
    if not rows:
        lines = ["Guests can't top up online."]
    if account is not None:
        lines.append(f"Guests transfer to {account}.")
    methods = {each.method: msgspec.to_builtins(each.fee) for each in found.terms}
    return Answer({"methods": methods, "account": account}, lines)


def _written(fee: MethodFee) -> str:
    """Write a fee as operators say it: 0.35 + 2.90 %, at most 5.00."""
    parts = []
    if fee.fixed_minor:
        parts.append(plain_amount(fee.fixed_minor))
    if fee.rate_bp:
        # Hundredths of a percent have two decimals, as cents have.
        parts.append(f"{plain_amount(fee.rate_bp)} %")
    if fee.rate_bp and fee.most_minor is not None:
        parts[-1] += f", at most {plain_amount(fee.most_minor)}"
    return " + ".join(parts) or "nothing"


def _read(path: Path) -> TopUps:
    try:
        said = msgspec.convert(tomllib.loads(read_text(path)), _File)
        return TopUps(
            terms=[
                Terms(
                    code,
                    MethodFee(about.fixed_minor, about.rate_bp, about.most_minor),
                    about.payer_bears,
                )
                for code, about in said.methods.items()
            ],
            creditor=said.creditor,
        )
    except ValueError as error:
        raise Refused(
            f"{path} does not say how to top up: {error}. Nothing changed."
        ) from error
