"""What each till is told to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.ids import new_uuid7
from contract.messages import TillConfig
from hub.core.orders import ALL_ROUND
from hub.service import wallet_snapshot

if TYPE_CHECKING:
    from hub.core.orders import Till
    from hub.service.context import EventContext


def till_config(context: EventContext, till: Till) -> TillConfig | None:
    """Write a till's configuration; None while there is nothing to sell."""
    if context.catalogue is None:
        return None
    return TillConfig(
        id=new_uuid7(),
        event=context.event,
        event_name=context.name,
        event_number=context.number,
        till=till.id,
        label=till.label,
        currency=context.agreed.currency,
        seller=context.seller,
        portal_url=context.portal_url,
        catalogue=context.catalogue,
        token_keys=context.agreed.token_keys,
        stand_in=context.stand_in,
        demo=context.demo,
        profile=till.profile or ALL_ROUND,
        limits=context.agreed.limits,
        booking_model=context.agreed.booking_model,
        stockings=context.stockings,
        roles=context.staffing.roles,
        staff=tuple(
            each.entry for each in context.staffing.members if not each.blocked
        ),
        staff_key=context.staffing.key,
        wallets_path=wallet_snapshot.PATH,
    )
