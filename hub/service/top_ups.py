"""Setting up by which ways guests top up online, and to which account they transfer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from hub.core.bills.fees import MethodFee
from hub.payments.by_hand import E_BANKING, SLIP
from hub.payments.registry import CODES
from hub.payments.transfer import Creditor
from hub.service.bill_terms import Terms, put_top_up_terms
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.store.store import Store

OFFERABLE = tuple(code for code in CODES if code != SLIP.code)
"""All but the slip: it goes to a postal address, and guests give none."""


class TopUpsRefused(Refused):
    """Top-ups can't be set up so; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUps:
    """How an event's guests top up online; without terms they can't."""

    terms: Sequence[Terms] = ()
    creditor: Creditor | None = None
    """The event's account, for transfers."""


async def put_top_ups(store: Store, event: int, new: TopUps) -> None:
    """Offer these ways to top up online and no others; raises TopUpsRefused."""
    codes = [each.method for each in new.terms]
    for code in codes:
        if code not in OFFERABLE:
            raise TopUpsRefused(
                f"Guests can't top up by {code!r}. There are {', '.join(OFFERABLE)}."
            )
    if E_BANKING.code in codes and new.creditor is None:
        raise TopUpsRefused(
            "Guests can't transfer without an account. Name one under [creditor], or "
            f"leave out {E_BANKING.code}."
        )
    async with store.unit_of_work() as unit:
        await unit.fetch("drop_top_up_methods", event, codes)
        for each in new.terms:
            await put_top_up_terms(unit, event, each)
        if new.creditor is None:
            await unit.fetch("drop_top_up_account", event)
        else:
            text = msgspec.json.encode(new.creditor).decode()
            await unit.fetch("put_top_up_account", event, text)


async def read_top_ups(store: Store, event: int) -> TopUps:
    """Say how an event's guests top up online."""
    rows = await store.fetch("top_up_methods", event)
    found = await store.fetch_value("top_up_creditor", event)
    return TopUps(
        terms=[
            Terms(
                row["method"],
                MethodFee(row["fixed_minor"], row["rate_bp"], row["most_minor"]),
                row["payer_bears"],
            )
            for row in sorted(rows, key=lambda row: CODES.index(row["method"]))
        ],
        creditor=None if found is None else msgspec.json.decode(found, type=Creditor),
    )
