"""The till's rules, free of I/O: checkout, basket, stand-in, wristbands."""

from __future__ import annotations
