from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tse_driver.pace import main

if TYPE_CHECKING:
    import pytest


def test_the_pace_is_told_in_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pairs", "25", "--curve", "secp256r1"]) == 0
    pace = json.loads(capsys.readouterr().out)
    assert (pace["pairs"], pace["curve"]) == (25, "secp256r1")
    assert pace["pairs_per_s"] > 0
    assert 0 < pace["verify_cpu_ms"] < pace["cpu_ms_per_pair"]
    assert pace["sign_cpu_ms"] > 0
    assert pace["export_messages_per_s"] > 0
    assert pace["export_cpu_ms_per_message"] > 0
    assert pace["threads"] >= 1
