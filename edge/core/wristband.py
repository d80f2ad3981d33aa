"""What a wristband carries: the NDEF message with portal address and signed token.

Record 1 is a URI that opens the guest's portal page on a phone, record 2 the token:
body and Ed25519 signature (contract.token). A till holds public keys only. Decoding is
ndeflib's, strict and on input no longer than a tag can hold, since anyone may write a
tag and hold it to a till.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import ndef
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from contract.ids import WalletSerial, WristbandUid
from contract.token import (
    BODY_BYTES,
    CODE_LENGTH,
    PORTAL_PATH,
    RECORD_TYPE,
    SIGNATURE_BYTES,
    TOKEN_VERSION,
    Credential,
    TokenBody,
    TokenKey,
    signed_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MESSAGE_BYTES_MAX = 888  # the user memory of an NTAG216, the largest tag we read
TOKEN_BYTES = BODY_BYTES + SIGNATURE_BYTES

_CODE = re.compile(
    rf"https://[^/?#]+{re.escape(PORTAL_PATH)}([A-Za-z0-9_-]{{{CODE_LENGTH}}})"
)
# Only the one type we need: every further decoder is a way in for foreign data.
_KNOWN_TYPES = {"urn:nfc:wkt:U": ndef.UriRecord}


@dataclass(frozen=True, slots=True)
class Wristband:
    """A wristband whose token is signed for this chip and this event.

    `code` is the portal code of its address, None where a guest rewrote that record;
    the signature does not cover it and no till relies on it.
    """

    uid: WristbandUid
    credential: Credential
    serial: WalletSerial
    variant: int
    code: str | None


class Flaw(enum.Enum):
    """What can be wrong with a wristband."""

    EMPTY = "empty"
    FOREIGN = "foreign"
    FORGED = "forged"
    OTHER_EVENT = "other_event"
    UNKNOWN_KEY = "unknown_key"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class WristbandProblem:
    """Why this wristband can't pay, in a sentence for the cashier."""

    kind: Flaw
    title: str
    text: str


EMPTY = WristbandProblem(
    Flaw.EMPTY,
    "Wristband not issued",
    "This wristband carries no data yet. Send the guest to the service desk to have it "
    "issued.",
)
FOREIGN = WristbandProblem(
    Flaw.FOREIGN,
    "Not our wristband",
    "This chip is not a wristband of this event. Ask the guest for the right one.",
)
FORGED = WristbandProblem(
    Flaw.FORGED,
    "Wristband not genuine",
    "The signature does not belong to this chip: it is forged or a copy. Do not sell "
    "on it; send the guest to the service desk.",
)
OTHER_EVENT = WristbandProblem(
    Flaw.OTHER_EVENT,
    "Wristband of another event",
    "This wristband was issued for another event. Ask the guest for the right one.",
)
UNKNOWN_KEY = WristbandProblem(
    Flaw.UNKNOWN_KEY,
    "Wristband unknown to this till",
    "This till does not know the key of this wristband; it may have been issued after "
    "the till's last update. Connect the till to the hub, or send the guest to another "
    "till.",
)
DAMAGED = WristbandProblem(
    Flaw.DAMAGED,
    "Wristband damaged",
    "The data on this wristband is damaged. Send the guest to the service desk to have "
    "it written again.",
)


class WristbandCodec(Protocol):
    """One way wristbands are made; another chip family brings another codec."""

    def read(self, uid: WristbandUid, message: bytes) -> Wristband | WristbandProblem:
        """Say whose wristband it is, or what is wrong with it; never raises."""


@dataclass(frozen=True, slots=True)
class TokenCodec:
    """Wristbands whose NDEF message carries an Ed25519 token (NTAG21x and alike)."""

    keys: Sequence[TokenKey]
    event_number: int

    def read(self, uid: WristbandUid, message: bytes) -> Wristband | WristbandProblem:
        """Say whose wristband it is, or what is wrong with it; never raises."""
        return read_wristband(uid, message, self.keys, self.event_number)


def read_wristband(
    uid: WristbandUid, message: bytes, keys: Sequence[TokenKey], event_number: int
) -> Wristband | WristbandProblem:
    """Judge the NDEF message found on the chip with this UID; never raises."""
    if not message:
        return EMPTY
    if len(message) > MESSAGE_BYTES_MAX:
        return FOREIGN
    records = _decode(message)
    if records is None:
        return DAMAGED
    token = next((each for each in records if each.type == RECORD_TYPE), None)
    if token is None:
        return FOREIGN
    found = _judge(uid, bytes(token.data), keys, event_number)
    if isinstance(found, WristbandProblem):
        return found
    credential, body = found
    return Wristband(
        uid, credential, WalletSerial(body.serial), body.variant, _code(records[0])
    )


def write_message(url: str, body: bytes, signature: bytes) -> bytes:
    """Encode the NDEF message of a wristband: portal address, then token."""
    assert len(body) == BODY_BYTES
    assert len(signature) == SIGNATURE_BYTES
    records = [ndef.UriRecord(url), ndef.Record(RECORD_TYPE, "", body + signature)]
    return b"".join(ndef.message_encoder(records))


def _decode(message: bytes) -> list[ndef.Record] | None:
    try:
        return list(ndef.message_decoder(message, "strict", _KNOWN_TYPES))
    # All that ndeflib raises when fuzzed; its own errors derive from Exception.
    except (ndef.DecodeError, ndef.EncodeError, ValueError, TypeError):
        return None


def _judge(
    uid: WristbandUid, token: bytes, keys: Sequence[TokenKey], event_number: int
) -> tuple[Credential, TokenBody] | WristbandProblem:
    if len(token) != TOKEN_BYTES:
        # A later version of the token may well have another length.
        newer = token[:1] > bytes([TOKEN_VERSION])
        return UNKNOWN_KEY if newer else DAMAGED
    body_bytes, signature = token[:BODY_BYTES], token[BODY_BYTES:]
    try:
        body = TokenBody.from_bytes(body_bytes)
    except ValueError:
        return UNKNOWN_KEY if body_bytes[0] > TOKEN_VERSION else DAMAGED
    if body.event != event_number:
        return OTHER_EVENT
    key = next((each for each in keys if each.key_id == body.key_id), None)
    if key is None:
        return UNKNOWN_KEY
    if not _is_signed(key.public_key, signed_bytes(uid, body_bytes), signature):
        return FORGED
    credential = Credential(uid=uid.octets, body=body_bytes, signature=signature)
    return credential, body


def _is_signed(public_key: bytes, signed: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _code(first: ndef.Record) -> str | None:
    if not isinstance(first, ndef.UriRecord):
        return None
    match = _CODE.fullmatch(first.iri)
    return match[1] if match else None
