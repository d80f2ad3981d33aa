"""The hub's rules, free of I/O: verdicts, entries, batches, tokens."""

from __future__ import annotations
