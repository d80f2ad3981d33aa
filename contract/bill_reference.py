"""The one number that names a bill: on slips, to providers, in what payers type.

26 digits (a bank's 5-digit prefix or zeros, and 21 digits of our own) and a check
digit, modulo 10 recursive: a Swiss QR reference as it stands (implementation guidelines
QR-bill 2.3, annex B). Providers get the 26 digits and the attempt's number, banks
without QR references the 21 digits as a creditor reference (ISO 11649).
"""

from __future__ import annotations

import enum
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PREFIX_DIGITS = 5
NUMBER_DIGITS = 21
STEM_DIGITS = PREFIX_DIGITS + NUMBER_DIGITS
REFERENCE_DIGITS = STEM_DIGITS + 1
NO_PREFIX = "0" * PREFIX_DIGITS
ATTEMPT_MAX = 999
"""PostFinance takes ORDERIDs of 30 characters: 26 digits, a dash and three more."""

NUMBER_MIN = 10 ** (NUMBER_DIGITS - 1)
"""The first of the 21 digits is never zero: who drops zeros loses none of it."""

NUMBER_MAX = 10**NUMBER_DIGITS - 1
SEARCHED_CHARACTERS_MAX = 2000
"""Of one bank text; camt allows 140 characters per remittance line."""

REMEMBERED_MAX = 2**14
"""Texts; a bank file's are looked into several times, one after the other."""

_CARRY = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
_REFERENCE = re.compile(r"[0-9]{27}")
_DIGIT_GROUPS = re.compile(r"[0-9](?:[ \t\r\n\u00a0./]{0,2}[0-9])+")
_ORDER_ID = re.compile(r"(?<![0-9])([0-9]{26})-([1-9][0-9]{0,2})(?![0-9])")
_CREDITOR_REFERENCE = re.compile(
    r"(?<![A-Z0-9])RF[ ]?([0-9][ ]?[0-9])((?:[ ]?[0-9]){21}|[A-Z0-9]{1,21})"
    r"(?![A-Z0-9])",
    re.I | re.A,
)


class BadReference(Exception):
    """A number is no reference of a bill."""


class Shape(enum.Enum):
    """In which form a bill was named."""

    REFERENCE = "qrr"
    """The 27 digits, or what is left of them without leading zeros."""
    CREDITOR_REFERENCE = "scor"
    """RF, two check digits and the 21 digits (ISO 11649)."""
    ORDER_ID = "order_id"
    """The 26 digits and the number of the attempt, as providers know it."""


class Mention(msgspec.Struct, frozen=True):
    """A bill named somewhere in the right form; whether there is one is not said."""

    shape: Shape
    number: str
    """The 21 digits; they alone tell bills apart. Others' may be of another length."""
    reference: str | None = None
    """All 27 digits, unless the form has none of them but the 21."""

    def __str__(self) -> str:
        if self.reference is not None:
            return self.reference
        return f"RF{_rf_check_digits(self.number)}{self.number}"

    def names(self, reference: str) -> bool:
        """Say whether this is the bill with that reference."""
        if self.reference is not None:
            return self.reference == reference
        return number_of(reference) == self.number


def make_reference(number: int, prefix: str = NO_PREFIX) -> str:
    """Make a bill's reference of a random number and a bank's five digits."""
    if not NUMBER_MIN <= number <= NUMBER_MAX:
        raise BadReference(f"The number {number} must have {NUMBER_DIGITS} digits.")
    if len(prefix) != PREFIX_DIGITS or not _is_digits(prefix):
        raise BadReference(
            f"The prefix {prefix!r} must be five digits, as the bank gave them out."
        )
    stem = f"{prefix}{number}"
    return f"{stem}{check_digit(stem)}"


def check_digit(digits: str) -> int:
    """Compute the digit, modulo 10 recursive, that ends a reference."""
    carry = 0
    for digit in digits:
        carry = _CARRY[(carry + int(digit)) % 10]
    return (10 - carry) % 10


