"""The till's way to the hub: MQTT for messages, HTTPS for what is large."""

from __future__ import annotations
