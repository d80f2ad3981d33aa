"""What till and hub have agreed: values, orders, fiscal data and messages."""

from __future__ import annotations