def is_reference(text: str) -> bool:
    """Say whether this is a reference: 27 digits, the last one right."""
    return _REFERENCE.fullmatch(text) is not None and check_digit(
        text[:STEM_DIGITS]
    ) == int(text[STEM_DIGITS])


def number_of(reference: str) -> str:
    """Take the 21 digits that are our own out of a reference."""
    assert is_reference(reference), reference
    return reference[PREFIX_DIGITS:STEM_DIGITS]


def grouped(reference: str) -> str:
    """Write a reference as on slips: two digits, then groups of five."""
    head, tail = reference[:2], reference[2:]
    return " ".join((head, *(tail[at : at + 5] for at in range(0, len(tail), 5))))


def order_id(reference: str, attempt: int) -> str:
    """Name one attempt to a provider, within its 30 characters."""
    assert is_reference(reference), reference
    assert 1 <= attempt <= ATTEMPT_MAX, attempt
    return f"{reference[:STEM_DIGITS]}-{attempt}"


def read_order_id(text: str) -> tuple[str, int]:
    """Take an ORDERID apart: the bill's reference and the attempt's number."""
    match = _ORDER_ID.fullmatch(text)
    if match is None:
        raise BadReference(f"{text[:40]!r} is no order id of a bill of this hub.")
    stem, attempt = match.groups()
    return f"{stem}{check_digit(stem)}", int(attempt)


def creditor_reference(reference: str) -> str:
    """Write a bill's 21 digits as a creditor reference (ISO 11649): RF18 and so on."""
    number = number_of(reference)
    return f"RF{_rf_check_digits(number)}{number}"


def spaced(creditor: str) -> str:
    """Write a creditor reference in groups of four, as people read it."""
    return " ".join(creditor[at : at + 4] for at in range(0, len(creditor), 4))


def mentions(texts: Iterable[str]) -> tuple[Mention, ...]:
    """Find every bill named in texts that belong together, each once.

    Banks cut a payer's text into lines anywhere, so the texts are searched joined with
    a blank and without. Wrong check digits are not found.
    """
    return _mentions(tuple(texts))


@lru_cache(maxsize=REMEMBERED_MAX)
def _mentions(parts: tuple[str, ...]) -> tuple[Mention, ...]:
    found: dict[Mention, None] = {}
    for text in dict.fromkeys((" ".join(parts), "".join(parts))):
        for mention in _mentions_in(text[:SEARCHED_CHARACTERS_MAX]):
            found[mention] = None
    return tuple(found)


def _mentions_in(text: str) -> Iterator[Mention]:
    for match in _CREDITOR_REFERENCE.finditer(text):
        check, number = (part.replace(" ", "").upper() for part in match.groups())
        if _rf_check_digits(number) == check:
            yield Mention(Shape.CREDITOR_REFERENCE, number)
    text = _CREDITOR_REFERENCE.sub(" | ", text)
    for match in _ORDER_ID.finditer(text):
        stem = match[1]
        yield _mention(Shape.ORDER_ID, f"{stem}{check_digit(stem)}")
    for match in _DIGIT_GROUPS.finditer(_ORDER_ID.sub(" | ", text)):
        for candidate in _candidates(re.findall(r"[0-9]+", match[0])):
            if is_reference(candidate):
                yield _mention(Shape.REFERENCE, candidate)


def _candidates(groups: list[str]) -> Iterator[str]:
    """Join neighboring groups of digits to whatever can be a whole reference.

    A payer's own number may stand right before or after, parted by a blank only.
    """
    for start in range(len(groups)):
        digits = ""
        for group in groups[start:]:
            digits += group
            if len(digits) > REFERENCE_DIGITS:
                break
            if len(digits.lstrip("0")) > NUMBER_DIGITS:
                yield digits.zfill(REFERENCE_DIGITS)


def _mention(shape: Shape, reference: str) -> Mention:
    return Mention(shape, number_of(reference), reference)


def _rf_check_digits(number: str) -> str:
    """ISO 11649: 98 minus the rest, by 97, of the number, RF and 00 (A is 10)."""
    digits = "".join(str(int(each, 36)) for each in f"{number}RF00")
    return f"{98 - int(digits) % 97:02d}"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
