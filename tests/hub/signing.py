"""A TSE of our own that signs samples, for tests that compute signatures."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from contract.fiscal import PROCESS_TYPE, Signature, process_data
from tests.hub.samples import NOW
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    signed_bytes,
)
from tse_driver.simulator import keys

if TYPE_CHECKING:
    from contract.order import Order, Outcome


@cache
def _identity() -> keys.Identity:
    return keys.create(datetime.now(UTC), 1)


def signed(order: Order, outcome: Outcome, number: int = 1) -> Signature:
    """What the TSE of the order's till makes of it."""
    identity, text = _identity(), process_data(order, outcome)
    finish = Certified(
        Operation.FINISH, order.till, text.encode(), PROCESS_TYPE, number
    )
    protocolled = Protocolled(
        identity.public_key.serial, keys.ALGORITHM, 2 * number, NOW
    )
    value = identity.sign(
        signed_bytes(Kind.TRANSACTION, finish.to_bytes(), protocolled)
    )
    return Signature(
        client=order.till,
        number=number,
        start_counter=2 * number - 1,
        counter=2 * number,
        started_at=NOW,
        finished_at=NOW,
        process_type=PROCESS_TYPE,
        process_data=text,
        algorithm=keys.ALGORITHM.name,
        time_format=str(protocolled.time_format),
        value=value,
        public_key=identity.public_key.point,
        tse_serial=identity.public_key.serial.hex(),
    )
