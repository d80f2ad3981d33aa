from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contract.messages import Lamp, LampState
from contract.money import Money
from edge.core import texts
from edge.core.intents import (
    AbortOrder,
    AnswerHandedOut,
    BackToBasket,
    CloseTill,
    Dismiss,
    MoneyTaken,
    PayByCash,
    PayByWristband,
    Pick,
    PrintClosing,
    PrintReceipt,
    Remove,
    RestartTse,
    SwitchTraining,
)
from edge.core.view import ClosedNumber, Phase
from edge.ui import text
from edge.ui.messages import StatusAsked
from edge.ui.sample import ORDER, sample_basket, sample_selling, sample_views
from edge.ui.screens.closing import ClosingScreen
from edge.ui.screens.receipts import ReceiptsScreen
from edge.ui.screens.status import StatusScreen
from edge.ui.screenshot import sample_wristbands
from edge.ui.widgets.banner_box import BannerBox
from edge.ui.widgets.big_text import BigAmount, BigText
from edge.ui.widgets.total_box import TotalBox
from edge.ui.widgets.touch_key import TouchKey
from edge.ui.wristband_panel import WristbandKey, WristbandPanel
from tests.edge.ui.fake_till import LARGE, SIZES, SMALL, FakeTill, app_for

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from edge.core.intents import Intent

VIEWS = sample_views()


def words(pilot: Pilot[None], selector: str) -> str:
    widget = pilot.app.screen.query_one(selector)
    return "".join(str(widget.render()).split("\n"))


def status_is_open(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, StatusScreen)


@pytest.mark.parametrize("size", SIZES)
async def test_tap_on_a_tile_picks_its_product(size: tuple[int, int]) -> None:
    till = FakeTill()
    async with app_for(till).run_test(size=size) as pilot:
        await pilot.click("#grid", offset=(3, 1))
        await pilot.click("#grid", offset=(13, 2))
    assert till.intents == [Pick(1), Pick(2)]


@pytest.mark.parametrize(
    ("screen", "key", "intent"),
    [
        ("selling", "#pay", PayByWristband()),
        ("selling", "#cash", PayByCash()),
        ("selling", "#abort", AbortOrder()),
        ("present", "#payment-back", BackToBasket()),
        ("present", "#payment-cash", PayByCash()),
        ("collect", "#payment-back", BackToBasket()),
        ("collect", "#payment-taken", MoneyTaken()),
        ("approved", "#approved-next", Dismiss()),
        ("declined-balance", "#declined-other", PayByWristband()),
        ("declined-balance", "#declined-cash", PayByCash()),
        ("declined-balance", "#declined-back", BackToBasket()),
        ("declined-balance", "#declined-abort", AbortOrder()),
        ("handed-out", "#yes", AnswerHandedOut(handed_out=True)),
        ("handed-out", "#no", AnswerHandedOut(handed_out=False)),
    ],
)
async def test_each_key_says_what_it_stands_for(
    screen: str, key: str, intent: Intent
) -> None:
    till = FakeTill(VIEWS[screen])
    async with app_for(till).run_test(size=SMALL) as pilot:
        await pilot.click(key)
    assert till.intents == [intent]


async def test_a_view_of_the_till_repaints_the_total() -> None:
    till = FakeTill()
    async with app_for(till).run_test(size=SMALL) as pilot:
        basket = sample_basket((1, 3))
        till.put_on(replace(till.view, basket=basket, total=Money(1350)))
        await pilot.pause()
        assert pilot.app.query_one(TotalBox).amount == "13.50"


async def test_tap_on_a_basket_line_takes_one_out() -> None:
    till = FakeTill()
    async with app_for(till).run_test(size=SMALL) as pilot:
        await pilot.click("#basket", offset=(4, 4))
    assert till.intents == [Remove(17)]


