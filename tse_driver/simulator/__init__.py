"""A TSE made of software that speaks the real wire and really signs."""

from __future__ import annotations
