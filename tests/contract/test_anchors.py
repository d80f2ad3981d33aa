from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from contract.anchors import RememberedHead, decode_anchors, encode_anchors

HEAD = (str(UUID(int=1)), 5, "ab" * 32)


def test_what_a_journal_remembers_is_read_back() -> None:
    found = decode_anchors(encode_anchors("bar-1", "summer", [HEAD]))

    assert (found.till, found.event) == ("bar-1", "summer")
    assert found.anchors == (RememberedHead(UUID(int=1), 5, "ab" * 32),)


def test_only_the_last_line_counts() -> None:
    data = encode_anchors("bar-1", "summer", [])

    assert decode_anchors(b"Some words.\n" + data + b"\n\n").anchors == ()


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'{"till":"bar-1"}'])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_anchors(data)


def test_a_head_that_is_none_is_not_written() -> None:
    with pytest.raises(ValueError, match="anchors"):
        encode_anchors("bar-1", "summer", [(HEAD[0], 5, "short")])
