"""Every decline is explained: in a title, and in a sentence that says what to do."""

from __future__ import annotations

import pytest

from contract.declines import DECLINES, explained
from contract.reasons import DeclineReason


@pytest.mark.parametrize("reason", DeclineReason)
def test_every_reason_has_words_of_its_own(reason: DeclineReason) -> None:
    title, text = explained(reason)

    assert reason in DECLINES
    assert title[0].isupper()
    assert not title.endswith(".")
    assert text[0].isupper()
    assert text.endswith(".")
