"""What the launcher needs before there is an environment; standard library only."""

from __future__ import annotations
