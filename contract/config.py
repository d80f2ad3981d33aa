"""What a till is told to be: its profile, the event's limits, where to fetch bulk."""

from __future__ import annotations

from typing import Annotated

import msgspec

from contract.acts import OrderKind, PaymentMethod
from contract.fields import Amount, Count, Digest, PlaceKey, Positive


class StandInLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How far a till may go while the hub is silent (minor units, seconds)."""

    allowance_minor: Amount
    till_total_minor: Amount
    unknown_wallet_minor: Amount = 0
    outage_age_s: Count = 4 * 3600


class CatalogueLink(msgspec.Struct, frozen=True, kw_only=True):
    """Where on the edge listener a catalogue version lies, and its SHA-256."""

    version: Count
    digest: Digest
    path: str


class TillProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a till of some sort is for: which orders it takes, and paid how.

    `confirms`: show old and new balance and wait for a confirmation before a wallet
    pays. `register`: the cash register its drawer is; None: named like the till.
    """

    name: Annotated[str, msgspec.Meta(max_length=50)] = "sale"
    kinds: tuple[OrderKind, ...] = (OrderKind.SALE, OrderKind.CANCELLATION)
    methods: tuple[PaymentMethod, ...] = (PaymentMethod.WALLET, PaymentMethod.CASH)
    free_prices: bool = True
    confirms: bool = False
    needs_login: bool = False
    register: PlaceKey | None = None


class EventLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what wallets take in (minor units); None: no bound.

    `max_balance_minor` bounds what one wallet holds at any time, `event_cap_minor` what
    all wallets of the event hold together.
    """

    top_up_min_minor: Positive = 0
    max_balance_minor: Positive | None = None
    event_cap_minor: Positive | None = None
