"""What checking one signature of a TSE costs: brainpoolP384r1, as real sticks sign."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from contract.fiscal import PROCESS_TYPE, Signature
from contract.ids import TillId
from contract.receipt import qr_text
from provisioning.processes import ProvisioningError
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    signed_bytes,
    verify_receipt,
)
from tse_driver.simulator import keys

CLIENT = TillId("bench-1")
PROCESS_DATA = "Beleg^4.50_0.00_0.00_0.00_0.00^4.50:Unbar"
COUNT = 200
VALID_DAYS = 1
MICROSECONDS = 1_000_000


def signature_check_us(count: int = COUNT) -> float:
    """CPU microseconds to check a receipt's signature, mean of some."""
    identity = keys.create(datetime.now(UTC), VALID_DAYS)
    texts = [qr_text(_sign(identity, number)) for number in range(1, count + 1)]
    before_s = time.process_time()
    checks = [verify_receipt(text) for text in texts]
    elapsed_s = time.process_time() - before_s
    if not all(check.valid for check in checks):
        raise ProvisioningError(f"The simulated TSE signs wrongly: {checks[0].reason}")
    return elapsed_s / count * MICROSECONDS


def _sign(identity: keys.Identity, number: int) -> Signature:
    at = datetime.now(UTC).replace(microsecond=0)
    data = PROCESS_DATA.encode()
    finish = Certified(Operation.FINISH, CLIENT, data, PROCESS_TYPE, number)
    protocolled = Protocolled(
        identity.public_key.serial, keys.ALGORITHM, 2 * number, at
    )
    signed = signed_bytes(Kind.TRANSACTION, finish.to_bytes(), protocolled)
    return Signature(
        client=CLIENT,
        number=number,
        start_counter=2 * number - 1,
        counter=2 * number,
        started_at=at,
        finished_at=at,
        process_type=PROCESS_TYPE,
        process_data=PROCESS_DATA,
        algorithm=keys.ALGORITHM.name,
        time_format=str(protocolled.time_format),
        value=identity.sign(signed),
        public_key=identity.public_key.point,
        tse_serial=identity.public_key.serial.hex(),
    )
