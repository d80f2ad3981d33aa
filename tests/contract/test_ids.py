from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import TillIdField, WristbandUid, new_order_id, new_uuid7


@given(st.integers(0, 2**48 - 1))
def test_an_order_id_is_a_uuid_of_version_7_with_its_time(now_ms: int) -> None:
    made = new_order_id(now_ms)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == now_ms


def test_ids_of_later_moments_sort_later() -> None:
    assert new_uuid7(1) < new_uuid7(2) < new_uuid7(2**40)
    assert new_uuid7(5) != new_uuid7(5)


def test_a_uid_is_read_and_shown_as_hex() -> None:
    assert str(WristbandUid.parse("04a1b2c3d4e5f6")) == "04A1B2C3D4E5F6"


@pytest.mark.parametrize("text", ["", "04", "zz", "04a1b2c3d4e5f60000"])
def test_what_is_no_uid_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        WristbandUid.parse(text)


@pytest.mark.parametrize("text", ["bar-1", "7", "bar-1.2", "a" * 30, "a.."])
def test_an_id_is_fit_for_a_folder(text: str) -> None:
    assert msgspec.convert(text, TillIdField) == text


@pytest.mark.parametrize("text", [".", "..", ".bar", "-bar", "", "a" * 31, "a/b", "A"])
def test_an_id_that_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, TillIdField)
