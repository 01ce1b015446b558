"""The least time that a request takes, as far as answers can tell."""

from __future__ import annotations

from bisect import insort

#: How many of the least latencies are kept, and how many answers are a basis at all.
_KEPT, _ENOUGH = 8, 40
#: Seconds by which clocks and scheduling blur a latency.
_BLUR = 0.002


class LeastLatency:
    """The least latency of the current and the previous stretch of `interval` seconds."""

    def __init__(self) -> None:
        self._least: list[float] = []
        self._previous: list[float] = []
        self._answers = self._previous_answers = 0
        self._since = 0.0
        #: Seconds that a request takes at least; 0 as long as that is not known.
        self.bound = 0.0

    def learn(self, now: float, latency: float, interval: float) -> None:
        """Take note of an answer that took `latency` seconds."""
        if now - self._since >= interval:
            stale = now - self._since >= 2 * interval
            self._previous, self._previous_answers = ([], 0) if stale else (self._least, self._answers)
            self._least, self._answers, self._since = [], 0, now
        self._answers += 1
        if len(self._least) < _KEPT:
            insort(self._least, latency)
        elif latency < self._least[-1]:
            self._least.pop()
            insort(self._least, latency)
        elif self._answers + self._previous_answers != _ENOUGH:
            return  # nothing that the bound depends on has changed
        self._bound()

    def _bound(self) -> None:
        """Go below the least by twice as much as the next ones are above it.

        A way out and a way back that vary on their own make a sum whose least is rare: the k least of many
        answers lie above the true least about as the roots of 1 to k. What has been seen is too much, then.
        """
        if self._answers + self._previous_answers < _ENOUGH:
            self.bound = 0.0
            return
        least = sorted(self._least + self._previous)[:_KEPT]
        self.bound = max(0.0, least[0] - 2 * (least[-1] - least[0]) - _BLUR)
