"""Stand-ins that speak the real wire: wristbands on vpcd, a cashier who taps them."""

from __future__ import annotations
