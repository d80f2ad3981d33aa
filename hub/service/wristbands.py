"""Wristbands: issued with a signed token, blocked, topped up."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from contract.ids import WalletSerial
from contract.messages import DeclineReason
from contract.money import Money
from contract.token import PORTAL_PATH
from hub.core.booking import block_item, credit_item
from hub.core.tokens import hash_code, new_code
from hub.store.errors import Refused

if TYPE_CHECKING:
    from uuid import UUID

    from contract.ids import WristbandUid
    from hub.core.booking import Result
    from hub.core.tokens import TokenSigner
    from hub.service.booking import Booking
    from hub.service.context import ContextKeeper
    from hub.store.store import Store

WALLET_CHANNEL = "kassenband_wallets"
UID_SECRET_BYTES_MIN = 16


class WristbandRefused(Refused):
    """This wristband can't get a token; the text says why."""


class UnknownWristband(Refused):
    """No wristband has this serial."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What is written on a wristband, and the wallet it names."""

    uid: bytes
    body: bytes
    signature: bytes
    url: str
    wallet: WalletSerial


class Wristbands:
    """Issues and blocks wristbands; knows their UIDs by a keyed hash only."""

    def __init__(
        self,
        store: Store,
        context: ContextKeeper,
        booking: Booking,
        signer: TokenSigner,
        uid_secret: bytes,
    ) -> None:
        assert len(uid_secret) >= UID_SECRET_BYTES_MIN, "a short secret is none"
        self._store = store
        self._context = context
        self._booking = booking
        self._signer = signer
        self._uid_secret = uid_secret

    async def issue(self, uid: WristbandUid, variant: int = 0) -> IssuedToken:
        """Give a wristband its wallet and token; again: the same wallet, a new code."""
        event = self._context.current
        uid_hash = hmac.digest(self._uid_secret, uid.octets, hashlib.sha256)
        code = new_code()
        known = await self._store.fetch_row("wristband_by_uid", event.number, uid_hash)
        if known is None:
            serial = await self._store.fetch_value(
                "issue_wristband", event.number, uid_hash, hash_code(code), variant
            )
        elif known["blocked"] or known["successor"] is not None:
            # Not by its UID: what is said here is logged.
            how = "blocked" if known["blocked"] else "replaced by another one"
            raise WristbandRefused(
                f"The wristband {known['serial']} is {how}. Hand out another one."
            )
        else:
            serial = known["serial"]
            await self._store.fetch(
                "renew_wristband", event.number, serial, hash_code(code), variant
            )
            self._booking.forget()  # else it would go on judging by the old variant
        body, signature = self._signer.issue(uid, event.number, variant, serial)
        url = f"{event.portal_url.rstrip('/')}{PORTAL_PATH}{code}"
        return IssuedToken(uid.octets, body, signature, url, WalletSerial(serial))

    async def block(self, wallet: WalletSerial, *, blocked: bool = True) -> None:
        """Block a wristband, or lift the block.

        Raises UnknownWristband, WristbandRefused (it was swapped), NoLedger.
        """
        item = block_item(uuid4(), wallet, blocked=blocked)
        result = await self._booking.submit(item)
        if result.reason is DeclineReason.ALREADY_SWAPPED:
            raise WristbandRefused(
                f"The wristband {wallet} was replaced by another one. Block that one."
            )
        if result.reason is not None:
            raise UnknownWristband(f"There is no wristband with serial {wallet}.")

    async def balance(self, wallet: WalletSerial) -> Money:
        """Return what is on a wristband; raises UnknownWristband."""
        agreed = self._context.current.agreed
        row = await self._store.fetch_row("wallet_of", agreed.number, wallet)
        if row is None:
            raise UnknownWristband(f"There is no wristband with serial {wallet}.")
        return Money(row["balance_minor"], agreed.currency)


async def credit_wallet(
    booking: Booking,
    *,
    payment: UUID,
    wallet: WalletSerial,
    amount_minor: int,
    provider: str,
) -> Result:
    """Book an online top-up, without a till; the same payment books once only.

    Raises NoLedger; the result is declined for an unknown wristband.
    """
    return await booking.submit(credit_item(payment, wallet, amount_minor, provider))
