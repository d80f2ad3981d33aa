"""Everything that runs on a till."""

from __future__ import annotations
