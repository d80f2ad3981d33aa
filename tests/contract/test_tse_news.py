"""What a till tells of its TSE: nothing is in it that no database takes."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.messages import Malformed, TillDescribed, TseNotes, decode_from_till
from contract.tse_news import Named, plain
from tests.contract.samples import MESSAGES

WORDS = ("5 Model B", "1.2.3", "Its store is full.", "The TSE is not", "maria")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("control", ["\0", "\x1b", "\x7f", "\n"])
def test_control_characters_are_refused_in_every_text(word: str, control: str) -> None:
    told = [each for each in MESSAGES if isinstance(each, TillDescribed | TseNotes)]
    (text,) = (data for data in map(_text, told) if word in data)
    decode_from_till(text.encode())
    spoilt = text.replace(word, word + json.dumps(control)[1:-1])
    with pytest.raises(Malformed):
        decode_from_till(spoilt.encode())


@settings(max_examples=50)
@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_what_is_made_plain_can_be_told(text: str) -> None:
    found = plain(text, 70)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Named) == found


def _text(message: TillDescribed | TseNotes) -> str:
    return msgspec.json.encode(message).decode()
