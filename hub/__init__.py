"""Everything that runs at the hub: the ledger, the link to the tills, the web."""

from __future__ import annotations
