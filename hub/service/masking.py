"""Calls as text for the payment log: all that came, and nothing that is a secret.

Cookies, passwords, keys and card numbers are masked by their names, the hub's own
secrets wherever they stand. What no text can hold is written as \\x00 and so on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.payments.method import Incoming

MESSAGE_BYTES_MAX = 10_000
MASKED = "***"
_SECRET_CHARACTERS_MIN = 6
"""Shorter ones would mask half of every text."""

_HEADERS = frozenset(
    {"cookie", "set-cookie", "authorization", "proxy-authorization", "x-csrf-token"}
)
_NAMES = (
    r"pass(?:word|wd|phrase)?|pswd|pin|secret|client_secret|api_?key|access_token"
    r"|session(?:_?id)?|csrf_token|cvc2?|cvv2?"
)
# name=value of queries and forms, "name": "value" of JSON.
_PAIR = re.compile(rf"(?i)(?<![a-z0-9_])({_NAMES})=[^&\s]*")
_MEMBER = re.compile(rf'(?i)"({_NAMES})"(\s*:\s*)"(?:[^"\\]|\\.)*"')
_CARD = re.compile(r"(?i)(cardno|card_?number|pan)(=|\"\s*:\s*\")([^&\s\"]*)")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Mask:
    """Masks secrets in texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {
            form
            for secret in secrets
            if len(secret) >= _SECRET_CHARACTERS_MIN
            for form in (secret, quote(secret, safe=""), quote_plus(secret))
        }
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = (
            re.compile("|".join(map(re.escape, longest_first)), re.I) if forms else None
        )

    def text(self, text: str) -> str:
        """Mask what is secret in a text, and write what no database holds."""
        if self._secrets is not None:
            text = self._secrets.sub(MASKED, text)
        text = _PAIR.sub(rf"\1={MASKED}", text)
        text = _MEMBER.sub(rf'"\1"\2"{MASKED}"', text)
        text = _CARD.sub(_last_four, text)
        return _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def request_text(verb: str, path: str, incoming: Incoming) -> str:
    """Write a call down as it came: its line, its headers, its body."""
    query = incoming.query.decode("ascii", "backslashreplace")
    lines = [f"{verb} {path}{'?' if query else ''}{query}"]
    for name, value in incoming.headers:
        is_secret = name.casefold() in _HEADERS
        lines.append(f"{name}: {MASKED if is_secret else value}")
    if incoming.body:
        lines += ["", incoming.body.decode("utf-8", "backslashreplace")]
    return "\n".join(lines)


def cut(text: str) -> str:
    """Cut a text to what an entry holds, between two characters."""
    data = text.encode("utf-8")
    if len(data) <= MESSAGE_BYTES_MAX:
        return text
    return data[:MESSAGE_BYTES_MAX].decode("utf-8", "ignore")


def _last_four(found: re.Match[str]) -> str:
    """Keep a card number's last four digits; providers send no more themselves."""
    name, joint, value = found.groups()
    return f"{name}{joint}{MASKED}{value[-4:]}" if len(value) > 4 else found[0]
