"""Waiting for the guest's wristband, and for the verdict on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Static

from edge.core.intents import BackToBasket, PayByCash
from edge.core.view import Phase
from edge.ui import text
from edge.ui.screens.panel import Panel, plain
from edge.ui.widgets.banner_box import BannerBox
from edge.ui.widgets.big_text import BigAmount, BigText
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edge.core.view import TillView


class PaymentPanel(Panel):
    """One picture for both phases, so that nothing jumps when the wristband comes."""

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

    def show(self, view: TillView) -> None:
        """Show what is to be paid, and whether the wristband was seen."""
        checking = view.phase is Phase.CHECKING
        self.set_class(checking, "checking")
        heading = text.CHECKING_HEADING if checking else text.PRESENT_HEADING
        self.query_one(BigText).show(*heading)
        hint = text.CHECKING_HINT if checking else text.PRESENT_HINT
        self.query_one("#payment-hint", Static).update(hint)
        self.query_one(BigAmount).show(plain(view.total))
        currency = view.total.currency.value if view.total else ""
        unit = f"{text.TO_PAY}  {currency}" if currency else ""
        self.query_one("#payment-unit", Static).update(unit)
        self.query_one(BannerBox).show(view.banner)
        self.query_one("#payment-cash").display = view.cash_allowed
        self.query_one("#payment-back").set_class(not view.cash_allowed, "last")
        self.query_one("#payment-keys").visible = not checking

    def first_key(self) -> TouchKey | None:
        """Return no key: a stray Enter must not leave a running payment."""
        return None
