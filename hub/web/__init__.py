"""The hub's pages: the guests' portal and the tills' edge listener."""

from __future__ import annotations
