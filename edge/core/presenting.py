"""A wristband was presented: it pays, or the order in hand is about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract.messages import DeclineReason, Facts
from contract.order import OrderKind, Payment, PaymentMethod
from edge.core import inquiring, paying, texts
from edge.core.acts import TicketSale
from edge.core.basket import Basket
from edge.core.state import Declined, Presenting, Reading, Selling, at_counter
from edge.core.view import Banner, Decline, Tone
from edge.core.wristband import TokenCodec, Wristband, WristbandProblem

if TYPE_CHECKING:
    from edge.core.events import WristbandRead
    from edge.core.open_order import OpenOrder
    from edge.core.state import Moment, Step, TillState
    from edge.core.wristband import WristbandCodec

_UNPAID = frozenset(
    {
        OrderKind.GRANT,
        OrderKind.REGISTER,
        OrderKind.SWAP,
        OrderKind.BLOCK,
        OrderKind.ANNOTATE,
    }
)


def counts(state: TillState, arrived_ns: int) -> bool:
    """Whether a card arrived after the screen began to wait for one."""
    counter = state.counter
    if not isinstance(counter, Presenting | Reading):
        return False
    return arrived_ns > counter.waiting_since_ns


def on_card(state: TillState, card: WristbandRead, moment: Moment) -> Step:
    """Take a wristband that was presented, if it counts and is genuine."""
    counter = state.counter
    if not counts(state, card.arrived_ns):
        return state, ()
    assert isinstance(counter, Presenting | Reading)
    assert state.terms is not None
    config = state.terms.config
    codec: WristbandCodec = TokenCodec(config.token_keys, config.event_number)
    wristband = codec.read(card.uid, card.message)
    if isinstance(wristband, WristbandProblem):
        banner = Banner(Tone.ASK_THE_GUEST, wristband.title, wristband.text)
        return replace(state, banner=banner), ()
    if isinstance(counter, Reading):
        return inquiring.on_wristband(state, counter, wristband, moment)
    if counter.to_pay:
        return _pay(state, counter.order, wristband, moment, card.arrived_ns)
    return _name(state, counter.order, wristband, moment, card.arrived_ns)


def submit(
    state: TillState, order: OpenOrder, moment: Moment, card_ns: int | None = None
) -> Step:
    """Ask the hub for an order that has its wristband and that no guest pays."""
    payment = None
    if order.content.kind is OrderKind.PAYOUT:
        payment = Payment(method=PaymentMethod.CASH)
    return paying.attempt(
        state, order, payment, moment, credential=order.credential, card_ns=card_ns
    )


def is_unpaid(order: OpenOrder) -> bool:
    """Whether the hub is asked as soon as the wristband is known."""
    return order.content.kind in _UNPAID or order.content.kind is OrderKind.PAYOUT


def _pay(
    state: TillState,
    order: OpenOrder,
    wristband: Wristband,
    moment: Moment,
    card_ns: int,
) -> Step:
    content = order.content
    known = state.book.wallets.get(wristband.serial)
    if isinstance(content, Basket):
        # The hub's later word counts; the token protects where there is none.
        variant = wristband.variant if known is None else known.variant
        forbidden = content.restricted(variant)
        if forbidden:
            decline = _too_young(order, variant, forbidden)
            return replace(at_counter(state, decline), banner=None), ()
    payment = Payment(method=PaymentMethod.WALLET, wallet=wristband.serial)
    return paying.attempt(
        state,
        order,
        payment,
        moment,
        credential=wristband.credential,
        card_ns=card_ns,
        vouchers=known.vouchers if known and state.connection.up else 0,
    )


def _too_young(order: OpenOrder, variant: int, forbidden: tuple[int, ...]) -> Declined:
    reason = DeclineReason.AGE_RESTRICTED
    title, text = texts.decline_text(reason)
    facts = Facts(variant=variant, restricted=forbidden)
    text = texts.naming_products(text, forbidden, order.catalogue)
    return Declined(order, Decline(reason, title, text, None, facts))


def _name(
    state: TillState,
    order: OpenOrder,
    wristband: Wristband,
    moment: Moment,
    card_ns: int,
) -> Step:
    content = order.content.naming(wristband)
    if content is None:
        return replace(state, banner=texts.WRONG_WRISTBAND), ()
    credential = order.credential or wristband.credential
    order = replace(order, content=content, credential=credential)
    state = replace(state, banner=None)
    if isinstance(content, TicketSale):  # the next of the group may follow
        waiting = Presenting(order, moment.monotonic_ns, to_pay=False)
        return at_counter(state, waiting), ()
    if is_unpaid(order):
        return submit(state, order, moment, card_ns)
    return at_counter(state, Selling(order)), ()
