"""One panel per phase of the checkout; each shows a TillView and posts intents."""

from __future__ import annotations
