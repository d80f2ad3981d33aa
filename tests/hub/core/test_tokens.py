from __future__ import annotations

import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from contract.ids import WristbandUid
from contract.token import Credential, TokenBody, TokenKey
from hub.core.tokens import (
    TokenKeyUnusable,
    TokenSigner,
    hash_code,
    new_code,
    verify,
)

EVENT = 7
UID = WristbandUid.parse("04A2B3C4D5E6F7")


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def signer() -> TokenSigner:
    return TokenSigner(pem(Ed25519PrivateKey.generate()), key_id=3)


@pytest.fixture
def credential(signer: TokenSigner) -> Credential:
    body, signature = signer.issue(UID, EVENT, variant=1, serial=99)
    return Credential(uid=UID.octets, body=body, signature=signature)


def changed(credential: Credential, **fields: bytes) -> Credential:
    now = {"uid": credential.uid, "body": credential.body}
    return Credential(**{**now, "signature": credential.signature, **fields})


def test_a_token_of_ours_says_whose_wallet_it_is(
    signer: TokenSigner, credential: Credential
) -> None:
    assert verify(credential, [signer.public], EVENT) == TokenBody(
        key_id=3, event=EVENT, variant=1, serial=99
    )


def test_a_token_counts_at_its_own_event_only(
    signer: TokenSigner, credential: Credential
) -> None:
    assert verify(credential, [signer.public], EVENT + 1) is None


def test_a_key_that_was_withdrawn_counts_no_more(credential: Credential) -> None:
    assert verify(credential, [], EVENT) is None


def test_another_key_of_that_number_does_not_do(credential: Credential) -> None:
    other = TokenSigner(pem(Ed25519PrivateKey.generate()), key_id=3)
    assert verify(credential, [other.public], EVENT) is None
    assert verify(credential, [TokenKey(key_id=3, public_key=b"")], EVENT) is None


def test_nothing_of_a_credential_can_be_changed(
    signer: TokenSigner, credential: Credential
) -> None:
    raised = TokenBody(key_id=3, event=EVENT, variant=1, serial=100).to_bytes()
    forgeries = [
        changed(credential, uid=bytes(7)),
        changed(credential, uid=b""),
        changed(credential, body=raised),
        changed(credential, body=b""),
        changed(credential, body=b"\x02" + credential.body[1:]),
        changed(credential, signature=credential.signature[:-1]),
        changed(credential, signature=bytes(64)),
    ]
    assert [verify(each, [signer.public], EVENT) for each in forgeries] == [None] * 7


def test_codes_are_unguessable_and_only_their_hash_is_kept() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16}", code) for code in codes)
    assert {len(hash_code(code)) for code in codes} == {32}
    assert len({hash_code(code) for code in codes}) == 100


def test_a_key_that_cannot_sign_names_the_remedy() -> None:
    wrong = pem(ec.generate_private_key(ec.SECP256R1()))
    for unusable in (b"", b"no key", wrong):
        with pytest.raises(TokenKeyUnusable, match="kassenband-provision hub"):
            TokenSigner(unusable, 1)
