from __future__ import annotations

import pytest

from tests.tse_driver.bench import Bench


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.session.setup()
    return bench
