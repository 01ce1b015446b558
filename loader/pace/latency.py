"""The least time that a request has lately taken."""

from __future__ import annotations

from math import inf

#: Taken off the least latency: what is measured is a sum, each half of which may do a little better yet.
_ALLOWANCE, _ALLOWANCE_SHARE = 0.002, 0.02
#: Fewer answers than this are no basis.
_ENOUGH = 20


class LeastLatency:
    """The least latency of the current and the previous stretch of `interval` seconds."""

    def __init__(self) -> None:
        self._least = self._previous = inf
        self._answers = self._previous_answers = 0
        self._since = 0.0
        #: Seconds that a request takes at least; 0 as long as that is not known.
        self.bound = 0.0

    def learn(self, now: float, latency: float, interval: float) -> None:
        """Take note of an answer that took `latency` seconds."""
        if now - self._since >= interval:
            stale = now - self._since >= 2 * interval
            self._previous, self._previous_answers = (inf, 0) if stale else (self._least, self._answers)
            self._least, self._answers, self._since = inf, 0, now
        self._answers += 1
        self._least = min(self._least, latency)
        if self._answers + self._previous_answers < _ENOUGH:
            self.bound = 0.0
            return
        least = min(self._least, self._previous)
        self.bound = max(0.0, least * (1 - _ALLOWANCE_SHARE) - _ALLOWANCE)
