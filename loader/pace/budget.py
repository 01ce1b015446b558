"""How many requests of ours the account's window may hold: this advises, `Pace` acts, `Window` remembers."""

from __future__ import annotations

from math import inf

from loader.pace.foreign_usage import ForeignUsage
from loader.pace.headers import Limits
from loader.pace.permit import Permit

#: Seconds that a limit without an interval is for (HubSpot's usage guidelines).
_INTERVAL = 10.0
#: What a 429 leaves of the pace, and how much of it is added after one quiet interval (twice as much after
#: each further one).
_STEP_DOWN, _STEP_UP = 0.9, 0.05
#: The share that we claim even where others leave nothing, else a second loader could never come in.
_FOOT_IN_THE_DOOR = 0.05
#: The share left free for others while we hold more than half: where it is taken, we have less and offer
#: again, until both hold half; where nobody takes it, this is what courtesy costs.
_OFFER = 0.12
#: How much faster than its part a loader sends that holds but a part, to make up for delays.
_CATCH_UP = 1.1
#: The share of the limit by which the budget may grow in one interval while others are there: what is seen
#: of them is as old as the answer that shows it. Answers slower than a second make the growth slower, too.
_GROWTH = 0.3
#: Seconds for which the budget grows at most at a time: after a pause others come back as we do.
_LONGEST_STEP = 1.0


class Budget:
    """Turns what the answers say into two budgets, requests per interval (see `Pace` for their use).

    `limit` and `interval` hold until an answer says otherwise; `reserve` is the percentage of the limit that
    is left to others whether they use it or not.
    """

    def __init__(self, limit: int, interval: float, reserve: float) -> None:
        self.limit = limit
        self.interval = interval
        self.known = False  # whether an answer has told the limit
        self._share = 1 - reserve / 100
        self._others = ForeignUsage(limit, interval)
        self._cut: float | None = None
        self._cut_at = 0.0
        self._offer, self._offered_at, self._offered_to = 0.0, 0.0, 0
        self._rising, self._told_at = float(limit), 0.0
        self._age = 0.0  # of what the latest answer tells, in seconds
        self.most = self.by_answer = self.by_send = limit
        self._taken = 0  # what others have in the window
        self._advise(0.0)

    def learn(self, now: float, limits: Limits, permit: Permit, own: int) -> bool:
        """Take note of the answer to the request of `permit`; by now the window has `own` requests of ours.

        Returns whether the limit or its interval has changed.
        """
        if limits.limit is None:
            return False
        interval = limits.interval or (self.interval if self.known else _INTERVAL)
        changed = (limits.limit, interval) != (self.limit, self.interval)
        if changed:
            self.limit, self.interval = limits.limit, interval
            self._others = ForeignUsage(limits.limit, interval)
            self._rising = float(limits.limit)
        self.known = True
        self._age = now - permit.sent
        if limits.remaining is not None:
            self._others.learn(now, limits.remaining, permit.own, own)
            if limits.remaining == 0 and (permit.by_send or self._others.usual(now)):
                self._others.widen(now, 1)
        self._advise(now)
        return changed

    def step_down(self, now: float, own: int) -> None:
        """Lower the pace after a 429 to a request that was the `own`th of ours in its window."""
        self._others.widen(now, 2)
        # Where the answers show who takes the rest, the budget knows it already.
        if not self._others.usual(now):
            # One 429 proves little. Where the next one comes far below the budget, the budget is far from
            # the truth.
            level = self.by_answer if self._cut is None else max(min(own, self.by_answer), self.by_answer / 2)
            self._cut = _STEP_DOWN * level
            self._cut_at = now
        self._advise(now)

    def refresh(self, now: float) -> None:
        """Let a pace that was cut recover with time alone."""
        if self._cut is not None:
            self._advise(now)

    def _advise(self, now: float) -> None:
        others = self._others
        self._taken = usual = others.usual(now, self._age)
        margin = others.margin(now)
        proven = others.proven(now)
        self._renew_offer(now, usual)
        self.most = max(1, int(min(self.limit * self._share, self._recovering(now))))
        # A crack in the door: where every slot is filled again at once, nobody else would ever be seen.
        budget = self._budget(usual, usual, margin if usual or proven else 0.0)
        if usual:
            budget = min(budget, self._rising + self._growth(now))
        self._rising, self._told_at = budget, now
        self.by_answer = max(1, int(budget))
        # Without evidence the send times say nothing of when the server counted.
        self.by_send = int(self._budget(max(usual, others.peak), usual, margin)) if proven else 0

    @property
    def alone(self) -> bool:
        """Whether nobody else uses the limit, as far as the answers tell, and no 429 says otherwise."""
        return not self._taken and self._cut is None

    @property
    def why_less(self) -> str:
        """Why the budgets are lower than the limit, for a person; empty where only a margin is kept."""
        reasons = []
        if self._taken > 0:
            reasons.append(f"others use {self._taken}")
        if self._cut is not None:
            reasons.append("slower after a 429")
        if self._share < 1:
            reasons.append(f"--reserve {100 * (1 - self._share):g}")
        return ", ".join(reasons)

    @property
    def spread(self) -> float:
        """Over how many requests an interval is spread: all that may be ours, to make up for delays.

        Of a small part each request comes in its time, since every answer tells what the others do.
        """
        return min(float(self.most), _CATCH_UP * self.by_answer)

    def _growth(self, now: float) -> float:
        """Requests per interval by which the budget may have grown since it was last told."""
        quiet = min(now - self._told_at, _LONGEST_STEP)
        return self.limit * _GROWTH / self.interval * quiet / max(1.0, self._age)

    def _renew_offer(self, now: float, usual: int) -> None:
        """Once in an interval: offer as much as we can where the last offer was taken, else half of it."""
        if now - self._offered_at < self.interval:
            return
        taken = usual - self._offered_to >= self._offer / 2
        self._offer = self.limit * _OFFER if taken else max(1.0, self._offer / 2)
        self._offered_at, self._offered_to = now, usual

    def _budget(self, excess: int, taken: int, margin: float) -> float:
        """Requests per interval that are ours, where others have `taken` and the excess may be larger."""
        free = self.limit - excess - margin
        beyond_half = free - self.limit / 2
        if taken and beyond_half > 0:
            free -= min(self._offer, taken, beyond_half)
        return min(max(free, self.limit * _FOOT_IN_THE_DOOR, 1.0), self.most)

    def _recovering(self, now: float) -> float:
        """What the last 429 has left of the pace by now."""
        if self._cut is None:
            return inf
        quiet = min((now - self._cut_at) / self.interval, 30.0)
        level = self._cut * (1 - _STEP_UP + _STEP_UP * 2**quiet)
        if level >= self.limit:
            self._cut = None
        return level
