"""The forms that fields of orders and messages take."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from contract.ids import IDENTITY_PATTERN, WALLET_SERIAL_MAX
from contract.money import MINOR_MAX

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
Variant = Annotated[int, msgspec.Meta(ge=0, le=255)]

PlaceKey = Annotated[str, msgspec.Meta(pattern=IDENTITY_PATTERN)]
"""What tells one cash register, bag, vault or bank account from another."""

StaffId = Annotated[str, msgspec.Meta(max_length=STAFF_ID_MAX)]
"""A member of staff, by an id the event gave out: never a name, which books keep."""

BillReference = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{27}$(?!\n)")]
"""A bill's 26 digits with their check digit (QR reference, modulo 10 recursive)."""
