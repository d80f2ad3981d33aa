from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment

from edge.ui.widgets.tile import TileFace, paint_tile

labels = st.lists(st.text("abcWM 0.%", min_size=1, max_size=9), min_size=1, max_size=2)


@settings(max_examples=80)
@given(
    lines=labels,
    price=st.sampled_from(["0.00", "4.50", "16.00", "120.00", "99999.00"]),
    quantity=st.sampled_from([0, 1, 12, 999, 9999]),
    size=st.tuples(st.integers(1, 40), st.integers(1, 12)),
    gapped=st.booleans(),
)
def test_a_tile_fills_its_cells_exactly(
    lines: list[str], price: str, quantity: int, size: tuple[int, int], *, gapped: bool
) -> None:
    width, height = size
    face = TileFace(tuple(lines), price, "#e8a317", quantity)
    painted = paint_tile(face, width, height, gapped=gapped)
    assert len(painted) == height
    assert [Segment.get_line_length(line) for line in painted] == [width] * height


def test_the_smallest_tile_shows_label_price_and_quantity() -> None:
    face = TileFace(("Bratwurst", "in a roll"), "14.80", "#c9461f", quantity=3)
    painted = paint_tile(face, 9, 3, gapped=False)
    rows = ["".join(segment.text for segment in line) for line in painted]
    assert rows[:2] == ["Bratwurst", "in a roll"]
    assert "14.80" in rows[2]
    assert "3" in rows[2].split("14.80")[0]


def test_a_held_tile_looks_different() -> None:
    face = TileFace(("Cola",), "3.80", "#2478c8")
    held = TileFace(("Cola",), "3.80", "#2478c8", held=True)
    one, other = (paint_tile(each, 9, 4, gapped=True) for each in (face, held))
    assert one != other
