"""How many requests per interval are ours: `Budget` decides, `Pace` acts, `Window` remembers."""

from __future__ import annotations

from math import inf

from loader.pace.foreign_usage import ForeignUsage
from loader.pace.headers import RateLimits

#: Seconds that a limit without an interval is for (HubSpot's usage guidelines).
_INTERVAL = 10.0
#: The share of the pace that is left after a 429.
_STEP_DOWN = 0.9
#: The share of it that one interval gives back if the 429 was no stray; the next gives back twice as much.
_STEP_UP = 0.05
#: 429s are strays if answers show room, and less than this share of answers are 429s.
_STRAYS = 0.02
#: Over how many answers that share is averaged.
_AVERAGED = 1000
#: The share of the limit that we use even if others leave nothing: else a second loader could never start.
_LEAST_SHARE = 0.1
#: The share that we leave free for others while we hold more than half, if they use it.
_OFFER = 0.12
#: If they don't use it, it is halved after each interval, down to this share.
_LEAST_OFFER = 0.03
#: A loader with only a part of the limit may send faster than its part by this factor, to make up for delays.
_CATCH_UP = 1.1
#: The share of the limit by which our part may grow in one interval: what others do shows only in answers.
_GROWTH = 0.3
#: The margin below the limit: at least this many requests, at most this share of the limit.
_LEAST_MARGIN, _WIDEST_MARGIN = 1.0, 0.05
#: By how many requests the margin shrinks again in one interval.
_MARGIN_SHRINKS = 2.0
#: Surprises within this share of an interval count once: their requests were in flight together.
_ONE_SURPRISE = 0.1


