from __future__ import annotations

from hypothesis import HealthCheck, settings

# Neither a deadline nor a check of how fast examples are drawn: both are wall time, and
# fail on a machine that is busy with something else.
settings.register_profile(
    "kassenband",
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("kassenband")
