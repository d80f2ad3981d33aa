from __future__ import annotations

import enum
import string
from typing import TYPE_CHECKING, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.acts import OrderKind
from hub.core.bills.attempts import LIVE, AttemptState
from hub.core.bills.reports import Said
from hub.service.claims import CLAIMABLE
from hub.service.receipts import GUESTS_KINDS
from hub.web.account_texts import account_texts
from hub.web.bank_texts import bank_texts
from hub.web.bill_view import FRUITLESS
from hub.web.office_texts import office_texts
from hub.web.texts import Language, Texts, negotiate, spoken, texts
from hub.web.wallet_texts import wallet_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = (texts, account_texts, bank_texts, office_texts, wallet_texts)
NEEDED = {
    AttemptState: LIVE | FRUITLESS,
    Said: frozenset(CLAIMABLE),
    OrderKind: frozenset(GUESTS_KINDS),
}
"""What is said of an enumeration, if not all of it."""


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


def _unsaid(said: object, path: str = "") -> Iterator[str]:
    """Name each member of an enumeration that a file has no words for."""
    for name, kind in get_type_hints(type(said)).items():
        value = getattr(said, name)
        if isinstance(value, msgspec.Struct):
            yield from _unsaid(value, f"{path}.{name}")
        elif get_origin(kind) is dict and issubclass(get_args(kind)[0], enum.Enum):
            members = get_args(kind)[0]
            needed = NEEDED.get(members, frozenset(members))
            yield from (f"{path}.{name}.{each}" for each in needed - value.keys())


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("load", FILES)
def test_every_language_says_everything(
    load: Callable[[Language], msgspec.Struct], language: Language
) -> None:
    said = load(language)
    assert all(_leaves(msgspec.to_builtins(said, str_keys=True)).values())
    assert list(_unsaid(said)) == []


@pytest.mark.parametrize("language", Language)
def test_every_language_knows_the_year(language: Language) -> None:
    assert len(texts(language).numbers.months) == 12


@pytest.mark.parametrize("load", FILES)
def test_languages_fill_in_the_same_values(
    load: Callable[[Language], msgspec.Struct],
) -> None:
    english, german = (
        _leaves(msgspec.to_builtins(load(each), str_keys=True))
        for each in (Language.EN, Language.DE)
    )
    assert {path for path in english if ".zones." not in path} == {
        path for path in german if ".zones." not in path
    }
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
