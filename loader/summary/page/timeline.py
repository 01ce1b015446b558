"""Pairs counted in equal steps of time, in memory that does not grow with the load."""

from __future__ import annotations

from typing import NamedTuple

#: Steps in seconds; each is a multiple of the one before, so that steps can be merged on the way.
_STEPS = (1, 5, 15, 60, 300, 900, 3600, 10_800, 86_400)
_MOST_COLUMNS = 180


class Column(NamedTuple):
    """One step of time: its start in Unix seconds, and how many settled pairs are good or need attention."""

    start: int
    good: int = 0
    attention: int = 0


class Timeline:
    """Counts pairs over time. The step widens as the span grows, so that at most 180 columns result."""

    def __init__(self) -> None:
        self._wider = iter(_STEPS)
        self.step = next(self._wider)
        self._columns: dict[int, Column] = {}
        self._first = self._last = 0

    def add(self, second: int, needs_attention: bool, pairs: int) -> None:
        """Count pairs that were settled at `second` (Unix time)."""
        at = second // self.step
        if not self._columns:
            self._first = self._last = at
        self._first, self._last = min(self._first, at), max(self._last, at)
        self._count(at, 0 if needs_attention else pairs, pairs if needs_attention else 0)
        while self._last - self._first >= _MOST_COLUMNS:
            self._widen()

    def columns(self) -> list[Column]:
        """Every step from the first to the last, empty ones included."""
        if not self._columns:
            return []
        steps = range(self._first, self._last + 1)
        return [self._columns.get(at, Column(at))._replace(start=at * self.step) for at in steps]

    def _count(self, at: int, good: int, attention: int) -> None:
        _, before, failing = self._columns.get(at, Column(at))
        self._columns[at] = Column(at, before + good, failing + attention)

    def _widen(self) -> None:
        wider = next(self._wider, self.step * 2)
        columns, self._columns = self._columns, {}
        for at, good, attention in columns.values():
            self._count(at * self.step // wider, good, attention)
        self.step = wider
        self._first, self._last = min(self._columns), max(self._columns)