class Budget:
    """The slots that are ours: the limit less the reserve, foreign usage, a margin, and what a 429 took.

    A loader that holds more than half of the limit leaves some of it free for others, so that two loaders on
    one token end up with half each.

    Attributes:
        limit: requests per interval that the account allows.
        interval: seconds.
        known: whether an answer has given both; until then they are assumed.
        by_answer: how many requests may be in flight or answered within the interval.
        by_send: how many may have been sent within the interval; 0 if send times are not reliable.
    """

    def __init__(self, limit: int, interval: float, reserve: float) -> None:
        """`reserve` is the percentage of the limit that is left to others whether they use it or not."""
        self.limit, self.interval, self.known = limit, interval, False
        self._share = 1 - reserve / 100
        self._foreign = ForeignUsage(limit, interval)
        self._cut: float | None = None  # requests per interval that the last 429 left
        self._cut_at = 0.0
        self._room = False  # whether the latest answer shows room in the window
        self._rejected = 0.0  # share of 429s among the latest answers
        self._margin, self._margin_at = _LEAST_MARGIN, -inf
        self._offer, self._offered_at, self._in_use_then = 0.0, 0.0, 0
        self._part, self._updated_at = float(limit), 0.0  # our part at that time
        self._update(0.0)

    def learn(
        self, now: float, limits: RateLimits, own: tuple[int, int], *, latency: float, rejected: bool
    ) -> bool:
        """Take note of an answer that took `latency` seconds; `rejected` says that it was a 429.

        `own` is how many requests of ours were in the window when this one was sent, and how many are now.
        Returns whether the limit or its interval has changed.
        """
        if limits.limit is None:
            return False
        interval = limits.interval or (self.interval if self.known else _INTERVAL)
        changed = (limits.limit, interval) != (self.limit, self.interval)
        if changed:
            self.limit, self.interval = limits.limit, interval
            self._foreign = ForeignUsage(limits.limit, interval)
            self._part = float(limits.limit)
        self.known = True
        self._room = bool(limits.remaining)
        self._rejected += (rejected - self._rejected) / _AVERAGED
        if limits.remaining is not None:
            self._foreign.learn(now, limits.remaining, own, latency)
            if limits.remaining == 0 and (self.by_send or self._foreign.in_use):
                self._widen_margin(now, 1)
        self._update(now)
        return changed

    def step_down(self, now: float, own: int) -> None:
        """Lower the pace after a 429 to a request that was the `own`th of ours in its window."""
        level = self.by_answer
        if not self._strays:
            self._widen_margin(now, 2)
            if self._cut is not None:
                # One 429 proves little. If the next comes far below the budget, the true limit is that low.
                level = max(min(own, level), level // 2)
        if not self._foreign.in_use:  # else the budget already accounts for it
            self._cut, self._cut_at = _STEP_DOWN * level, now
        self._update(now)

    def recover(self, now: float) -> None:
        """Give back with time what a 429 took."""
        if self._cut is not None:
            self._update(now)

    @property
    def spacing(self) -> float:
        """Seconds between two requests that spread the most that could be ours evenly over the interval.

        If others use a part, our present part is spread instead, since every answer updates what is left.
        """
        return self.interval / min(self._most, _CATCH_UP * self.by_answer)

    @property
    def why_less(self) -> str:
        """Why the budget is lower than the limit, for a person; empty if only a margin is kept."""
        reasons = []
        if self._foreign.in_use:
            reasons.append(f"others use {self._foreign.in_use}")
        if self._cut is not None:
            reasons.append("slower after a 429")
        if self._share < 1:
            reasons.append(f"--reserve {100 * (1 - self._share):g}")
        return ", ".join(reasons)

    def _update(self, now: float) -> None:
        """Recompute `by_answer` and `by_send`."""
        self._most = max(1.0, min(self.limit * self._share, self._recovered(now)))
        in_use = self._foreign.in_use
        # Without a margin every slot would be filled again at once, and others would never be seen.
        free = self.limit - in_use - (self._margin_left(now) if self.known else 0.0)
        self._renew_offer(now, in_use)
        free -= max(0.0, min(self._offer, in_use, free - self.limit / 2))
        part = self._bounded(free)
        if in_use:
            growth = self.limit * _GROWTH * (now - self._updated_at) / self.interval
            part = min(part, self._part + growth)
        self._part, self._updated_at = part, now
        self.by_answer = max(1, int(part))
        reliable = self._foreign.send_times_reliable(now)
        jitter = max(0, self._foreign.max_excess - in_use)
        self.by_send = int(self._bounded(free - jitter)) if reliable else 0

    def _bounded(self, free: float) -> float:
        return min(max(free, self.limit * _LEAST_SHARE, 1.0), self._most)

    def _renew_offer(self, now: float, in_use: int) -> None:
        """Once per interval: make the full offer if others took the last one, else offer half as much."""
        if now - self._offered_at < self.interval:
            return
        taken = in_use - self._in_use_then >= self._offer / 2
        self._offer = self.limit * _OFFER if taken else max(self.limit * _LEAST_OFFER, self._offer / 2)
        self._offered_at, self._in_use_then = now, in_use

    @property
    def _strays(self) -> bool:
        """Whether, according to the answers, 429s have other reasons than the limit."""
        return self._room and self._rejected < _STRAYS

    def _recovered(self, now: float) -> float:
        """The pace that the last 429 still allows, in requests per interval."""
        if self._cut is None:
            return inf
        quiet = (now - self._cut_at) / self.interval
        if self._strays:
            level = self._cut + (self.limit - self._cut) * quiet
        else:
            level = self._cut * (1 - _STEP_UP + _STEP_UP * 2 ** min(quiet, 30.0))
        if level >= self.limit:
            self._cut = None
        return level

    def _widen_margin(self, now: float, by: int) -> None:
        """Keep a wider margin for a while: the window was unexpectedly full or overfull."""
        if now - self._margin_at >= self.interval * _ONE_SURPRISE:
            widest = max(_LEAST_MARGIN, self.limit * _WIDEST_MARGIN)
            self._margin, self._margin_at = min(self._margin_left(now) + by, widest), now

    def _margin_left(self, now: float) -> float:
        return max(_LEAST_MARGIN, self._margin - _MARGIN_SHRINKS * (now - self._margin_at) / self.interval)
