"""What the app asks of a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from contract.money import plain_amount
from edge.ui import text

if TYPE_CHECKING:
    from contract.money import Money
    from edge.core.view import TillView
    from edge.ui.widgets.touch_key import TouchKey


class Panel(Vertical):
    """A phase's screen below the status row: state comes down, intents go up."""

    def show(self, view: TillView) -> None:
        """Show this view; called only while it is the panel's phase."""

    def first_key(self) -> TouchKey | None:
        """Return the key that Enter presses when the panel appears."""
        return None


def show_print_key(key: TouchKey, view: TillView) -> None:
    """Let a key offer the approved order's receipt, where the till prints it."""
    approval = view.approval
    named = None if approval is None else approval.order
    row = next((each for each in view.receipts if each.order == named), None)
    key.display = row is not None and (view.prints or row.stand_in)
    if row is not None:
        key.say(text.PRINT_KEYS[row.state])


def plain(money: Money | None) -> str:
    """Write an amount without its currency; nothing for no amount."""
    return "" if money is None else plain_amount(money.minor)
