from __future__ import annotations

import pytest

from contract.ids import EventId, TillId
from contract.topics import Topics

TOPICS = Topics(EventId("summer-2026"))


def test_the_topics_are_those_agreed() -> None:
    till = TillId("bar-1")
    assert TOPICS.up(till) == "kassenband/1/summer-2026/till/bar-1/up"
    assert TOPICS.down(till) == "kassenband/1/summer-2026/till/bar-1/down"
    assert TOPICS.online(till) == "kassenband/1/summer-2026/till/bar-1/online"
    assert TOPICS.status(till) == "kassenband/1/summer-2026/till/bar-1/status"
    assert TOPICS.config(till) == "kassenband/1/summer-2026/till/bar-1/config"
    assert TOPICS.wallets == "kassenband/1/summer-2026/wallets"
    assert TOPICS.hub_status == "kassenband/1/summer-2026/hub/status"


@pytest.mark.parametrize(
    ("topic", "till"),
    [
        ("kassenband/1/summer-2026/till/bar-1/up", "bar-1"),
        ("kassenband/1/summer-2026/till/bar-1.2/status", "bar-1.2"),
        ("kassenband/1/other/till/bar-1/up", None),
        ("kassenband/1/summer-2026/hub/status", None),
        ("kassenband/1/summer-2026/till/", None),
        ("kassenband/1/summer-2026/till/bar-1", None),
    ],
)
def test_a_topic_names_its_till(topic: str, till: str | None) -> None:
    assert TOPICS.till_of(topic) == till
