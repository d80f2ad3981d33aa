from __future__ import annotations

from hub.web.qr_code import qr_svg


def test_a_code_is_drawn_without_styles_and_says_what_it_is() -> None:
    code = qr_svg("V0;bar-1", 'The "code"')
    assert code.startswith('<svg class="qr" role="img" aria-label="The &#34;code&#34;"')
    assert code.endswith("</svg>")
    assert "style" not in code
    assert "width=" not in code


def test_every_text_has_its_own_code() -> None:
    assert qr_svg("one", "code") != qr_svg("two", "code")
    assert qr_svg("one", "code") == qr_svg("one", "code")
