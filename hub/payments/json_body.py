"""Providers' JSON, read for the few fields that matter, whatever else is in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import msgspec

from hub.payments.errors import ProviderRefused, ProviderSilent, Unusable

if TYPE_CHECKING:
    from hub.payments.method import Answer

ANSWER_BYTES_MAX = 1024 * 1024
# Asked too often; or asked before with the same key, which is still being worked on.
_LATER = frozenset({409, 429})
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", re.A)


class Fields:
    """An object of a provider's JSON; what is missing is empty, never an error."""

    def __init__(self, value: object) -> None:
        self._value = value if isinstance(value, dict) else {}

    def text(self, name: str) -> str:
        """Return a text, '' if there is none."""
        value = self._value.get(name)
        return value if isinstance(value, str) else ""

    def whole(self, name: str) -> int | None:
        """Return a whole number, None if there is none."""
        value = self._value.get(name)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return cast("int", value) if is_whole else None

    def object(self, name: str) -> Fields:
        """Return an object, an empty one if there is none."""
        return Fields(self._value.get(name))

    def objects(self, name: str) -> list[Fields]:
        """Return the objects of a list."""
        value = self._value.get(name)
        return [Fields(each) for each in value] if isinstance(value, list) else []


def read(data: bytes) -> Fields:
    """Read a provider's object; raises Unusable for anything else."""
    if len(data) > ANSWER_BYTES_MAX:
        raise Unusable("The provider's message is longer than it ever writes.")
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unusable("The provider's message is no JSON.") from None
    if not isinstance(value, dict):
        raise Unusable("The provider's message is no JSON object.")
    return Fields(value)


def accepted(answer: Answer, doing: str) -> Fields:
    """Read an answer that must be good; else says what was refused, or is unclear."""
    if answer.status >= 500 or answer.status in _LATER:
        raise ProviderSilent(
            f"{doing}: the provider is not able to now (HTTP {answer.status}). "
            "Try again in a few minutes."
        )
    if not 200 <= answer.status < 300:
        words = answer.body[:300].decode("utf-8", "replace")
        raise ProviderRefused(f"{doing}: HTTP {answer.status}, {words}")
    try:
        return read(answer.body)
    except Unusable as error:
        raise ProviderSilent(f"{doing}: {error}") from None


def minor_units(text: str) -> int | None:
    """Read an amount such as '46.28' as minor units; None if it is none."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
