"""Ways to pay a bill, one module each behind one Protocol, and the banks' formats."""

from __future__ import annotations
