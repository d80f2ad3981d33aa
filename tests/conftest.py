from __future__ import annotations

from hypothesis import settings

settings.register_profile("kassenband", max_examples=100, deadline=None)
settings.load_profile("kassenband")
