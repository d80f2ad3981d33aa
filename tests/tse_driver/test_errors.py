from __future__ import annotations

import pytest

from tse_driver import errors
from tse_driver.errors import AT_SHELL, AT_TILL, TseCode, TseError, TseRefused

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


def told_at_a_shell(error: TseError) -> str:
    """What a technician reads, who has no screen with keys to press."""
    sentence = error.sentence(AT_SHELL)
    for words in ("Restart TSE", "press", "restart the till", "selling", "{", "\n"):
        assert words not in sentence
    assert sentence.startswith("The TSE at /dev/kb-tse ")
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("kind", LEAVES)
def test_at_a_shell_nobody_is_sent_to_a_screen(kind: type[TseError]) -> None:
    assert told_at_a_shell(kind("The TSE at /dev/kb-tse"))


@pytest.mark.parametrize("code", [*TseCode, 0x0999])
def test_what_the_device_refuses_is_said_at_a_shell_too(code: int) -> None:
    error = TseRefused.of("The TSE at /dev/kb-tse", "StartInit", code)
    assert TseCode.name_of(code) in told_at_a_shell(error)


def test_the_words_of_both_places_stand_for_the_same() -> None:
    assert AT_SHELL.keys() == AT_TILL.keys()
    gone = errors.TseGone("The TSE at /dev/kb-tse", "no such device")
    assert str(gone).endswith("Plug the TSE in, then press 'Restart TSE'.")
    shell = gone.sentence(AT_SHELL)
    assert shell.endswith("Plug the TSE in, then run the command again.")


@pytest.mark.parametrize("kind", LEAVES)
def test_every_error_is_a_sentence_that_names_the_device(kind: type[TseError]) -> None:
    sentence = str(kind("The TSE at /dev/kb-tse"))
    assert sentence.startswith("The TSE at /dev/kb-tse ")
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert "\n" not in sentence


def test_an_unknown_code_is_named_too() -> None:
    assert "error 0999" in str(TseRefused("The TSE", "StartInit", 0x0999))
