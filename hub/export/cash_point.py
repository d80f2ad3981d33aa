"""A cash point closing and what it is about: the facts that an export is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from contract.attempt import Order
    from contract.closing import ClosingReport
    from contract.fiscal import Outage, Signature
    from contract.order import Outcome
    from contract.receipt import Seller


@dataclass(frozen=True, slots=True)
class Register:
    """What a till is made of, as it says; empty where it has not said."""

    brand: str = ""
    model: str = ""
    software_brand: str = ""
    software_version: str = ""


@dataclass(frozen=True, slots=True)
class TseFacts:
    """A TSE as the export's tse.csv knows it."""

    id: int
    serial: str
    algorithm: str
    time_format: str
    encoding: str
    public_key: bytes
    certificate: bytes = b""
    """DER; empty where no till has said it."""


@dataclass(frozen=True, slots=True)
class Group:
    """The group of products that an article belongs to."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Event:
    """What all closings of an export share.

    `groups` are by catalogue version and product, `tax_names` by tax code, `cashiers`
    by the ids of staff.
    """

    name: str
    seller: Seller
    groups: Mapping[tuple[int, int], Group]
    tax_names: Mapping[int, str]
    cashiers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CashPoint:
    """A Z number of a till that is closed."""

    report: ClosingReport
    register: Register
    signature: Signature | None = None
    """The closing's own."""
    outage: Outage | None = None
    """Why it has none."""
    outage_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """The order that a cancellation undoes; when its Z number was closed, if it is.

    Where the ledger does not have it, no till and no Z number are known.
    """

    order: UUID
    till: str = ""
    z_number: int | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """An order of a closing, as the till said that it ended."""

    order: Order
    outcome: Outcome
    decided_at: datetime
    signature: Signature | None
    outage: Outage | None
    outage_until: datetime | None = None
    original: Original | None = None
