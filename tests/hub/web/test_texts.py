from __future__ import annotations

import string

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.money import Currency
from hub.web.texts import Language, Texts, negotiate, spoken, texts


def _leaves(value: object, path: str = "") -> dict[str, str]:
    match value:
        case dict():
            found: dict[str, str] = {}
            for key, each in value.items():
                found |= _leaves(each, f"{path}.{key}")
            return found
        case list() | tuple():
            return _leaves(dict(enumerate(value)), path)
        case _:
            return {path: str(value)}


def _fields(text: str) -> set[str]:
    parts = string.Formatter().parse(text)
    return {name for _, name, _, _ in parts if name is not None}


@pytest.mark.parametrize("language", Language)
def test_every_language_says_everything(language: Language) -> None:
    spoken_texts = texts(language)
    assert len(spoken_texts.numbers.months) == 12
    assert set(spoken_texts.numbers.money) == set(Currency)
    assert all(_leaves(msgspec.to_builtins(spoken_texts)).values())


def test_languages_fill_in_the_same_values() -> None:
    english = _leaves(msgspec.to_builtins(texts(Language.EN)))
    german = _leaves(msgspec.to_builtins(texts(Language.DE)))
    for path in english.keys() & german.keys():
        assert _fields(english[path]) == _fields(german[path]), path


def test_a_misspelled_text_is_named() -> None:
    data = msgspec.to_builtins(texts(Language.EN), str_keys=True)
    data["receipt"]["totl"] = data["receipt"].pop("total")
    with pytest.raises(msgspec.ValidationError, match="totl"):
        msgspec.convert(data, type=Texts)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", Language.EN),
        ("*", Language.EN),
        ("fr-FR,fr;q=0.9", Language.EN),
        ("de", Language.DE),
        ("DE-at", Language.DE),
        ("en-GB,en;q=0.9,de;q=0.8", Language.EN),
        ("fr, de;q=0.7, en;q=0.3", Language.DE),
        ("en;q=0.5, de", Language.DE),
        ("de;q=0, en;q=0.1", Language.EN),
        ("de;q=0", Language.EN),
        ("de; q=0.25, en;q=0.250", Language.DE),
        ("de;q, en;q=0.1", Language.EN),
        ("de;q=2, en;q=0.1", Language.EN),
        ("de;q=\N{SUPERSCRIPT TWO}, en;q=0.1", Language.EN),
    ],
)
def test_the_browser_s_wish_is_heard(header: str, language: Language) -> None:
    assert negotiate(header) is language


@settings(max_examples=50)
@given(st.text(alphabet="den-;q=.,0159 *\N{SUPERSCRIPT TWO}x", max_size=40))
def test_any_wish_gets_a_language(header: str) -> None:
    assert negotiate(header) in Language


def test_a_tag_names_a_language_by_its_first_part() -> None:
    assert spoken("de-CH") is Language.DE
    assert spoken("fr") is None
    assert spoken(None) is None
