"""When things happened, counted in equal steps of time, in memory that does not grow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

#: Steps in seconds; each is a multiple of the one before, so that steps can be merged on the way.
_STEPS = (1, 5, 15, 60, 300, 900, 3600, 10_800, 86_400)
_MOST_COLUMNS = 180


class Column(NamedTuple):
    """One step of time: its start in Unix seconds, and how often each kind was counted in it."""

    start: int
    counts: Counter[int]


class Timeline:
    """Counts kinds of events over time; the step widens as the span grows, so at most 180 columns result."""

    def __init__(self) -> None:
        self._levels = iter(_STEPS)
        self.step = next(self._levels)
        self._counts: dict[int, Counter[int]] = {}
        self._first = self._last = 0

    def add(self, moment: float, kind: int) -> None:
        """Count one event. `moment` is Unix time in seconds, `kind` what `Column.counts` counts it under."""
        at = int(moment // self.step)
        if not self._counts:
            self._first = self._last = at
        self._first, self._last = min(self._first, at), max(self._last, at)
        self._counts.setdefault(at, Counter())[kind] += 1
        while self._last - self._first >= _MOST_COLUMNS:
            self._widen()

    def _widen(self) -> None:
        wider = next(self._levels, self.step * 2)
        counts: dict[int, Counter[int]] = {}
        for at, counted in self._counts.items():
            counts.setdefault(at * self.step // wider, Counter()).update(counted)
        self.step, self._counts = wider, counts
        self._first, self._last = min(counts), max(counts)

    def columns(self) -> list[Column]:
        """Every step from the first event to the last, empty ones included."""
        if not self._counts:
            return []
        return [
            Column(at * self.step, self._counts.get(at, Counter()))
            for at in range(self._first, self._last + 1)
        ]


def unix_time(text: str) -> float | None:
    """ISO 8601 as Unix time in seconds; None for anything else. A time without a zone is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class Latency(NamedTuple):
    """Milliseconds that answers took: the median, and what 95 of 100 stayed below. About 5 % exact."""

    start: int
    median: float
    p95: float


def read_latency(log_lines: Iterable[str | bytes]) -> tuple[int, list[Latency]]:
    """The step in seconds, and each step's latency, from the lines of `load --log-file`.

    An attempt is a JSON object with `time` (ISO 8601 or Unix seconds), `milliseconds` and `status`, which is
    0 where no answer came. Those and every other line are passed over, so that a torn log still serves.
    """
    timeline = Timeline()
    for line in log_lines:
        if (attempt := _attempt(line)) is not None:
            moment, milliseconds = attempt
            timeline.add(moment, _bucket(milliseconds))
    return timeline.step, [
        Latency(start, _quantile(counts, 0.5), _quantile(counts, 0.95))
        for start, counts in timeline.columns()
        if counts
    ]


def _attempt(line: str | bytes) -> tuple[float, float] | None:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("milliseconds"), int | float):
        return None
    if entry.get("status") == 0:
        return None
    moment = entry.get("time")
    seconds = unix_time(moment) if isinstance(moment, str) else moment
    return (float(seconds), entry["milliseconds"]) if isinstance(seconds, int | float) else None


# Buckets a tenth of an e-fold wide: a hundred of them span a millisecond to half a minute.
def _bucket(milliseconds: float) -> int:
    return math.floor(math.log(max(milliseconds, 0.1)) * 10)


def _quantile(buckets: Counter[int], share: float) -> float:
    """The middle of the bucket below which `share` of the events lie."""
    wanted = share * buckets.total()
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= wanted:
            return math.exp((bucket + 0.5) / 10)
    return 0.0
