"""Selling: products to the left, basket, total and pay keys to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical

from edge.core.intents import AbortOrder, PayByCash, PayByWristband
from edge.ui import text
from edge.ui.screens.panel import Panel
from edge.ui.widgets.banner_box import BannerBox
from edge.ui.widgets.basket_list import BasketList
from edge.ui.widgets.product_grid import ProductGrid
from edge.ui.widgets.total_box import TotalBox
from edge.ui.widgets.touch_key import TouchKey

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edge.core.view import TillView


class SellingPanel(Panel):
    """Two taps sell: a product, and how it is paid."""

    def compose(self) -> ComposeResult:
        """Lay out grid and side column."""
        yield ProductGrid(id="grid")
        with Vertical(id="side"):
            yield BannerBox(id="banner")
            yield BasketList(id="basket")
            yield TotalBox(id="total")
            yield TouchKey(
                text.PAY_WRISTBAND, PayByWristband(), id="pay", classes="last"
            )
            with Horizontal(id="lesser"):
                yield TouchKey(text.PAY_CASH, PayByCash(), id="cash")
                yield TouchKey(text.ABORT, AbortOrder(), id="abort", classes="last")

    def show(self, view: TillView) -> None:
        """Show catalogue, basket and total."""
        self.query_one(ProductGrid).show(view)
        self.query_one(BasketList).show(view)
        self.query_one(TotalBox).show(view)
        self.query_one(BannerBox).show(view.banner)
        for name in ("pay", "cash", "abort"):
            key = self.query_one(f"#{name}", TouchKey)
            if key.disabled is bool(view.basket):
                key.disabled = not view.basket
        cash = self.query_one("#cash")
        if cash.display is not view.cash_allowed:
            cash.display = view.cash_allowed
