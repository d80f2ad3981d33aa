from __future__ import annotations

import xml.etree.ElementTree as ET

from rich.segment import Segment
from rich.style import Style

from edge.ui.picture import picture

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def test_blocks_are_drawn_and_words_are_written() -> None:
    style = Style(color="#ffffff", bgcolor="#0a7038", bold=True)
    svg = picture([[Segment("█▀ 4 < 5", style)]], "A & B")
    root = ET.fromstring(svg)
    texts = [each.text for each in root.findall("svg:text", NAMES)]
    assert texts == ["4", "<", "5"]
    boxes = [
        (each.get("x"), each.get("y"), each.get("width"), each.get("height"))
        for each in root.findall("svg:rect", NAMES)
    ]
    assert boxes == [
        ("0", "0", "80", "20"),
        ("0", "0", "10", "20"),
        ("10", "0", "10", "10"),
    ]
    assert root.get("viewBox") == "0 0 80 20"


def test_a_picture_needs_nothing_from_the_web() -> None:
    svg = picture([[Segment("Hub")]], "Kassenband")
    assert svg.count("http") == 1, "the name of the SVG format only"
