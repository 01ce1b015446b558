"""How many requests of other integrations are in the account's window, according to the answers.

`Max - Remaining` is the number of requests in the server's window, and we know how many of these are ours.
The rest is the excess: foreign usage, plus or minus the jitter of our own requests on their way.
"""

from __future__ import annotations

from collections import deque
from statistics import median_high

#: With fewer answers than this, send times are no evidence.
_ENOUGH_ANSWERS = 50
#: The widest spread of the excess that is not yet jitter: two requests sent at once may swap places.
_NARROW_SPREAD = 1
#: With fewer requests per second than this, one request is too coarse a measure of jitter.
_FINE_RATE = 10.0
#: For how many intervals jitter is expected to last after it was last seen.
_JITTER_LASTS = 3
#: Which answers are recent: those of this share of the interval, and at most this many.
_RECENT_SHARE, _RECENT_ANSWERS = 0.1, 32
#: Below this share of the limit, foreign usage changes too little for old answers to mislead.
_SMALL_SHARE = 0.1


class ForeignUsage:
    """The excess over one interval of answers, for one limit; a changed limit needs a new object."""

    def __init__(self, limit: int, interval: float) -> None:
        """`limit` is in requests per `interval` seconds."""
        self._limit = limit
        self._interval = interval
        self._falling: deque[tuple[float, int]] = deque()  # (time, excess), the largest of the interval first
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT_ANSWERS)  # (time, excess)
        self._answers = 0
        self._jitter_until = 0.0
        self._slow = False
        self._semantics = RemainingSemantics()

    def learn(self, now: float, remaining: int, own: tuple[int, int], latency: float) -> None:
        """Take note of an answer that took `latency` seconds and says `remaining`.

        `own` is how many requests of ours were in the window when this one was sent, and how many are now.
        """
        taken, at_answer = self._limit - remaining, self._semantics.at_answer
        excess = self._semantics.excess(taken - own[0], taken - own[1])
        if self._semantics.at_answer is not at_answer:  # all that was learned rests on the wrong guess
            self._falling.clear()
            self._recent.clear()
            self._answers, self._jitter_until = 0, 0.0
        self._answers += 1
        self._slow = latency > self._interval * _RECENT_SHARE
        while self._falling and self._falling[-1][1] <= excess:
            self._falling.pop()
        self._falling.append((now, excess))
        while self._falling[0][0] <= now - self._interval:
            self._falling.popleft()
        self._recent.append((now, excess))
        while self._recent[0][0] < now - self._interval * _RECENT_SHARE:
            self._recent.popleft()
        if self.max_excess - self.median_excess > _NARROW_SPREAD:
            self._jitter_until = now + _JITTER_LASTS * self._interval

    def send_times_reliable(self, now: float) -> bool:
        """Whether the server counts our requests as far apart as they are sent.

        It does if the excess has varied by no more than one request in all answers of the last intervals.
        """
        fine = self._limit >= _FINE_RATE * self._interval
        return fine and self._answers >= _ENOUGH_ANSWERS and now >= self._jitter_until

    @property
    def max_excess(self) -> int:
        """The largest excess of the last interval, at least 0."""
        return max(0, self._falling[0][1]) if self._falling else 0

    @property
    def median_excess(self) -> int:
        """The median excess of the recent answers, which jitter hardly changes; at least 0."""
        return max(0, median_high(excess for _, excess in self._recent)) if self._recent else 0

    @property
    def in_use(self) -> int:
        """How many requests of others are in the window now: the median; the maximum if answers are slow."""
        outdated = self._slow and self.max_excess > self._limit * _SMALL_SHARE
        return self.max_excess if outdated else self.median_excess


#: Over how many answers the averages of `RemainingSemantics` go.
_AVERAGED = 32
#: A guess is wrong if its changes exceed this many times those of the other guess, plus this much.
_TIMES, _PLUS = 5.0, 0.25
#: With fewer requests in flight than this, the question does not matter.
_FEW_IN_FLIGHT = 5.0
#: Requests on their way can make foreign usage look negative, but not below this.
_BELOW_ZERO = -2.0


class RemainingSemantics:
    """When the server reads `Remaining`: when it counts a request, or when it answers. That is undocumented.

    The wrong guess mistakes our own requests in flight for foreign usage, which then changes from one answer
    to the next. So the guess with fewer changes is right, unless it makes foreign usage negative: then the
    requests in flight had not been counted yet.

    Attributes:
        at_answer: the guess; False at first.
    """

    def __init__(self) -> None:
        self.at_answer = False
        self._answers = 0
        self._latest = (0, 0)
        # Averages, for either guess: of the excess, and of its changes from one answer to the next.
        self._levels = self._changes = (0.0, 0.0)

    def excess(self, at_count: int, at_answer: int) -> int:
        """The likelier excess: by what we had sent when the request was sent, or by what we have sent now."""
        if self._answers:
            changes = abs(at_count - self._latest[0]), abs(at_answer - self._latest[1])
            self._changes = _average(self._changes, changes)
            self._levels = _average(self._levels, (at_count, at_answer))
            if self._answers >= 2 * _AVERAGED:
                self._guess_again()
        else:
            self._levels = float(at_count), float(at_answer)
        self._latest = at_count, at_answer
        self._answers += 1
        return at_answer if self.at_answer else at_count

    def _guess_again(self) -> None:
        at_count, at_answer = self._changes
        if self._levels[1] < _BELOW_ZERO:
            self.at_answer = False
        elif self.at_answer:
            self.at_answer = at_answer <= _TIMES * at_count + _PLUS
        else:
            in_flight = self._levels[0] - self._levels[1]
            self.at_answer = in_flight > _FEW_IN_FLIGHT and at_count > _TIMES * at_answer + _PLUS


def _average(before: tuple[float, float], now: tuple[int, int]) -> tuple[float, float]:
    return before[0] + (now[0] - before[0]) / _AVERAGED, before[1] + (now[1] - before[1]) / _AVERAGED
