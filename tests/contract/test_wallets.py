from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.wallets import (
    WalletChange,
    WalletSnapshot,
    decode_snapshot,
    encode_snapshot,
    row_of,
)
from tests.contract.samples import EVENT, MESSAGES

ANCHOR = next(each.anchor for each in MESSAGES if hasattr(each, "anchor"))


def snapshot(*changes: WalletChange) -> WalletSnapshot:
    return WalletSnapshot(
        event=EVENT, number=9, anchor=ANCHOR, wallets=tuple(map(row_of, changes))
    )


def test_a_snapshot_is_written_as_agreed() -> None:
    written = encode_snapshot(
        snapshot(
            WalletChange(wallet=5, available_minor=1300, vouchers=2, variant=1),
            WalletChange(wallet=6, available_minor=0, blocked=True),
            WalletChange(wallet=7, available_minor=0, blocked=True, swapped=True),
        )
    )
    assert written.startswith(b'{"event":"summer-2026","number":9,"anchor":{')
    assert written.endswith(b'"wallets":[[5,1300,2,1,0],[6,0,0,0,1],[7,0,0,0,2]]}')


@given(
    st.builds(
        WalletChange,
        wallet=st.integers(0, 2**32 - 1),
        available_minor=st.integers(0, 10**9),
        blocked=st.booleans(),
        vouchers=st.integers(0, 99),
        variant=st.integers(0, 255),
    )
)
def test_a_snapshot_tells_what_changes_tell(change: WalletChange) -> None:
    read = decode_snapshot(encode_snapshot(snapshot(change)))
    assert list(read.changes()) == [change]


def test_what_was_swapped_counts_as_blocked() -> None:
    old = WalletChange(wallet=5, available_minor=0, swapped=True)
    (told,) = snapshot(old).changes()
    assert told.swapped
    assert told.blocked


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"wallets":[[-1,0]]}', b"\xff", b"[" * 60_000]
)
def test_a_broken_snapshot_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_snapshot(data)


def test_twenty_thousand_wallets_take_less_than_a_megabyte() -> None:
    full = snapshot(
        *(
            WalletChange(wallet=2**32 - 1 - n, available_minor=99_999, vouchers=12)
            for n in range(20_000)
        )
    )
    assert len(encode_snapshot(full)) < 1_000_000
