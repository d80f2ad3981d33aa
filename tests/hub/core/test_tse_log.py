from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.tse_log import Explained, LoggedSpan, explain, without_overlap

SPANS = st.lists(
    st.builds(
        lambda first, length, what: LoggedSpan(first, first + length, what),
        st.integers(1, 60),
        st.integers(0, 8),
        st.sampled_from(["updateTime", "selfTest"]),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(SPANS, st.integers(1, 60), st.integers(0, 30))
def test_a_gap_is_divided_whole_and_told_as_the_archives_say(
    spans: list[LoggedSpan], first: int, length: int
) -> None:
    log = without_overlap(spans)
    last = first + length
    parts = list(explain(first, last, log))

    counters = [n for each in parts for n in range(each.first, each.last + 1)]
    assert counters == list(range(first, last + 1)), "each counter once, in order"
    told = {n for each in spans for n in range(each.first, each.last + 1)}
    for each in parts:
        inside = set(range(each.first, each.last + 1))
        assert inside <= told if each.what else not inside & told


def test_two_archives_that_overlap_count_once() -> None:
    log = without_overlap([LoggedSpan(1, 5, "updateTime"), LoggedSpan(3, 6, "start")])
    assert list(explain(4, 7, log)) == [
        Explained(4, 6, "updateTime (2), start (1)"),
        Explained(7, 7, ""),
    ]
