"""QR codes as SVG that a strict content security policy lets through."""

from __future__ import annotations

from functools import lru_cache

import segno
from markupsafe import Markup

QUIET_ZONE = 4  # modules, ISO/IEC 18004
# Signatures look random under every mask, so weighing all eight would cost four times
# the CPU for nothing; of the receipts tried, most fared best with this one.
MASK = 2
_REMEMBERED_MAX = 512  # some 10 KiB each


@lru_cache(maxsize=_REMEMBERED_MAX)
def qr_svg(text: str, label: str) -> Markup:
    """Draw a text in black on white, free of style attributes; sized by the page.

    Level M, as the code may be printed on thermal paper. Takes some 25 ms of CPU
    for a receipt the first time: call it from a thread.
    """
    code = segno.make(text, error="m", micro=False, boost_error=False, mask=MASK)
    drawing = code.svg_inline(
        border=QUIET_ZONE,
        dark="#000",
        light="#fff",
        omitsize=True,
        svgclass=None,
        lineclass=None,
    )
    opening = Markup('<svg class="qr" role="img" aria-label="{}" ').format(label)
    return opening + Markup(drawing.removeprefix("<svg "))
