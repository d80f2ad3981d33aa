"""The till's Textual app: shows the newest view and passes on what is wanted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from edge.core.intents import BackToBasket, CloseTill, Dismiss
from edge.core.view import Phase, TillView
from edge.ui import text
from edge.ui.messages import ViewChanged, Wanted
from edge.ui.palette import THEME
from edge.ui.screens.approved import ApprovedPanel
from edge.ui.screens.closing import ClosingScreen
from edge.ui.screens.declined import DeclinedPanel
from edge.ui.screens.handed_out import HandedOutPanel
from edge.ui.screens.notice import NoticePanel
from edge.ui.screens.over import OverScreen
from edge.ui.screens.payment import PaymentPanel
from edge.ui.screens.receipts import ReceiptsScreen
from edge.ui.screens.selling import SellingPanel
from edge.ui.screens.status import StatusScreen
from edge.ui.widgets.product_grid import ProductGrid
from edge.ui.widgets.status_row import StatusRow
from edge.ui.wristband_panel import (
    AddressRow,
    WristbandPanel,
    WristbandStrip,
    WristbandTapped,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from textual import events
    from textual.filter import LineFilter

    from edge.core.intents import Intent
    from edge.ports import TillPort
    from edge.ui.screens.panel import Panel

TICK_S = 1

PANELS: dict[Phase, type[Panel]] = {
    Phase.STARTING: NoticePanel,
    Phase.SELLING: SellingPanel,
    Phase.PRESENT: PaymentPanel,
    Phase.CHECKING: PaymentPanel,
    Phase.COLLECT: PaymentPanel,
    Phase.CHARGE: PaymentPanel,
    Phase.APPROVED: ApprovedPanel,
    Phase.DECLINED: DeclinedPanel,
    Phase.HANDED_OUT: HandedOutPanel,
    Phase.HALTED: NoticePanel,
}
ESCAPES: dict[Phase, Intent] = {
    Phase.PRESENT: BackToBasket(),
    Phase.COLLECT: BackToBasket(),
    Phase.DECLINED: BackToBasket(),
    Phase.APPROVED: Dismiss(),
}


def local_time() -> datetime:
    """Return the time of day where the till stands."""
    return datetime.now(UTC).astimezone()


class TillApp(App[None]):
    """The screens of one till; Ctrl with Q or C quits."""

    CSS_PATH = "till.tcss"
    TITLE = text.APP_TITLE
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    ESCAPE_TO_MINIMIZE = False
    AUTO_FOCUS = None
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-tall")]  # noqa: RUF012 - as Textual types it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "escape", show=False),
        Binding("ctrl+q,ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(
        self,
        till: TillPort,
        *,
        wristband_panel: WristbandPanel | None = None,
        now: Callable[[], datetime] = local_time,
    ) -> None:
        super().__init__()
        self.register_theme(THEME)
        self.theme = THEME.name
        self._till = till
        self._wristband_panel = wristband_panel
        self._now = now
        self._panel: Panel | None = None
        self._painted: UUID | None = None
        self._unwatch: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        """Lay out the status row, every panel, and the wristbands of a demo."""
        yield StatusRow(id="status")
        yield Static(text.TRAINING_BAND, id="training")
        for panel in dict.fromkeys(PANELS.values()):
            yield panel()
        if self._wristband_panel is not None:
            yield WristbandStrip(self._wristband_panel)
            if self._wristband_panel.addresses:
                yield AddressRow(self._wristband_panel)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Filter nothing: all colors are true colors, and filters cost on each tap."""
        return ()

    def on_mount(self) -> None:
        """Show the first view and watch for more."""
        for panel in dict.fromkeys(PANELS.values()):
            self.query_one(panel).display = False
        self._show(self._till.view)
        self._unwatch = self._till.watch(self._view_arrived)
        self._tick()
        self.set_interval(TICK_S, self._tick)

    def on_unmount(self) -> None:
        """End the watch."""
        if self._unwatch is not None:
            self._unwatch()

    def on_view_changed(self) -> None:
        """Show the newest view, however many have come since."""
        if self.is_running:  # not while the screens are being taken down
            self._show(self._till.view)

    def on_wanted(self, message: Wanted) -> None:
        """Pass on what the cashier wants."""
        self._till.submit(message.intent)

    def on_status_asked(self) -> None:
        """Open what the lamps say, or close it."""
        if isinstance(self.screen, StatusScreen):
            self.pop_screen()
        else:
            self.push_screen(StatusScreen(self._till.view))

    def on_receipts_asked(self) -> None:
        """Open what can be printed, or close it."""
        if isinstance(self.screen, ReceiptsScreen):
            self.pop_screen()
            return
        if isinstance(self.screen, StatusScreen):
            self.pop_screen()
        self.push_screen(ReceiptsScreen(self._till.view))

    def on_closing_asked(self) -> None:
        """Open what closing the till does, or leave it."""
        if isinstance(self.screen, ClosingScreen):
            self.pop_screen()
            return
        if isinstance(self.screen, StatusScreen):
            self.pop_screen()
        self.push_screen(ClosingScreen(self._till.view))

    def on_closing_confirmed(self) -> None:
        """Close the till; what becomes of it is told beside the products."""
        if isinstance(self.screen, ClosingScreen):
            self.pop_screen()
            self._till.submit(CloseTill())

    def on_wristband_tapped(self, message: WristbandTapped) -> None:
        """Hold a virtual wristband to the virtual reader."""
        if self._wristband_panel is not None:
            self._wristband_panel.tap(message.wristband)

    def on_key(self, event: events.Key) -> None:
        """Show the keyboard's place from the first key on; tap wristbands by key."""
        self.screen.add_class("-keys")
        if self._wristband_panel is None:
            return
        for wristband in self._wristband_panel.wristbands:
            if wristband.key == event.character:
                self._wristband_panel.tap(wristband)
                event.stop()

    def action_escape(self) -> None:
        """Go one step back, where there is one."""
        intent = ESCAPES.get(self._till.view.phase)
        if intent is not None:
            self._till.submit(intent)

    def _view_arrived(self, _view: TillView) -> None:
        # Not the view itself: a burst is shown as its last one, read when it's painted.
        self.post_message(ViewChanged())

    def _tick(self) -> None:
        if not self.is_running:
            return
        self.screen_stack[0].query_one(StatusRow).tick(f"{self._now():%H:%M}")

    def _show(self, view: TillView) -> None:
        base = self.screen_stack[0]
        base.query_one(StatusRow).show(view)
        base.query_one("#training").display = view.training
        panel = base.query_one(PANELS[view.phase])
        panel.show(view)
        if panel is not self._panel:
            if self._panel is not None:
                self._panel.display = False
            panel.display = True
            self._panel = panel
            self._focus_first(panel)
        if isinstance(self.screen, OverScreen):
            self.screen.show(view)
        self._report_painted(view)

    def _focus_first(self, panel: Panel) -> None:
        key = panel.first_key()
        if isinstance(panel, SellingPanel):
            panel.query_one(ProductGrid).focus(scroll_visible=False)
        else:
            self.screen_stack[0].set_focus(key, scroll_visible=False)

    def _report_painted(self, view: TillView) -> None:
        approval = view.approval
        if view.phase is not Phase.APPROVED or approval is None:
            return
        if approval.order != self._painted:
            self._painted = approval.order
            self.call_after_refresh(self._till.shown, approval.order)
