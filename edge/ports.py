"""What the till needs from the world, as Protocols; adapters live in their own rooms.

Devices report by posting events into the till's queue (`edge.core.events`), so none of
these calls blocks the queue for longer than its docstring says.
"""

from __future__ import annotations