async def test_an_empty_basket_can_not_be_paid() -> None:
    till = FakeTill(VIEWS["selling-empty"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        for key in ("#pay", "#cash", "#abort"):
            await pilot.click(key)
    assert till.intents == []


async def test_cash_disappears_where_it_is_not_allowed() -> None:
    till = FakeTill(replace(VIEWS["declined-balance"], cash_allowed=False))
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert pilot.app.query_one("#declined-cash").region.area == 0
        till.put_on(replace(sample_selling(), cash_allowed=False))
        await pilot.pause()
        assert pilot.app.query_one("#cash").region.area == 0


async def test_decline_shows_total_balance_and_what_is_missing() -> None:
    till = FakeTill(VIEWS["declined-balance"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        shown = {
            name: pilot.app.query_one(f"#declined-{name}-amount", BigAmount).amount
            for name in ("total", "balance", "missing")
        }
        assert shown == {"total": "17.80", "balance": "7.20", "missing": "10.60"}
        assert words(pilot, "#declined-title") == "Not enough balance"


async def test_decline_without_a_balance_claims_none() -> None:
    till = FakeTill(VIEWS["declined-blocked"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        for name in ("balance", "missing"):
            assert pilot.app.query_one(f"#declined-{name}").region.area == 0


async def test_approval_shows_the_balance_and_reports_it_painted_once() -> None:
    till = FakeTill()
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert till.painted == []
        till.put_on(VIEWS["approved"])
        await pilot.pause()
        till.put_on(replace(VIEWS["approved"], undelivered=1))
        await pilot.pause()
        assert pilot.app.query_one("#approved-balance", BigAmount).amount == "23.20"
    assert till.painted == [ORDER]


@pytest.mark.parametrize("size", SIZES)
async def test_a_wristband_without_network_is_no_cash_and_shows_no_balance(
    size: tuple[int, int],
) -> None:
    till = FakeTill(VIEWS["approved-stand-in"])
    async with app_for(till).run_test(size=size) as pilot:
        assert pilot.app.query_one("#approved-balance", BigAmount).amount == "17.80"
        assert words(pilot, "#approved-caption") == "Total  EUR"
        notice = pilot.app.query_one("#approved-notice")
        assert "Without network" in words(pilot, "#approved-notice")
        assert text.BALANCE_LATER in words(pilot, "#approved-notice")
        assert notice.region.bottom <= pilot.app.query_one("#approved-next").region.y
        till.put_on(VIEWS["approved"])
        await pilot.pause()
        assert notice.region.area == 0


async def test_a_balance_known_without_network_is_shown() -> None:
    view = VIEWS["approved-stand-in"]
    assert view.approval is not None
    known = replace(view.approval, balance=Money(900))
    till = FakeTill(replace(view, approval=known))
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert pilot.app.query_one("#approved-balance", BigAmount).amount == "9.00"
        assert text.BALANCE_LATER not in words(pilot, "#approved-notice")


async def test_cash_shows_what_was_paid_instead_of_a_balance() -> None:
    till = FakeTill(VIEWS["approved-cash"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert pilot.app.query_one("#approved-balance", BigAmount).amount == "17.80"
        assert "cash" in words(pilot, "#approved-caption")


async def test_tapping_the_lamps_opens_their_sentences() -> None:
    till = FakeTill(VIEWS["selling-full"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        await pilot.click("#status", offset=(40, 0))
        assert status_is_open(pilot)
        assert "Check its cable" in words(pilot, "#lamp-tse .sentence")
        assert "12 orders wait" in words(pilot, "#status-undelivered")
        good = Lamp(state=LampState.GOOD, text="Signing.")
        lamps = replace(till.view.lamps, tse=good)
        till.put_on(replace(till.view, lamps=lamps))
        await pilot.pause()
        assert "Signing." in words(pilot, "#lamp-tse .sentence")
        await pilot.click("#status-close")
        assert not status_is_open(pilot)
    assert till.intents == []


async def test_a_view_that_comes_while_the_lamps_are_opened_is_shown_there() -> None:
    till = FakeTill(VIEWS["selling-full"])
    good = Lamp(state=LampState.GOOD, text="Signing.")
    async with app_for(till).run_test(size=SMALL) as pilot:
        pilot.app.post_message(StatusAsked())
        till.put_on(replace(till.view, lamps=replace(till.view.lamps, tse=good)))
        await pilot.pause()
        assert "Signing." in words(pilot, "#lamp-tse .sentence")


async def test_the_tse_can_be_restarted_where_its_trouble_is_told() -> None:
    till = FakeTill(VIEWS["selling-full"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        await pilot.click("#status", offset=(40, 0))
        await pilot.click("#status-restart-tse")
    assert till.intents == [RestartTse()]


@pytest.mark.parametrize(("screen", "on"), [("selling", True), ("training", False)])
async def test_training_is_switched_where_the_lamps_are_told(
    screen: str, on: bool
) -> None:
    till = FakeTill(VIEWS[screen])
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert pilot.app.query_one("#training").display is not on
        await pilot.click("#status", offset=(40, 0))
        key = pilot.app.screen.query_one("#status-training", TouchKey)
        assert key.label == ("Begin training" if on else "End training")
        await pilot.click("#status-training")
    assert till.intents == [SwitchTraining(on=on)]


async def ask_to_close(pilot: Pilot[None]) -> None:
    await pilot.click("#status", offset=(40, 0))
    await pilot.click("#status-closing")
    await pilot.pause()
    assert isinstance(pilot.app.screen, ClosingScreen)


async def test_the_till_is_closed_once_its_cashier_has_read_what_that_does() -> None:
    till = FakeTill(VIEWS["closed"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        await ask_to_close(pilot)
        assert words(pilot, "#closing-title") == "Close this till: Z report 7?"
        said = words(pilot, "#closing-text")
        assert "the 38 orders" in said
        assert "prints it" in said
        assert "No order may be open." in said
        assert not pilot.app.screen.query_one("#closing-reason").display
        await pilot.click("#closing-back")
        assert till.intents == []
        await ask_to_close(pilot)
        await pilot.click("#closing-confirm")
        assert not isinstance(pilot.app.screen, ClosingScreen)
    assert till.intents == [CloseTill()]


async def test_a_till_that_can_t_be_closed_now_says_why() -> None:
    view = replace(VIEWS["selling"], not_closable=texts.ORDER_OPEN)
    till = FakeTill(view)
    async with app_for(till).run_test(size=SMALL) as pilot:
        await ask_to_close(pilot)
        assert "An order is open." in words(pilot, "#closing-reason")
        assert "prints it" not in words(pilot, "#closing-text")
        await pilot.click("#closing-confirm")
        assert till.intents == []
        till.put_on(replace(view, not_closable=None))
        await pilot.pause()
        await pilot.click("#closing-confirm")
    assert till.intents == [CloseTill()]


@pytest.mark.parametrize("size", SIZES)
async def test_it_is_told_where_a_closing_is(size: tuple[int, int]) -> None:
    number = ClosedNumber(7, signed=True, printed=True, recorded=True)
    banner = texts.closed(number)
    view = replace(VIEWS["closed"], banner=banner, closed=number, z_number=8)
    async with app_for(FakeTill(view)).run_test(size=size) as pilot:
        box = pilot.app.query_one(BannerBox)
        assert "recorded" in words(pilot, "#banner")
        assert box.region.height <= 7
        pilot.app.post_message(StatusAsked())
        await pilot.pause()
        assert words(pilot, "#status-closed") == (
            "Z 7 is closed. Signed, printed, recorded by the hub."
        )


async def test_status_closes_by_escape_and_changes_nothing_below() -> None:
    till = FakeTill(VIEWS["present"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        pilot.app.post_message(StatusAsked())
        await pilot.pause()
        await pilot.press("escape")
        assert not status_is_open(pilot)
    assert till.intents == []


async def test_a_verdict_arrives_while_the_status_is_open() -> None:
    till = FakeTill(VIEWS["checking"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        pilot.app.post_message(StatusAsked())
        await pilot.pause()
        till.put_on(VIEWS["approved"])
        await pilot.pause()
        await pilot.press("escape")
        assert pilot.app.query_one("#approved-balance").region.area > 0


@pytest.mark.parametrize(
    ("screen", "key", "intents"),
    [
        ("present", "escape", [BackToBasket()]),
        ("present", "enter", []),
        ("checking", "escape", []),
        ("declined-balance", "escape", [BackToBasket()]),
        ("declined-balance", "enter", [PayByWristband()]),
        ("approved", "escape", [Dismiss()]),
        ("approved", "enter", [Dismiss()]),
        ("handed-out", "enter", []),
        ("handed-out", "escape", []),
        ("selling", "escape", []),
        ("halted", "enter", []),
    ],
)
async def test_enter_and_escape(screen: str, key: str, intents: list[Intent]) -> None:
    till = FakeTill(VIEWS[screen])
    async with app_for(till).run_test(size=SMALL) as pilot:
        await pilot.press(key)
    assert till.intents == intents


async def test_arrows_and_enter_pick_a_product() -> None:
    till = FakeTill()
    async with app_for(till).run_test(size=SMALL) as pilot:
        await pilot.press("right", "right", "down", "enter")
    assert till.intents == [Pick(8)]


async def test_halted_says_why_and_what_helps() -> None:
    till = FakeTill(VIEWS["halted"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert pilot.app.query_one("#notice-heading", BigText).words == "TILL STOPPED"
        assert words(pilot, "#notice-title") == "The till can't keep its journal"
        assert "Check the disk" in words(pilot, "#notice-text")
        last = pilot.app.query_one("#notice-lamps #lamp-clock .sentence")
        assert pilot.app.screen.region.contains_region(last.region)


@pytest.mark.parametrize("phase", list(Phase))
async def test_every_phase_has_a_screen_even_with_nothing_to_show(
    phase: Phase,
) -> None:
    bare = replace(VIEWS["starting"], phase=phase)
    till = FakeTill(VIEWS["selling"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        till.put_on(bare)
        await pilot.pause()
        panels = [each for each in pilot.app.query("Panel") if each.region.area]
        assert len(panels) == 1


async def test_virtual_wristbands_are_tapped_by_finger_and_by_key() -> None:
    tapped: list[str] = []
    panel = WristbandPanel(
        (WristbandKey("1", "Full"), WristbandKey("2", "Blocked")),
        tap=lambda wristband: tapped.append(wristband.label),
    )
    till = FakeTill(VIEWS["present"])
    async with app_for(till, panel).run_test(size=LARGE) as pilot:
        await pilot.press("1")
        await pilot.click(".band.last")
        assert pilot.app.query_one("#wristbands").region.bottom == LARGE[1]
    assert tapped == ["Full", "Blocked"]
    assert till.intents == []


@pytest.mark.parametrize("size", SIZES)
async def test_every_wristbands_name_can_be_read(size: tuple[int, int]) -> None:
    panel = sample_wristbands()
    async with app_for(FakeTill(), panel).run_test(size=size) as pilot:
        for key in pilot.app.query(".band").results(TouchKey):
            painted = [key.render_line(y).text for y in range(key.size.height)]
            assert key.label in " ".join(" ".join(painted).split())


async def test_a_demo_says_where_to_look_while_its_screen_covers_the_terminal() -> None:
    where = "Portal http://127.0.0.1:8080  1 full http://127.0.0.1:8080/w/[code]"
    panel = replace(sample_wristbands(), addresses=where)
    async with app_for(FakeTill(), panel).run_test(size=LARGE) as pilot:
        row = pilot.app.query_one("#addresses")
        assert row.render_line(0).text.strip() == where
        assert row.region.bottom == LARGE[1]


async def test_without_virtual_wristbands_nothing_of_them_is_there() -> None:
    till = FakeTill(VIEWS["present"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        await pilot.press("1")
        assert not pilot.app.query("#wristbands")
    assert till.intents == []


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
async def test_the_till_is_no_longer_watched_after_the_end(key: str) -> None:
    till = FakeTill()
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert len(till.watchers) == 1
        await pilot.press(key)
    assert till.watchers == []


async def test_a_receipt_is_printed_from_the_approval() -> None:
    till = FakeTill(VIEWS["approved-printing"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert pilot.app.query_one("#approved-next", TouchKey).has_focus
        await pilot.click("#approved-print")
        assert till.intents == [PrintReceipt()]


async def test_without_a_printer_nothing_offers_to_print() -> None:
    till = FakeTill(VIEWS["approved"])
    async with app_for(till).run_test(size=SMALL) as pilot:
        assert not pilot.app.query_one("#approved-print").display
        pilot.app.post_message(StatusAsked())
        await pilot.pause()
        assert not pilot.app.screen.query_one("#status-receipts").display


async def test_earlier_receipts_and_the_z_report_are_printed_from_their_list() -> None:
    view = VIEWS["approved-printing"]
    till = FakeTill(view)
    async with app_for(till).run_test(size=SMALL) as pilot:
        pilot.app.post_message(StatusAsked())
        await pilot.pause()
        await pilot.click("#status-receipts")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ReceiptsScreen)
        keys = list(pilot.app.screen.query(".receipt").results(TouchKey))
        await pilot.click(keys[1])
        await pilot.click("#receipts-closing")
        assert till.intents == [PrintReceipt(view.receipts[1].order), PrintClosing()]
        till.put_on(replace(view, receipts=view.receipts[:1]))
        await pilot.pause()
        assert [key.display for key in keys] == [True, False, False, False]
        await pilot.click("#receipts-close")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, ReceiptsScreen)
