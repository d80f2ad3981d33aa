"""The forms that fields of orders and messages take."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from contract.ids import IDENTITY_PATTERN, WALLET_SERIAL_MAX
from contract.money import MINOR_MAX

EARLIEST: Final = datetime(2, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, tzinfo=UTC)
"""Between these every zone's calendar has a day, and there is a day more."""

TEXT_MAX = 500
STAFF_ID_MAX = 50

Amount = Annotated[int, msgspec.Meta(ge=-MINOR_MAX, le=MINOR_MAX)]
Positive = Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX)]
"""An amount that can't be negative, in minor units."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Serial = Annotated[int, msgspec.Meta(ge=0, le=WALLET_SERIAL_MAX)]
Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
Utc = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment, whatever its clock showed: who has one keeps to `hold_times`."""

Variant = Annotated[int, msgspec.Meta(ge=0, le=255)]

PlaceKey = Annotated[str, msgspec.Meta(pattern=IDENTITY_PATTERN)]
"""What tells one cash register, bag, vault or bank account from another."""

StaffId = Annotated[
    str,
    msgspec.Meta(max_length=STAFF_ID_MAX, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)"),
]
"""A member of staff, by an id the event gave out: never a name, which books keep.

No control character is in it: no database would take a register's holder with one.
"""

BillReference = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{27}$(?!\n)")]
"""A bill's 26 digits with their check digit (QR reference, modulo 10 recursive)."""


def hold_times(record: msgspec.Struct, *names: str) -> None:
    """Read times beyond every calendar as the nearest that all of them hold.

    What was sold is booked whatever a till's clock said, so its bytes stay as they
    are; but nobody who reads them later should stumble over the year 9999.
    """
    for name in names:
        moment = getattr(record, name)
        if moment is not None and not EARLIEST <= moment <= LATEST:
            held = min(max(moment, EARLIEST), LATEST)
            msgspec.structs.force_setattr(record, name, held)
