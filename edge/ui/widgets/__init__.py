"""What the screens are made of; nothing here knows the till."""

from __future__ import annotations
