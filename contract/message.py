"""What every message between till and hub has."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str):
    """What all messages have: a type (the tag), a version and an id of their own."""

    version: Literal[1] = 1
    id: UUID
