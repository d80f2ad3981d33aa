"""What widgets tell the app: what the cashier wants, and which screen to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from edge.core.intents import Intent


class Wanted(Message):
    """The cashier wants something of the till."""

    def __init__(self, intent: Intent) -> None:
        super().__init__()
        self.intent = intent


class StatusAsked(Message):
    """The cashier wants to read what the lamps say, or has read it."""


class ReceiptsAsked(Message):
    """The cashier wants to print an earlier receipt, or has done so."""


class ClosingAsked(Message):
    """The cashier wants to close the till and reads what that does, or leaves it."""


class ClosingConfirmed(Message):
    """The cashier has read what closing the till does, and wants it."""


class ViewChanged(Message):
    """The till has a new view; posted from whatever thread made it."""
