"""Makes an event and its machines: certificates, set-up, the demo and the benches."""

from __future__ import annotations
