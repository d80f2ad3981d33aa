from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import WristbandUid
from contract.token import BODY_BYTES, TokenBody, signed_bytes

bodies = st.builds(
    TokenBody,
    key_id=st.integers(0, 0xFF),
    event=st.integers(0, 0xFFFF),
    variant=st.integers(0, 0xFF),
    serial=st.integers(0, 2**32 - 1),
)


@given(bodies)
def test_a_body_comes_back_as_it_was(body: TokenBody) -> None:
    assert len(body.to_bytes()) == BODY_BYTES
    assert TokenBody.from_bytes(body.to_bytes()) == body


@given(st.binary(max_size=12))
def test_other_bytes_are_refused_in_words(data: bytes) -> None:
    if len(data) == BODY_BYTES and data[0] == 1:
        return
    with pytest.raises(ValueError, match="token"):
        TokenBody.from_bytes(data)


@pytest.mark.parametrize("field", ["key_id", "event", "variant", "serial"])
def test_fields_that_do_not_fit_are_refused(field: str) -> None:
    values = {"key_id": 1, "event": 1, "variant": 0, "serial": 1, field: 2**32}
    with pytest.raises(ValueError, match="bits"):
        TokenBody(**values)


def test_the_signature_covers_context_uid_and_body() -> None:
    uid = WristbandUid.parse("04a1b2c3d4e5f6")
    assert signed_bytes(uid, b"body") == b"kb1\x04\xa1\xb2\xc3\xd4\xe5\xf6body"
