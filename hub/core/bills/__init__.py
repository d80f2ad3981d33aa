"""Bills: what is owed, how it may be paid, and when it is. Pure, without I/O."""

from __future__ import annotations
