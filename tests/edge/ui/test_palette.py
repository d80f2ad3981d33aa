from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ui import palette
from edge.ui.sample import GROUPS
from edge.ui.widgets.tile import BAND_PERCENT

colors = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def contrast_of(one: str, other: str) -> int:
    return palette.contrast(palette.luminance(one), palette.luminance(other))


@given(color=colors)
def test_text_on_any_group_color_can_be_read(color: str) -> None:
    for ground in (color, palette.shade(color, BAND_PERCENT)):
        assert contrast_of(palette.text_on(ground), ground) >= palette.READABLE


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (palette.TEXT, palette.APPROVED),
        (palette.TEXT, palette.REFUSED),
        (palette.INK, palette.ASKING),
        (palette.TEXT, palette.WAIT),
        (palette.INK, palette.PAY),
        (palette.MUTED, palette.PANEL),
        (palette.MUTED, palette.GROUND),
        (palette.TEXT, palette.RAISED),
        (palette.PAY, palette.PANEL),
        (palette.INK, palette.DEMO),
        (palette.INK, palette.MUTED),
        (palette.ASKING, palette.PANEL),
    ],
)
def test_the_tones_can_be_read_outdoors(ink: str, ground: str) -> None:
    assert contrast_of(ink, ground) >= palette.READABLE


def test_black_on_white_has_the_known_contrast() -> None:
    assert contrast_of("#000000", "#ffffff") == 2100


def test_the_limit_is_that_of_the_norm() -> None:
    assert palette.READABLE == 450  # WCAG 2.1, 1.4.3


def test_groups_of_the_sample_differ() -> None:
    assert len({color for _, _, color in GROUPS}) == len(GROUPS)
