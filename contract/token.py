"""The signed data on a wristband: its layout and the bytes that are signed.

Signing (hub) and checking (till and hub) use Ed25519 over `signed_bytes`; here is only
the agreed layout, so that both sides and every codec share it.
"""

from __future__ import annotations

import struct

import msgspec

from contract.ids import WALLET_SERIAL_MAX, WristbandUid

TOKEN_VERSION = 1
CONTEXT = b"kb1"
SIGNATURE_BYTES = 64  # Ed25519, RFC 8032
CODE_BITS = 96
CODE_LENGTH = 16  # base64url characters of the portal code
RECORD_TYPE = "urn:nfc:ext:kb.e:s"
PORTAL_PATH = "/w/"

_LAYOUT = struct.Struct(">BBHBI")  # version, key id, event, variant, serial
BODY_BYTES = _LAYOUT.size


class TokenBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says: whose event it is for, which variant, which wallet."""

    key_id: int
    event: int
    variant: int
    serial: int

    def __post_init__(self) -> None:
        if not (0 <= self.key_id <= 0xFF and 0 <= self.event <= 0xFFFF):
            raise ValueError("A token's key id has 8 bits and its event 16.")
        if not (0 <= self.variant <= 0xFF and 0 <= self.serial <= WALLET_SERIAL_MAX):
            raise ValueError("A token's variant has 8 bits and its serial 32.")

    def to_bytes(self) -> bytes:
        """Write the body's nine bytes, big-endian."""
        return _LAYOUT.pack(
            TOKEN_VERSION, self.key_id, self.event, self.variant, self.serial
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> TokenBody:
        """Read a body; raises ValueError for another length or version."""
        if len(data) != BODY_BYTES:
            raise ValueError(f"A token's body has {BODY_BYTES} bytes, not {len(data)}.")
        version, key_id, event, variant, serial = _LAYOUT.unpack(data)
        if version != TOKEN_VERSION:
            raise ValueError(f"This token is of version {version}, not 1.")
        return cls(key_id=key_id, event=event, variant=variant, serial=serial)


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What a till read from a wristband and an order carries for the hub to check."""

    uid: bytes
    body: bytes
    signature: bytes


class TokenKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key that checks tokens, by the key id that tokens name."""

    key_id: int
    public_key: bytes


def signed_bytes(uid: WristbandUid, body: bytes) -> bytes:
    """Return what the token's signature covers: context, UID, body."""
    return CONTEXT + uid.octets + body
