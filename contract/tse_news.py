"""What a till tells of itself and its TSE for the tax audit, and the hub's answers.

The till keeps all of this in its journal and repeats it until the hub has it.
"""

from __future__ import annotations

import re
from typing import Annotated, Final
from uuid import UUID

import msgspec

from contract.fields import Count, Digest, StaffId, Utc, hold_times
from contract.fiscal import FAULT_LENGTH_MAX
from contract.message import Message

NEWS_MAX = 40
CERTIFICATES_MAX = 8
CERTIFICATE_BYTES_MAX = 4096

NAMED_MAX: Final = 70
PLAIN: Final = r"^(?![\s\S]*[\x00-\x1f\x7f])"
"""No control character anywhere: neither a database nor the tax audit takes them."""

Named = Annotated[str, msgspec.Meta(max_length=NAMED_MAX, pattern=PLAIN)]
"""As long as DSFinV-K's KASSE_SERIENNR."""

Reason = Annotated[str, msgspec.Meta(max_length=FAULT_LENGTH_MAX, pattern=PLAIN)]

Certificate = Annotated[bytes, msgspec.Meta(max_length=CERTIFICATE_BYTES_MAX)]


class TillDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What a till is made of (DSFinV-K, Stamm_Kassen)."""

    brand: Named
    model: Named
    serial: Named
    software_brand: Named
    software_version: Named


class TseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a TSE is (DSFinV-K, Stamm_TSE) and how it is doing.

    `serial` is the SHA-256 of the public key's uncompressed point; `certificates` are
    DER, its own first; `bsi_id` is nnnn-yyyy as the BSI certified it, where known.
    """

    serial: Digest
    public_key: Annotated[bytes, msgspec.Meta(max_length=200)]
    algorithm: Named
    time_format: Named
    encoding: Named = "UTF-8"
    certificates: Annotated[
        tuple[Certificate, ...], msgspec.Meta(max_length=CERTIFICATES_MAX)
    ] = ()
    bsi_id: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{4}-[0-9]{4})?$(?!\n)")] = ""
    description: Named = ""
    firmware: Named = ""
    expires: Utc
    signatures_left: Count

    def __post_init__(self) -> None:
        hold_times(self, "expires")


class TillDescribed(Message, frozen=True, kw_only=True):
    """What a till is, and a TSE it has used since a time and a Z number.

    Told once per TSE, oldest first, and when something of it changed; `reason` is why
    the TSE before it is no longer used.
    """

    device: TillDevice
    tse: TseFacts
    since: Utc
    z_number: Count
    reason: Reason = ""

    def __post_init__(self) -> None:
        hold_times(self, "since")


class TillDescriptionRecorded(Message, frozen=True, kw_only=True):
    """The hub has the description."""

    regarding: UUID


class TseOutage(msgspec.Struct, frozen=True, kw_only=True):
    """A time without a TSE that signs, by the till's clock; open while it lasts."""

    id: UUID
    since: Utc
    until: Utc | None = None
    reason: Reason

    def __post_init__(self) -> None:
        hold_times(self, "since", "until")


class ClockConfirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A person said that the till's clock was right, so that its TSE may be used."""

    id: UUID
    at: Utc
    by: StaffId

    def __post_init__(self) -> None:
        hold_times(self, "at")


class TseNotes(Message, frozen=True, kw_only=True):
    """What the till noted of its TSE and not yet heard to be recorded."""

    outages: Annotated[tuple[TseOutage, ...], msgspec.Meta(max_length=NEWS_MAX)] = ()
    clocks: Annotated[
        tuple[ClockConfirmation, ...], msgspec.Meta(max_length=NEWS_MAX)
    ] = ()


class TseNotesRecorded(Message, frozen=True, kw_only=True):
    """The hub has the notes as they were told."""

    regarding: UUID


def plain(text: str, length: int) -> str:
    """Write a text from outside as these messages take it: plain, and not too long."""
    return _CONTROL.sub(" ", text)[:length]


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
