"""All SQL of the hub: migrations, functions, queries."""

from __future__ import annotations
