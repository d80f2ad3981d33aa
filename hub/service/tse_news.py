"""Keeps what tills tell of themselves and their TSEs: what the tax audit asks for."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contract.ids import new_uuid7
from contract.messages import (
    Malformed,
    RejectReason,
    TillDescribed,
    TillDescriptionRecorded,
    TseNotes,
    TseNotesRecorded,
)
from tse_driver.errors import TseError
from tse_driver.signature import PublicKey

if TYPE_CHECKING:
    from contract.ids import TillId
    from contract.messages import TseFacts
    from hub.service.context import ContextKeeper
    from hub.store.store import Store, UnitOfWork

log = logging.getLogger(__name__)


class TseNews:
    """Records descriptions, outages and confirmations; raises DatabaseGone.

    What is told again changes nothing, so tills repeat it as often as they like.
    """

    def __init__(self, store: Store, context: ContextKeeper) -> None:
        self._store = store
        self._context = context

    async def described(
        self, message: TillDescribed, till: TillId
    ) -> TillDescriptionRecorded:
        """Record what a till and its TSE are; raises Malformed."""
        self._check_till(till, message)
        _check_key(message)
        event = self._context.current.number
        async with self._store.unit_of_work() as work:
            await _put_tse(work, event, message.tse)
            await _put_till(work, event, till, message)
        return TillDescriptionRecorded(id=new_uuid7(), regarding=message.id)

    async def noted(self, message: TseNotes, till: TillId) -> TseNotesRecorded:
        """Record outages, and who vouched for the clock; raises Malformed."""
        self._check_till(till, message)
        event = self._context.current.number
        async with self._store.unit_of_work() as work:
            for each in message.outages:
                outage = (each.id, each.since, each.until, each.reason)
                await work.fetch("put_tse_outage", event, till, *outage)
            for clock in message.clocks:
                vouched = (clock.id, clock.at, clock.by)
                await work.fetch("put_tse_clock", event, till, *vouched)
        return TseNotesRecorded(id=new_uuid7(), regarding=message.id)

    def _check_till(self, till: TillId, message: TillDescribed | TseNotes) -> None:
        if till not in self._context.current.agreed.tills:
            raise Malformed(
                RejectReason.NOT_ALLOWED,
                f"The till {till} is not one of this event. Add it at the hub.",
                message.id,
            )


async def _put_tse(work: UnitOfWork, event: int, tse: TseFacts) -> None:
    await work.fetch(
        "put_tse",
        event,
        tse.serial,
        tse.public_key,
        tse.algorithm,
        tse.time_format,
        tse.encoding,
        list(tse.certificates),
        tse.bsi_id,
    )
    state = (tse.firmware, tse.description, tse.expires, tse.signatures_left)
    await work.fetch("put_tse_state", event, tse.serial, *state)


async def _put_till(
    work: UnitOfWork, event: int, till: TillId, message: TillDescribed
) -> None:
    device, serial = message.device, message.tse.serial
    await work.fetch(
        "put_till_description",
        event,
        till,
        device.brand,
        device.model,
        device.serial,
        device.software_brand,
        device.software_version,
    )
    await work.fetch("end_tse_use", event, till, serial, message.since)
    values = (message.since, message.reason, message.z_number)
    await work.fetch("put_tse_use", event, till, serial, *values)


def _check_key(message: TillDescribed) -> None:
    """Hold the TSE to its own words: its name is the hash of its key."""
    tse = message.tse
    if hashlib.sha256(tse.public_key).hexdigest() != tse.serial:
        raise Malformed(
            RejectReason.INVALID,
            f"The serial number {tse.serial[:16]}... is not that of the public key.",
            message.id,
        )
    if not _is_point(tse.public_key):
        raise Malformed(
            RejectReason.INVALID,
            f"The public key of TSE {tse.serial[:16]}... is no point of a curve that a"
            " TSE signs with: it says 0x04, then both coordinates (TR-03111). Look at"
            " the TSE's driver.",
            message.id,
        )
    if tse.certificates and _key_in(tse.certificates[0]) != tse.public_key:
        raise Malformed(
            RejectReason.INVALID,
            f"The first certificate is not that of TSE {tse.serial[:16]}....",
            message.id,
        )


def _is_point(key: bytes) -> bool:
    try:
        return PublicKey.from_bytes(key).point == key
    except TseError:
        return False


def _key_in(certificate: bytes) -> bytes:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    except (ValueError, UnsupportedAlgorithm):
        return b""
