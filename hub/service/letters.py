"""The mails people get, in German and English: subject and text with blanks to fill."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "letters"
LANGUAGES = ("de", "en")


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One mail's text."""

    subject: str
    body: str

    def filled(self, blanks: Mapping[str, str]) -> Letter:
        """Write the blanks into it; what people typed stays on one line."""
        clean = {name: " ".join(value.split()) for name, value in blanks.items()}
        return Letter(
            self.subject.format_map(clean), self.body.format_map(clean).strip() + "\n"
        )


class Letters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All mails of one language: a missing one stops the hub's start."""

    verify: Letter
    """Proves the address of a new account."""
    known: Letter
    """To who registers with an address that has an account."""
    reset: Letter
    """Opens the page for a new password."""
    unknown: Letter
    """To who forgot a password of an account that is not there."""
    password_changed: Letter
    invited: Letter
    """To who was named by a registration site and has no password yet."""
    reminder: Letter
    """Of a bill that is due."""


@cache
def letters(language: str) -> Letters:
    """Load a language's letters, English for one we don't speak."""
    chosen = language if language in LANGUAGES else "en"
    text = (FOLDER / f"{chosen}.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Letters)
