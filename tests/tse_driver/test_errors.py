from __future__ import annotations

import pytest

from tse_driver import errors
from tse_driver.errors import TseCode, TseError, TseRefused

LEAVES = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, TseError)
]


@pytest.mark.parametrize("code", list(TseCode))
def test_every_code_has_a_hint_in_a_sentence(code: TseCode) -> None:
    assert code.hint.endswith(".")
    assert len(code.hint) > 15
    assert code.name in str(TseRefused("The TSE", "StartInit", code))


@pytest.mark.parametrize("kind", LEAVES)
def test_every_error_is_a_sentence_that_names_the_device(kind: type[TseError]) -> None:
    sentence = str(kind("The TSE at /dev/kb-tse"))
    assert sentence.startswith("The TSE at /dev/kb-tse ")
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert "\n" not in sentence


def test_an_unknown_code_is_named_too() -> None:
    assert "error 0999" in str(TseRefused("The TSE", "StartInit", 0x0999))
