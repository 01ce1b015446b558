"""Says how many requests the account's window may hold of ours: it advises, `Pace` acts, `Window` remembers."""

from __future__ import annotations

from loader.pace.headers import Limits
from loader.pace.others import Others

#: What a 429 leaves of the pace, and how much of it is added after one quiet interval (twice as much after
#: each further one).
_STEP_DOWN, _STEP_UP = 0.9, 0.05
#: The share that we claim even where others leave nothing, else a second loader could never come in.
_FOOT_IN_THE_DOOR = 0.05
#: The share left free for others while we hold more than half: where it is taken, we have less and offer
#: again, until both hold half; where nobody takes it, this is what courtesy costs.
_OFFER = 0.05


class Advisor:
    """Turns what the answers say into two budgets, requests per interval (see `Pace` for their use).

    `limit` and `interval` hold until an answer says otherwise; `reserve` is the percentage of the limit that
    is left to others whether they use it or not.
    """

    def __init__(self, limit: int, interval: float, reserve: float) -> None:
        self.limit = limit
        self.interval = interval
        self.known = False  # whether an answer has told the limit
        self._share = 1 - reserve / 100
        self._others = Others(limit, interval)
        self._cut: float | None = None
        self._cut_at = 0.0
        self.by_answer = self.by_send = 0
        self._advise(0.0)

    def learn(self, now: float, limits: Limits, own: int) -> bool:
        """Take note of an answer to a request that was the `own`th of ours in its window.

        Returns whether the limit or its interval has changed.
        """
        if limits.limit is None:
            if self._cut is not None:
                self._advise(now)
            return False
        interval = limits.interval or self.interval
        changed = (limits.limit, interval) != (self.limit, self.interval)
        if changed:
            self.limit, self.interval = limits.limit, interval
            self._others = Others(limits.limit, interval)
        self.known = True
        if limits.remaining is not None:
            self._others.learn(now, limits.remaining, own)
        self._advise(now)
        return changed

    def step_down(self, now: float, own: int) -> None:
        """Lower the pace after a 429 to a request that was the `own`th of ours in its window."""
        self._cut = _STEP_DOWN * min(own, self.by_answer)
        self._cut_at = now
        self._others.widen(now, 2)
        self._advise(now)

    def refresh(self, now: float) -> None:
        """Let a pace that was cut recover with time alone."""
        if self._cut is not None:
            self._advise(now)

    def _advise(self, now: float) -> None:
        others = self._others
        usual = others.usual(now)
        margin = others.margin(now)
        self.by_answer = self._budget(now, usual, margin if usual else 0.0)
        # Without evidence the send times say nothing of when the server counted.
        self.by_send = self._budget(now, max(usual, others.peak), margin) if others.proven else 0

    def _budget(self, now: float, taken: int, margin: float) -> int:
        free = self.limit - taken - margin
        beyond_half = free - self.limit / 2
        if taken and beyond_half > 0:
            free -= min(self.limit * _OFFER, taken / 2, beyond_half)
        free = max(free, self.limit * _FOOT_IN_THE_DOOR)
        if self._cut is not None:
            level = self._cut * (1 - _STEP_UP + _STEP_UP * 2 ** ((now - self._cut_at) / self.interval))
            if level >= self.limit:
                self._cut = None
            else:
                free = min(free, level)
        return max(1, int(min(free, self.limit * self._share)))
