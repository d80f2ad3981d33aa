"""The hub's two secrets about wristbands: what signs tokens, what hashes UIDs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from provisioning.ca import write_key
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from pathlib import Path

KEY_ID_MAX = 255  # one byte in the token's body
UID_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenKey:
    """An Ed25519 key pair and the number by which tokens name it."""

    key_id: int
    private: Path
    public: bytes

    @classmethod
    def create(cls, private: Path, *, key_id: int = 1) -> Self:
        """Make a key pair; the private key goes to that file (PEM, mode 0600)."""
        if not 0 <= key_id <= KEY_ID_MAX:
            raise ProvisioningError(f"Key id {key_id} does not fit into one byte.")
        if private.exists():
            raise ProvisioningError(
                f"{private} is there already. Wristbands may carry its tokens:"
                " choose another file and the next key id."
            )
        write_key(private, Ed25519PrivateKey.generate())
        return cls.load(private, key_id=key_id)

    @classmethod
    def load(cls, private: Path, *, key_id: int = 1) -> Self:
        """Open a key pair made by `create`."""
        try:
            key = load_pem_private_key(private.read_bytes(), None)
        except (OSError, ValueError) as error:
            raise ProvisioningError(
                f"The token key {private} cannot be read ({error})."
                " Make it with 'kassenband-provision hub'."
            ) from error
        assert isinstance(key, Ed25519PrivateKey)
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(key_id, private, public)


def new_uid_secret() -> bytes:
    """Make the secret that wristbands' UIDs are hashed with."""
    return secrets.token_bytes(UID_SECRET_BYTES)
