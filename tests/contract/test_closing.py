from __future__ import annotations

import hashlib

import msgspec
import pytest

from contract.closing import (
    closing_process_data,
    decode_closing,
    encode_closing,
    orders_digest,
)
from tests.contract.samples import CLOSING


def test_a_closing_comes_back_as_it_was() -> None:
    assert decode_closing(encode_closing(CLOSING)) == CLOSING
    assert decode_closing(msgspec.Raw(encode_closing(CLOSING))) == CLOSING


def test_the_tse_signs_the_reports_own_bytes() -> None:
    data = encode_closing(CLOSING)
    assert closing_process_data(data) == f"Closing {hashlib.sha256(data).hexdigest()}"
    odd = data.replace(b'"completed":5', b'"completed": 5')
    assert closing_process_data(odd) != closing_process_data(data)


def test_its_digest_is_that_of_its_orders_in_their_sequence() -> None:
    first, second = b"a" * 32, b"b" * 32
    assert orders_digest([first, second]) != orders_digest([second, first])
    assert orders_digest([]) == hashlib.sha256().hexdigest()


@pytest.mark.parametrize("data", [b"", b"{}", b'{"till":"\xff"}', b"[" * 60_000])
def test_a_broken_closing_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_closing(data)
