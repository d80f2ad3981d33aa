"""Declined: why, the facts, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from contract.messages import DeclineReason
from edge.core.intents import AbortOrder, BackToBasket, PayByCash, PayByWristband
from edge.ui import text
from edge.ui.screens.panel import Panel, plain
from edge.ui.widgets.big_text import BigAmount, BigText
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from contract.money import Money
    from edge.core.view import TillView

GUEST_CAN_CHANGE_IT = frozenset(
    {
        DeclineReason.INSUFFICIENT_BALANCE,
        DeclineReason.ALLOWANCE_USED_UP,
        DeclineReason.HUB_SILENT,
        DeclineReason.NOT_FINAL_YET,
    }
)
"""Amber instead of red: nothing is wrong with the wristband itself."""


class DeclinedPanel(Panel):
    """The basket is still open; four keys say how to go on."""

    def compose(self) -> ComposeResult:
        """Lay out reason, facts and keys."""
        yield BigText(text.DECLINED_HEADING, id="declined-heading")
        yield Static(id="declined-title")
        yield Static(id="declined-text")
        with Horizontal(id="declined-facts"):
            for name, caption in (
                ("total", text.TOTAL),
                ("balance", text.BALANCE),
                ("missing", text.MISSING),
            ):
                with Vertical(id=f"declined-{name}", classes="fact"):
                    yield Static(caption, classes="caption")
                    yield BigAmount(id=f"declined-{name}-amount")
        with Horizontal(classes="keys"):
            yield TouchKey(text.OTHER_WRISTBAND, PayByWristband(), id="declined-other")
            yield TouchKey(text.PAY_CASH, PayByCash(), id="declined-cash")
            yield TouchKey(text.BACK_TO_BASKET, BackToBasket(), id="declined-back")
            yield TouchKey(
                text.ABORT_ORDER, AbortOrder(), id="declined-abort", classes="last"
            )

    def show(self, view: TillView) -> None:
        """Show the refusal."""
        decline = view.decline
        if decline is None:
            return
        self.set_class(decline.reason in GUEST_CAN_CHANGE_IT, "asking")
        self.query_one("#declined-title", Static).update(decline.title)
        self.query_one("#declined-text", Static).update(decline.text)
        facts = _facts(view.total, decline.balance)
        longest = max(facts.values(), key=len)
        for name, amount in facts.items():
            self.query_one(f"#declined-{name}").display = bool(amount)
            self.query_one(f"#declined-{name}-amount", BigAmount).show(amount, longest)
        self.query_one("#declined-cash").display = view.cash_allowed

    def first_key(self) -> TouchKey | None:
        """Return the key that asks for another wristband."""
        return self.query_one("#declined-other", TouchKey)


def _facts(total: Money | None, balance: Money | None) -> dict[str, str]:
    missing = ""
    if total is not None and balance is not None and balance < total:
        missing = plain(total - balance)
    return {"total": plain(total), "balance": plain(balance), "missing": missing}
