"""The till's word on how an order ended, and the hub's that the ledger holds it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from contract.acts import Outcome, Path
from contract.fields import Count, Digest, Utc, hold_times
from contract.fiscal import Outage, Signature
from contract.reasons import AdviceFlag
from contract.token import Credential


class EarlierAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that was superseded: its number and the digest of its bytes."""

    attempt: Count
    digest: Digest


class OrderAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """How an order ended: exactly one per order, repeated until it is recorded.

    `order` holds the bytes of the deciding attempt (or of attempt 0), `earlier` names
    the attempts before it. `basis_batch` is the batch of the cached balance that a
    stand-in decision rested on. `credential` holds the wristband's UID: it is for the
    hub to check, and nothing to be kept.
    """

    order: msgspec.Raw
    earlier: tuple[EarlierAttempt, ...] = ()
    outcome: Outcome
    path: Path | None = None
    decided_at: Utc
    credential: Credential | None = None
    basis_batch: Count | None = None
    signature: Signature | None = None
    outage: Outage | None = None

    def __post_init__(self) -> None:
        hold_times(self, "decided_at")


class RecordedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order whose advice the ledger holds from now on."""

    order: UUID
    flags: tuple[AdviceFlag, ...] = ()


def without_credential(advice: bytes) -> bytes:
    """Return an advice's bytes without the one member that no ledger keeps.

    All others stay as they came, to the byte; and all of them, where that one is empty:
    an advice must keep one digest, whichever way it comes. Raises msgspec.DecodeError.
    """
    members = _MEMBERS.decode(advice)
    credential = members.pop("credential", None)
    if credential is None or bytes(credential) == b"null":
        return advice
    return msgspec.json.encode(members)


def encode_advice(advice: OrderAdvice) -> bytes:
    """Write an advice's one and only bytes, kept in the journal until recorded."""
    return msgspec.json.encode(advice)


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
