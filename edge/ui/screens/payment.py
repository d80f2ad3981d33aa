"""Waiting for what the guest pays with, and for the verdict on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Static

from edge.core.intents import BackToBasket, MoneyTaken, PayByCash
from edge.core.view import Phase
from edge.ui import text
from edge.ui.screens.panel import Panel, plain
from edge.ui.widgets.banner_box import BannerBox
from edge.ui.widgets.big_text import BigAmount, BigText
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edge.core.view import TillView


_WORDS = {
    Phase.PRESENT: (text.PRESENT_HEADING, text.PRESENT_HINT),
    Phase.CHECKING: (text.CHECKING_HEADING, text.CHECKING_HINT),
    Phase.COLLECT: (text.COLLECT_HEADING, text.COLLECT_HINT),
    Phase.CHARGE: (text.CHARGE_HEADING, text.CHARGE_HINT),
}
_PRACTICED = {
    Phase.COLLECT: text.PRACTICE_COLLECT_HINT,
    Phase.CHARGE: text.PRACTICE_CHARGE_HINT,
}
# While hub or terminal decide there is nothing to press.
_WAITING = frozenset({Phase.CHECKING, Phase.CHARGE})


class PaymentPanel(Panel):
    """One picture for all ways to pay, so that nothing jumps from one to the next."""

    def compose(self) -> ComposeResult:
        """Lay out heading, amount and keys."""
        yield BigText(*text.PRESENT_HEADING, id="payment-heading")
        yield Static(id="payment-hint")
        yield Static(id="payment-unit")
        yield BigAmount(id="payment-total")
        yield BannerBox(id="payment-banner")
        with Horizontal(classes="keys", id="payment-keys"):
            yield TouchKey(text.BACK, BackToBasket(), id="payment-back")
            yield TouchKey(
                text.PAY_CASH, PayByCash(), id="payment-cash", classes="last"
            )
            yield TouchKey(
                text.MONEY_TAKEN, MoneyTaken(), id="payment-taken", classes="last"
            )

    def show(self, view: TillView) -> None:
        """Show what is to be paid, and what is waited for."""
        collecting = view.phase is Phase.COLLECT
        self.set_class(view.phase in _WAITING, "checking")
        heading, hint = _WORDS[view.phase]
        if view.training:
            hint = _PRACTICED.get(view.phase, hint)
        self.query_one(BigText).show(*heading)
        self.query_one("#payment-hint", Static).update(hint)
        self.query_one(BigAmount).show(plain(view.total))
        currency = view.total.currency.value if view.total else ""
        unit = f"{text.TO_PAY}  {currency}" if currency else ""
        self.query_one("#payment-unit", Static).update(unit)
        self.query_one(BannerBox).show(view.banner)
        cash = view.cash_allowed and not collecting
        self.query_one("#payment-cash").display = cash
        self.query_one("#payment-taken").display = collecting
        self.query_one("#payment-back").set_class(not (cash or collecting), "last")
        self.query_one("#payment-keys").visible = view.phase not in _WAITING

    def first_key(self) -> TouchKey | None:
        """Return no key: a stray Enter must not leave a running payment."""
        return None
