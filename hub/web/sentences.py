"""Services' sentences in the language of whoever reads a page.

Services speak English: to commands, to logs, and in what is kept (an alarm is stored
as it was told). Pages say the same in German: the locale file has each sentence as it
is in the code, with a name for every value in it. Values that a language writes
otherwise are told by their names: an amount, a state, a sentence within a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from hub.web.bank_texts import bank_texts
from hub.web.texts import LOCALE_FOLDER, Language, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACE = re.compile(r"\{(\w+)\}")
_QUOTED = re.compile(r"^'(.*)'$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Sentence:
    english: re.Pattern[str]
    there: str
    """The same in another language, with the same places."""
    letters: int
    """How much of it is fixed: where several fit, the most certain one is meant."""


def say(sentence: str, language: Language) -> str:
    """Say a sentence in a language; as it is where it is not one of ours."""
    if language is Language.EN or not sentence:
        return sentence
    for each in _known(language):
        found = each.english.fullmatch(sentence)
        if found is not None:
            return each.there.format_map(
                {
                    place: _value(place, value, language)
                    for place, value in found.groupdict().items()
                }
            )
    return sentence


@cache
def _known(language: Language) -> Sequence[_Sentence]:
    """Load a language's sentences; raises msgspec.ValidationError."""
    data = (LOCALE_FOLDER / f"sentences.{language.value}.json").read_bytes()
    pairs = msgspec.json.decode(data, type=dict[str, str])
    made = [_sentence(english, there) for english, there in pairs.items()]
    return sorted(made, key=lambda each: -each.letters)


def _sentence(english: str, there: str) -> _Sentence:
    parts = _PLACE.split(english)
    pattern = "".join(
        f"(?P<{part}>.+)" if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    letters = sum(len(part) for part in parts[::2])
    return _Sentence(re.compile(pattern, re.DOTALL), there, letters)


def _value(place: str, value: str, language: Language) -> str:
    """Write a value as the language does, by the name of its place."""
    banking, numbers = bank_texts(language), texts(language).numbers
    match place.partition("_")[0], place:
        case "amount", _:
            return value.replace(".", numbers.decimal)
        case "sentence", _:
            return say(value, language)
        case "method", _:
            known = texts(language).bills.methods.get(value)
            return value if known is None else known.name
        case _, "refund_state":
            return banking.refund_states.get(value, value)
        case _, "settlement_state":
            return banking.settlement_states.get(value, value)
    return _QUOTED.sub(r"„\1“", value)
