"""Approved: what the guest has left, and where the receipt is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from edge.core.intents import Dismiss, PrintReceipt
from edge.ui import text
from edge.ui.screens.panel import Panel, plain, show_print_key
from edge.ui.widgets.big_text import BigAmount, BigText
from edge.ui.widgets.qr_code import QrCode
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edge.core.view import Approval, TillView


class ApprovedPanel(Panel):
    """Green from edge to edge, with the receipt as a strip of paper."""

    def compose(self) -> ComposeResult:
        """Lay out result and receipt."""
        with Vertical(id="approved-result"):
            yield BigText(text.PAID_HEADING, id="approved-heading")
            yield Static(id="approved-paid")
            yield Static(id="approved-caption")
            yield BigAmount(id="approved-balance")
            yield Static(id="approved-notice")
            with Horizontal(id="approved-keys"):
                yield TouchKey("", PrintReceipt(), id="approved-print")
                yield TouchKey(
                    text.NEXT_ORDER, Dismiss(), id="approved-next", classes="last"
                )
        yield QrCode(id="approved-receipt")

    def show(self, view: TillView) -> None:
        """Show the completed order."""
        approval = view.approval
        if approval is None:
            return
        heading = text.PRACTICED_HEADING if approval.training else text.PAID_HEADING
        self.query_one("#approved-heading", BigText).show(heading)
        shown = approval.total if approval.balance is None else approval.balance
        self.query_one(BigAmount).show(plain(shown))
        self._caption(approval)
        self._notice(view, approval)
        show_print_key(self.query_one("#approved-print", TouchKey), view)
        captions = text.RECEIPT_LATER if approval.stand_in else (text.RECEIPT,)
        code = self.query_one(QrCode)
        code.display = bool(approval.receipt_url)
        # No phone reaches the receipts of a demo, but its own machine's browser does.
        code.show(approval.receipt_url, *captions, address=view.demo)

    def first_key(self) -> TouchKey | None:
        """Return the key to the next order."""
        return self.query_one("#approved-next", TouchKey)

    def _caption(self, approval: Approval) -> None:
        currency = approval.total.currency.value
        paid = ""
        if approval.cash:
            caption = text.PAID_IN_CASH
        elif approval.balance is None:
            caption = text.TOTAL
        else:
            caption = text.NEW_BALANCE
            paid = f"{text.TOTAL}  {approval.total}"
        self.query_one("#approved-caption", Static).update(f"{caption}  {currency}")
        line = self.query_one("#approved-paid", Static)
        line.update(paid)
        line.display = bool(paid)

    def _notice(self, view: TillView, approval: Approval) -> None:
        sentences = [text.PRACTICED] if approval.training else []
        if approval.stand_in:
            sentences.append(text.STAND_IN)
            if not approval.cash and approval.balance is None:
                sentences.append(text.BALANCE_LATER)
        if view.banner:
            said = (view.banner.title, view.banner.text)
            sentences.append(": ".join(part for part in said if part))
        notice = self.query_one("#approved-notice", Static)
        notice.update("\n".join(sentences))
        notice.display = bool(sentences)
