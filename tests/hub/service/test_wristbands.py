from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from contract.ids import WalletSerial
from contract.token import Credential
from hub.core.tokens import verify
from hub.service.wristbands import (
    UnknownWristband,
    WristbandRefused,
    credit_wallet,
)
from tests.hub import samples

if TYPE_CHECKING:
    from tests.hub.hubs import Parts


async def test_a_wristband_keeps_its_wallet_when_issued_again(parts: Parts) -> None:
    first = await parts.wristbands.issue(samples.uid(1))
    again = await parts.wristbands.issue(samples.uid(1), variant=3)
    other = await parts.wristbands.issue(samples.uid(2))

    assert again.wallet == first.wallet != other.wallet
    assert again.url != first.url
    credential = Credential(uid=again.uid, body=again.body, signature=again.signature)
    token = verify(credential, parts.context.current.agreed.token_keys, 7)
    assert token is not None
    assert (token.serial, token.variant) == (first.wallet, 3)


async def test_the_uid_is_not_kept(parts: Parts) -> None:
    await parts.wristbands.issue(samples.uid(1))
    connection = await parts.store.connect()
    text = await connection.fetchval("SELECT string_agg(b::text, '') FROM wristband b")
    await connection.close()

    assert samples.uid(1).octets.hex() not in text


async def test_a_blocked_wristband_gets_no_token(parts: Parts) -> None:
    issued = await parts.wristbands.issue(samples.uid(1))
    await parts.wristbands.block(issued.wallet)

    with pytest.raises(WristbandRefused, match="Hand out another one"):
        await parts.wristbands.issue(samples.uid(1))

    await parts.wristbands.block(issued.wallet, blocked=False)
    assert (await parts.wristbands.issue(samples.uid(1))).wallet == issued.wallet


async def test_unknown_wristbands_are_named(parts: Parts) -> None:
    with pytest.raises(UnknownWristband, match="12345"):
        await parts.wristbands.block(WalletSerial(12345))
    with pytest.raises(UnknownWristband):
        await parts.wristbands.balance(WalletSerial(12345))


async def test_a_top_up_is_credited_once(parts: Parts) -> None:
    issued = await parts.wristbands.issue(samples.uid(1))
    payment = uuid4()
    for _ in range(2):
        result = await credit_wallet(
            parts.booking,
            payment=payment,
            wallet=issued.wallet,
            amount_minor=5000,
            provider="paypal",
        )
        assert result.balance_minor == 5000

    assert (await parts.wristbands.balance(issued.wallet)).minor == 5000
