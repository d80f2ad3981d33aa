"""MQTT at the hub: what tills say, and what they are answered."""

from __future__ import annotations
