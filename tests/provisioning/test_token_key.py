from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from provisioning.processes import ProvisioningError
from provisioning.token_key import TokenKey

if TYPE_CHECKING:
    from pathlib import Path


def test_the_public_half_verifies_what_the_hubs_half_signs(tmp_path: Path) -> None:
    key = TokenKey.create(tmp_path / "token.key", key_id=3)
    private = load_pem_private_key(key.private.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    public = Ed25519PublicKey.from_public_bytes(key.public)
    public.verify(private.sign(b"token"), b"token")
    assert key.private.stat().st_mode & 0o777 == 0o600
    assert TokenKey.load(key.private, key_id=3) == key


def test_a_key_in_use_is_never_overwritten(tmp_path: Path) -> None:
    key = TokenKey.create(tmp_path / "token.key")
    with pytest.raises(ProvisioningError, match="the next key id"):
        TokenKey.create(key.private)


def test_a_bad_key_file_or_id_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="does not fit"):
        TokenKey.create(tmp_path / "token.key", key_id=256)
    with pytest.raises(ProvisioningError, match="cannot be read"):
        TokenKey.load(tmp_path / "token.key")
