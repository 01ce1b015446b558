"""Pairs counted in steps of time: none lost, each in its own step, memory bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loader.summary.page.timeline import Timeline

SECONDS = st.lists(st.tuples(st.integers(-(10**10), 10**11), st.booleans(), st.integers(1, 9)), min_size=1)


@given(SECONDS)
def test_every_pair_is_counted_once_in_its_own_step(seconds: list[tuple[int, bool, int]]) -> None:
    timeline = Timeline()
    for second in seconds:
        timeline.add(*second)
    columns = timeline.columns()
    assert len(columns) <= 180
    starts = [column.start for column in columns]
    assert starts == list(range(starts[0], starts[-1] + 1, timeline.step))
    for column in columns:
        inside = [one for one in seconds if column.start <= one[0] < column.start + timeline.step]
        assert column.good == sum(pairs for _, attention, pairs in inside if not attention)
        assert column.attention == sum(pairs for _, attention, pairs in inside if attention)
    assert sum(column.good + column.attention for column in columns) == sum(pairs for *_, pairs in seconds)


def test_a_pause_is_shown_as_a_gap() -> None:
    timeline = Timeline()
    for second in (0, 1, 2, 50):
        timeline.add(second, False, 1)
    assert [column.start for column in timeline.columns() if not column.good] == list(range(3, 50))


def test_nothing_sent_makes_no_columns() -> None:
    assert Timeline().columns() == []
