"""The benchmarks: what is measured, by which load, and what it came to."""

from __future__ import annotations
