"""The till's devices: the wristband reader over PC/SC and the TSE."""

from __future__ import annotations
