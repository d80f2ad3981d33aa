from __future__ import annotations

from edge.simulator.drawing import CELL, MARGIN, draw
from edge.simulator.paper import PaperImage, PaperText, Slip


def test_a_slip_is_as_wide_as_its_paper_and_as_long_as_its_rows() -> None:
    picture = draw(Slip((PaperText("ä€ß"), PaperText("big", big=True))), 32)
    assert picture.size == (32 * CELL[0] + 2 * MARGIN, 3 * CELL[1] + 2 * MARGIN)
    assert min(picture.tobytes()) < 100


def test_an_image_lies_where_it_was_put() -> None:
    image = PaperImage(16, (b"\xff\xff",) * 2, "right")
    picture = draw(Slip((image,)), 32)
    assert picture.getpixel((picture.width - MARGIN - 1, MARGIN)) == 0
    assert picture.getpixel((MARGIN, MARGIN)) == 255
