"""The till's few colors: a dark ground, white text, and one tone per outcome.

White or near-black text on each of them reaches a contrast of at least 4.5 to 1
(WCAG 2.1, 1.4.3), so that a screen can be read outdoors.
"""

from __future__ import annotations

from functools import lru_cache

from textual.theme import Theme

GROUND = "#0b0e13"
PANEL = "#141922"
RAISED = "#2a3442"
TEXT = "#ffffff"
INK = "#000000"
MUTED = "#a3b0c2"
PAY = "#35e0a1"
WAIT = "#0b4f8a"
APPROVED = "#0a7038"
REFUSED = "#a3161c"
ASKING = "#ffb31a"
DEMO = "#c9a2ff"

READABLE = 450  # hundredths

THEME = Theme(
    name="kassenband",
    primary=PAY,
    background=GROUND,
    surface=PANEL,
    panel=PANEL,
    foreground=TEXT,
    warning=ASKING,
    error=REFUSED,
    success=APPROVED,
    dark=True,
    variables={
        "ground": GROUND,
        "raised": RAISED,
        "ink": INK,
        "muted": MUTED,
        "pay": PAY,
        "wait": WAIT,
        "approved": APPROVED,
        "refused": REFUSED,
        "asking": ASKING,
        "demo": DEMO,
    },
)


@lru_cache
def text_on(color: str) -> str:
    """Choose white text where it can be read on a color, else black.

    On middling blues and reds black has a little more contrast by the formula, but
    white is what people read more easily.
    """
    readable = contrast(luminance(TEXT), luminance(color)) >= READABLE
    return TEXT if readable else INK


def contrast(one: int, other: int) -> int:
    """Return the contrast of two luminances in hundredths (WCAG 2.1)."""
    lighter, darker = max(one, other), min(one, other)
    return 100 * (lighter + 50_000) // (darker + 50_000)


def luminance(color: str) -> int:
    """Return the relative luminance of #rrggbb in millionths (WCAG 2.1)."""
    red, green, blue = (_linear(channel) for channel in channels(color))
    return (2126 * red + 7152 * green + 722 * blue) // 10_000


def shade(color: str, percent: int) -> str:
    """Darken a color to a percentage of its brightness."""
    red, green, blue = (channel * percent // 100 for channel in channels(color))
    return f"#{red:02x}{green:02x}{blue:02x}"


def blend(color: str, ground: str, percent: int) -> str:
    """Mix a percentage of one color into another."""
    pairs = zip(channels(color), channels(ground), strict=True)
    mixed = ((one * percent + other * (100 - percent)) // 100 for one, other in pairs)
    red, green, blue = mixed
    return f"#{red:02x}{green:02x}{blue:02x}"


def channels(color: str) -> tuple[int, int, int]:
    """Split #rrggbb into red, green and blue, 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _linear(channel: int) -> int:
    part = channel / 255
    linear = part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
    return round(linear * 1_000_000)
