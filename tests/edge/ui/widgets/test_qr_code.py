from __future__ import annotations

import re
from dataclasses import replace

import pytest
import segno

from edge.ui.sample import RECEIPT_URL
from edge.ui.screenshot import sample_wristbands
from edge.ui.widgets.qr_code import QUIET_ZONE_MIN, QrCode, qr_lines
from tests.edge.ui.fake_till import LARGE, SIZES, SMALL, FakeTill, app_for
from tests.edge.ui.test_app import VIEWS

UPPER, LOWER = "▀█", "▄█"


def modules_of(lines: list[str]) -> list[list[bool]]:
    rows = []
    for line in lines:
        rows.append([character in UPPER for character in line])
        rows.append([character in LOWER for character in line])
    return rows


@pytest.mark.parametrize("size", [(39, 20), (47, 25), (90, 50)])
def test_the_drawing_is_the_code_with_its_quiet_zone(size: tuple[int, int]) -> None:
    lines = qr_lines(RECEIPT_URL, *size)
    rows = modules_of(lines)
    code = segno.make(RECEIPT_URL, error="l", micro=False, boost_error=False)
    wanted = [[bool(module) for module in row] for row in code.matrix]
    quiet = (len(rows[0]) - len(wanted)) // 2
    assert quiet >= QUIET_ZONE_MIN
    cut = slice(quiet, quiet + len(wanted))
    assert [row[cut] for row in rows[cut]] == wanted
    around = sum(map(sum, rows)) - sum(map(sum, wanted))
    assert around == 0, "the quiet zone is not quiet"
    assert len(lines) <= size[1]
    assert len(lines[0]) <= size[0]


def test_a_code_that_does_not_fit_is_not_drawn_cut_off() -> None:
    assert qr_lines("x" * 400, 39, 20) == []


def paper(code: QrCode) -> str:
    lines = [code.render_line(y).text for y in range(code.size.height)]
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("screen", "caption"),
    [
        ("approved", "Scan for the receipt"),
        ("approved-stand-in", r"Receipt: scan; .*opens when .*online again"),
    ],
)
async def test_the_receipt_can_be_scanned_and_says_so_at_both_panels(
    screen: str, caption: str, size: tuple[int, int]
) -> None:
    view = replace(VIEWS[screen], demo=False)
    async with app_for(FakeTill(view)).run_test(size=size) as pilot:
        code = pilot.app.query_one(QrCode)
        assert code.is_drawn
        assert re.search(caption + "$", paper(code))
        assert pilot.app.screen.region.contains_region(code.region)


@pytest.mark.parametrize("screen", ["approved", "approved-stand-in"])
async def test_in_a_demo_the_address_can_be_read_above_the_wristbands(
    screen: str,
) -> None:
    app = app_for(FakeTill(VIEWS[screen]), sample_wristbands())
    async with app.run_test(size=LARGE) as pilot:
        code = pilot.app.query_one(QrCode)
        assert code.is_drawn
        assert paper(code).replace(" ", "").endswith(RECEIPT_URL)
        assert "eceipt" in paper(code)


async def test_on_a_small_panel_a_demo_shows_the_code_or_the_address() -> None:
    app = app_for(FakeTill(VIEWS["approved"]), sample_wristbands())
    async with app.run_test(size=SMALL) as pilot:
        code = pilot.app.query_one(QrCode)
        assert not code.is_drawn
        assert RECEIPT_URL in paper(code).replace(" ", "")


async def test_a_link_too_long_for_a_code_is_shown_as_text() -> None:
    till = FakeTill(VIEWS["approved"])
    async with app_for(till).run_test(size=SIZES[0]) as pilot:
        code = pilot.app.query_one(QrCode)
        link = "https://kasse.example/" + "x" * 150
        code.show(link, "Receipt")
        await pilot.pause()
        shown = "".join(code.render_line(y).text for y in range(20)).replace(" ", "")
        assert link in shown
        assert not code.is_drawn
