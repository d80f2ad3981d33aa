"""QR codes as SVG that a strict content security policy lets through."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import segno
from markupsafe import Markup

if TYPE_CHECKING:
    from segno import QRCode

QUIET_ZONE = 4  # modules, ISO/IEC 18004
# Signatures look random under every mask, so weighing all eight would cost four times
# the CPU for nothing; of the receipts tried, most fared best with this one.
MASK = 2
_REMEMBERED_MAX = 512  # some 10 KiB each
_SWISS_CODE_MM = 46
_CROSS_MM = (
    (7, 7, "#fff"),
    (6.2, 6.2, "#000"),
    (3.9, 1.17, "#fff"),
    (1.17, 3.9, "#fff"),
)
_RECTANGLE = Markup(
    '<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{color}"/>'
)
_END = Markup("</svg>")


@lru_cache(maxsize=_REMEMBERED_MAX)
def qr_svg(text: str, label: str) -> Markup:
    """Draw a text in black on white, free of style attributes; sized by the page.

    Level M, as the code may be printed on thermal paper. Takes some 25 ms of CPU
    for a receipt the first time: call it from a thread.
    """
    return code_svg(
        segno.make(text, error="m", micro=False, boost_error=False, mask=MASK), label
    )


@lru_cache(maxsize=_REMEMBERED_MAX)
def swiss_svg(text: str, label: str) -> Markup:
    """Draw a Swiss QR code: level M, UTF-8, the cross over its middle.

    Measures from the style guide QR-bill (SIX, 2.3): a code of 46 mm, a cross of 7.
    """
    code = segno.make_qr(text, error="m", encoding="utf-8", boost_error=False)
    drawing = code_svg(code, label)
    middle = code.symbol_size(border=QUIET_ZONE)[0] / 2
    module = code.symbol_size(border=0)[0] / _SWISS_CODE_MM
    cross = Markup("").join(
        _RECTANGLE.format(
            x=f"{middle - width * module / 2:.3f}",
            y=f"{middle - height * module / 2:.3f}",
            width=f"{width * module:.3f}",
            height=f"{height * module:.3f}",
            color=color,
        )
        for width, height, color in _CROSS_MM
    )
    return drawing.removesuffix(_END) + cross + _END


def code_svg(code: QRCode, label: str) -> Markup:
    """Draw a code that is made already."""
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
