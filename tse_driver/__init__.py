"""A TSE on its serial line, by what its maker and TR-03151 say; stands alone."""

from __future__ import annotations
