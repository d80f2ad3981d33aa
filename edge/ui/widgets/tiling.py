"""How tiles share a rectangle of cells: every cell belongs to exactly one slot."""

from __future__ import annotations

from dataclasses import dataclass

from textual.geometry import Region

TILE_WIDTH_MIN = 9  # a label line of the catalogue
TILE_HEIGHT = 4  # two label lines, the price, and half a row of gap
TILE_HEIGHT_MIN = 3  # the smallest target on the smallest panel


@dataclass(frozen=True, slots=True)
class Tiling:
    """A rectangle cut into columns and rows without remainder."""

    width: int
    height: int
    columns: int
    rows: int

    @property
    def capacity(self) -> int:
        """How many tiles there is room for."""
        return self.columns * self.rows

    @property
    def gapped(self) -> bool:
        """Whether every tile has room for a gap below its price."""
        return self.height // self.rows >= TILE_HEIGHT

    def slot_at(self, x: int, y: int) -> int | None:
        """Find the slot a cell belongs to; None outside the rectangle."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None
        # The inverse of the floor in `region`: the last start at or before the cell.
        column = ((x + 1) * self.columns - 1) // self.width
        row = ((y + 1) * self.rows - 1) // self.height
        return row * self.columns + column

    def region(self, slot: int) -> Region:
        """Return the cells of a slot."""
        row, column = divmod(slot, self.columns)
        left, right = self.edges(column)
        top = row * self.height // self.rows
        bottom = (row + 1) * self.height // self.rows
        return Region(left, top, right - left, bottom - top)

    def edges(self, column: int) -> tuple[int, int]:
        """Return the first cell of a column and the first after it."""
        return (
            column * self.width // self.columns,
            (column + 1) * self.width // self.columns,
        )


def tiling_for(count: int, width: int, height: int) -> Tiling:
    """Cut a rectangle so that `count` tiles become as large as possible.

    Where they don't fit, the tiles are as small as allowed and the rest needs pages.
    """
    width, height, count = max(width, 1), max(height, 1), max(count, 1)
    columns_max = max(1, width // TILE_WIDTH_MIN)
    for tile_height in (TILE_HEIGHT, TILE_HEIGHT_MIN):
        fitting = [
            Tiling(width, height, columns, -(-count // columns))
            for columns in range(1, min(columns_max, count) + 1)
            if -(-count // columns) <= max(1, height // tile_height)
        ]
        if fitting:
            return max(fitting, key=_worth)
    return Tiling(width, height, columns_max, max(1, height // TILE_HEIGHT))


def _worth(tiling: Tiling) -> tuple[int, int, int]:
    """Rate by the square that fits into a tile (a cell is twice as high as wide)."""
    tile_width = tiling.width // tiling.columns
    tile_height = tiling.height // tiling.rows
    square = min(tile_width, 2 * tile_height)
    return square, tile_width * tile_height, tiling.columns
