"""What the account's window holds beyond our own requests, as the answers tell it.

An answer's `Max - Remaining` is what the server has in its window; we know how many of these we sent
ourselves. The difference, the excess, is what other integrations use, give or take the jitter of our own
requests on their way (and far below zero early in a fixed window, which forgets everything at once).

Nobody says whether a server looks up what remains when it counts a request or when it answers. With answers
that take a second that makes a difference of 20 requests at the usual limit, and our own would pass for
somebody else's. But only one of the two makes the excess independent of what we have under way (`Moment`).
"""

from __future__ import annotations

from collections import deque
from math import inf
from statistics import median_high

#: Answers without which the send times are no evidence.
_ENOUGH = 50
#: The widest spread of the excess that is not yet jitter: two requests sent at once may change places.
_NARROW = 1
#: Where a window holds fewer requests than this, one request is too coarse a measure of their way.
_FINE = 50
#: For how many intervals a kind of window, or jitter, is thought to last after it was last seen.
_MEMORY = 3
#: The usual excess is taken over this share of the interval, at most over this many answers.
_RECENT_SHARE, _RECENT_ANSWERS = 0.1, 32
#: The distance kept from the limit grows with each surprise up to this share of the limit.
_WIDEST_MARGIN = 0.05
_SMALL_MARGIN = 2.0
#: Over how many answers changes are averaged, how much larger those by one guess must be than by the other to
#: be evidence, and the requests under way from which on the question matters.
_ANSWERS, _CLEARLY, _AT_LEAST, _MATTERS = 32, 5.0, 0.25, 5.0
#: What others have can't be less than nothing, but for requests on their way.
_BELOW_ZERO = -2.0


class Moment:
    """When the server looks up what remains: as it counts a request, or as it answers.

    The wrong guess puts our own requests under way into the excess, where they make it change from one answer
    to the next. So the guess is right for which it changes less, unless it comes out below zero: then the
    server had not even counted what was under way.
    """

    def __init__(self) -> None:
        self.late = False  # as it answers
        self._latest: tuple[int, int] | None = None
        # Of the excess by either guess, on average over the latest answers: its changes, and itself.
        self._changes = self._levels = (0.0, 0.0)
        self._answers = 0

    def excess(self, early: int, late: int) -> int:
        """The likelier of two: the excess by what we had sent when the request was, and by what by now."""
        if self._latest is None:
            self._levels = float(early), float(late)
        else:
            self._changes = (
                _average(self._changes[0], abs(early - self._latest[0])),
                _average(self._changes[1], abs(late - self._latest[1])),
            )
            self._levels = _average(self._levels[0], early), _average(self._levels[1], late)
            if self._answers >= 2 * _ANSWERS:
                self._guess_again()
        self._latest = early, late
        self._answers += 1
        return late if self.late else early

    def _guess_again(self) -> None:
        early, late = self._changes
        if self._levels[1] < _BELOW_ZERO:
            self.late = False
        elif self.late:
            self.late = late <= _CLEARLY * early + _AT_LEAST
        else:
            under_way = self._levels[0] - self._levels[1]
            self.late = under_way > _MATTERS and early > _CLEARLY * late + _AT_LEAST


def _average(before: float, value: float) -> float:
    return before + (value - before) / _ANSWERS


class ForeignUsage:
    """Excess over one interval of answers, for one limit; a changed limit needs a new one."""

    def __init__(self, limit: int, interval: float) -> None:
        self._limit = limit
        self._interval = interval
        self._peaks: deque[tuple[float, int]] = deque()  # (time, excess), falling: the first is the peak
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT_ANSWERS)
        self._answers = 0  # that are evidence
        self._first = inf
        self._fixed_until = self._spread_until = 0.0
        self._margin = 1.0
        self._margin_at = -inf
        self._moment = Moment()

    def learn(self, now: float, remaining: int, own: int, own_now: int) -> None:
        """Take note of an answer: `remaining` as it says, `own` requests sent in the window up to that one.

        `own_now` is the same up to now.
        """
        taken, late = self._limit - remaining, self._moment.late
        excess = self._moment.excess(taken - own, taken - own_now)
        if self._moment.late is not late:  # all that was learned rests on the wrong guess
            self._peaks.clear()
            self._recent.clear()
            self._answers, self._spread_until = 0, 0.0
        self._first = min(self._first, now)
        if now - self._first >= self._interval:  # a window that only fills says nothing of what leaves it
            self._answers += 1
        while self._peaks and self._peaks[-1][1] <= excess:
            self._peaks.pop()
        self._peaks.append((now, excess))
        while self._peaks[0][0] <= now - self._interval:
            self._peaks.popleft()
        self._recent.append((now, excess))
        while self._recent[0][0] < now - self._interval * _RECENT_SHARE:
            self._recent.popleft()
        if 4 * excess < -self._limit:
            # The server has forgotten what a rolling window would still hold.
            self._fixed_until = now + _MEMORY * self._interval
        if self.peak - self._middle() > _NARROW:
            self._spread_until = now + _MEMORY * self._interval

    def widen(self, now: float, by: int) -> None:
        """Keep more distance for a while: the window was full, or overfull, against expectation."""
        if now - self._margin_at < self._interval * _RECENT_SHARE:
            return  # the answers to what was under way at the time are no further surprise
        self._margin = min(self.margin(now) + by, max(1.0, self._limit * _WIDEST_MARGIN))
        self._margin_at = now

    def margin(self, now: float) -> float:
        """Requests to stay below the limit: 1, and more for some windows after each surprise.

        Whoever has the smaller part keeps the smaller distance, so that it comes to have its half.
        """
        margin = max(1.0, self._margin - 2 * (now - self._margin_at) / self._interval)
        return min(margin, _SMALL_MARGIN) if 2 * self.usual(now) >= self._limit else margin

    def proven(self, now: float) -> bool:
        """Whether the server counts requests in the order and at the distance in which they are sent.

        So it is where the excess has been the same, but for a request or two, in all answers of the last
        intervals. Jitter before counting spreads it.
        """
        return self._answers >= _ENOUGH and self._limit >= _FINE and now >= self._spread_until

    @property
    def peak(self) -> int:
        """The largest excess of the last interval; at least 0."""
        return max(0, self._peaks[0][1]) if self._peaks else 0

    def usual(self, now: float, age: float = 0.0) -> int:
        """What others have in the window now, at least 0.

        The middle of the latest answers, which jitter leaves alone; in a fixed window only its fullest
        moment tells.
        """
        stale = age > self._interval * _RECENT_SHARE and 10 * self.peak > self._limit
        return self.peak if stale or now < self._fixed_until else self._middle()

    def _middle(self) -> int:
        return max(0, median_high(excess for _, excess in self._recent)) if self._recent else 0
