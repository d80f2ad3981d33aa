"""The till's screens on Textual: messages go up as intents, the view comes down."""

from __future__ import annotations
