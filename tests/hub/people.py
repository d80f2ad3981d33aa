"""Who works at the samples' event, and what tills say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contract.ids import new_uuid7
from contract.messages import (
    AdviceBatch,
    CashierLogin,
    OrderRequest,
    Right,
    StaffRole,
    encode_advice,
)
from contract.order import Outcome, Path, encode_order
from contract.token import Credential
from hub.service.staff import NewMember, put_member, put_role
from tests.hub import samples

if TYPE_CHECKING:
    from datetime import datetime

    from contract.messages import AdviceFlag, Note
    from contract.order import Order
    from contract.staff import RoleName
    from hub.service.orders import Verdict
    from tests.hub.hubs import Parts

EVENT = samples.EVENT.number
CASHIER = StaffRole(name="cashier", rights=(Right.LOG_IN, Right.SELL, Right.CANCEL_OWN))
HELPER = StaffRole(name="helper", rights=(Right.LOG_IN_SUPERVISED, Right.SELL))
LEAD = StaffRole(
    name="lead",
    rights=(Right.LOG_IN, Right.SUPERVISE, Right.SELL, Right.CANCEL_ANY),
)
DESK = StaffRole(
    name="desk",
    rights=(
        Right.LOG_IN,
        Right.SELL,
        Right.TOP_UP,
        Right.PAY_OUT,
        Right.MANAGE_WRISTBANDS,
        Right.GRANT_VOUCHERS,
        Right.CANCEL_OWN,
    ),
)
FINANCE = StaffRole(
    name="finance",
    rights=(Right.LOG_IN, Right.MOVE_CASH, Right.CLOSE_SHIFTS),
    needs_register=True,
)
ROLES = (CASHIER, HELPER, LEAD, DESK, FINANCE)
UIDS = {"ann": 101, "ben": 102, "cleo": 103, "dora": 104, "emil": 105}
"""By staff id, what `samples.uid` makes their wristband's UID of."""


async def hire(parts: Parts) -> None:
    """Let five people work at the event, each in a role of their own."""
    for role in ROLES:
        await put_role(parts.store, EVENT, role)
    for (name, number), role in zip(UIDS.items(), ROLES, strict=True):
        member = NewMember(
            id=name, name=name.title(), uid=samples.uid(number), roles=[role.name]
        )
        await put_member(parts.store, EVENT, member)
    await parts.context.refresh()


def token(number: int, serial: int) -> Credential:
    """The genuine token of one of our wristbands."""
    uid = samples.uid(number)
    body, signature = samples.SIGNER.issue(uid, EVENT, 0, serial)
    return Credential(uid=uid.octets, body=body, signature=signature)


def login(name: str, role: RoleName | None = None) -> CashierLogin:
    """What a till says when somebody presents a staff wristband."""
    number = UIDS.get(name, 200)
    return CashierLogin(
        id=new_uuid7(), credential=token(number, 9000 + number), role=role
    )


async def request(parts: Parts, about: Order, note: Note | None = None) -> Verdict:
    """Ask for an order; its wallet's token is genuine."""
    wallet = about.payment.wallet if about.payment else None
    serials = [wallet] if wallet is not None else list(about.wallets)
    message = OrderRequest(
        id=new_uuid7(),
        order=msgspec.Raw(encode_order(about)),
        answer_by=samples.NOW,
        credential=samples.credential(serials[0]) if serials else None,
        note=note,
    )
    return await parts.orders.request(message, about.till)


async def advise(
    parts: Parts,
    about: Order,
    outcome: Outcome = Outcome.COMPLETED,
    path: Path | None = Path.ONLINE,
    *,
    decided_at: datetime = samples.NOW,
) -> tuple[AdviceFlag, ...]:
    """Report how an order ended; the flags it was recorded with."""
    serials = about.wallets
    said = samples.advice(
        about,
        outcome,
        path,
        credential=samples.credential(serials[0]) if serials else None,
    )
    said = msgspec.structs.replace(said, decided_at=decided_at)
    batch = AdviceBatch(id=new_uuid7(), advices=(msgspec.Raw(encode_advice(said)),))
    [recorded] = await parts.orders.advise(batch, about.till)
    assert hasattr(recorded, "recorded"), recorded
    [mine] = recorded.recorded
    flags: tuple[AdviceFlag, ...] = mine.flags
    return tuple(flag for flag in flags if flag.value != "till_clock_off")
