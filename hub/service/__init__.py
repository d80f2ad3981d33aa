"""The hub's use cases, one unit of work each."""

from __future__ import annotations
