"""Events counted in steps of time: nothing lost, memory bounded, quantiles true to within a bucket."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from loader.summary.page.timeline import Timeline, read_latency, unix_time

MOMENTS = st.lists(st.floats(-1e10, 1e11), min_size=1, max_size=60)


@given(MOMENTS)
def test_every_event_is_counted_once_in_its_own_step(moments: list[float]) -> None:
    timeline = Timeline()
    for moment in moments:
        timeline.add(moment, 0)
    columns = timeline.columns()
    assert len(columns) <= 180
    assert sum(column.counts[0] for column in columns) == len(moments)
    starts = [column.start for column in columns]
    assert starts == list(range(starts[0], starts[-1] + 1, timeline.step))
    for column in columns:
        inside = sum(column.start <= moment < column.start + timeline.step for moment in moments)
        assert column.counts[0] == inside


def test_a_pause_is_shown_as_a_gap() -> None:
    timeline = Timeline()
    for second in (0, 1, 2, 50):
        timeline.add(second, 0)
    assert [column.start for column in timeline.columns() if not column.counts] == list(range(3, 50))


def test_no_events_make_no_columns() -> None:
    assert Timeline().columns() == []


def test_latency_comes_from_attempts_and_passes_over_the_rest() -> None:
    attempts = [
        json.dumps({"time": "2026-11-24T12:00:00Z", "milliseconds": ms, "status": 200})
        for ms in range(1, 1001)
    ]
    others: list[str | bytes] = [
        "{torn",
        "",
        "[]",
        '{"time":1}',
        '{"milliseconds":5}',
        '{"time":"noon","milliseconds":5}',
        b"\xff",
    ]
    step, (only,) = read_latency([*attempts, *others])
    assert (step, only.start) == (1, unix_time("2026-11-24T12:00:00Z"))
    assert abs(only.median - 500) < 50
    assert abs(only.p95 - 950) < 95


def test_times() -> None:
    assert unix_time("1970-01-01T00:00:01.500Z") == 1.5
    assert unix_time("1970-01-01T00:00:01") == 1.0
    assert unix_time("yesterday") is None
