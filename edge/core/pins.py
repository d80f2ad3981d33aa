"""Checks a cashier's PIN against the staff list: Argon2id, in PHC form (RFC 9106)."""

from __future__ import annotations

from cryptography.exceptions import InvalidKey, UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


def fits(pin: str, pin_hash: str) -> bool:
    """Whether this is the PIN; a hash that can't be read fits none."""
    try:
        Argon2id.verify_phc_encoded(pin.encode(), pin_hash)
    except (InvalidKey, UnsupportedAlgorithm, ValueError):
        return False
    return True
