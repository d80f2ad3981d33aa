"""What a till has promised, kept on disk."""

from __future__ import annotations
