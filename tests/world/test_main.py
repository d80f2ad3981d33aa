from __future__ import annotations

import pytest

from tests.world.__main__ import main


@pytest.mark.parametrize("arguments", [[], ["x"], ["5", "-1"], ["5.0"], ["²"]])
def test_a_world_without_a_number_is_asked_for_in_words(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("Name worlds by whole numbers: ")
