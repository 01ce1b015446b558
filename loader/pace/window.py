"""Our own requests in one rolling window, kept twice: by send time and by answer time."""

from __future__ import annotations

import time
from collections import deque
from math import inf

#: Clocks differ by some parts in ten thousand, and count in steps.
_CLOCK_ERROR = 0.002 + time.get_clock_info("monotonic").resolution


class Window:
    """The slots of one rolling window. All times are seconds on the loop's clock.

    Old entries are dropped when the window is next read, not by a timer; the result is the same.

    Attributes:
        interval: length of the window in seconds; a change applies to old entries as well.
        jitter: by how many seconds a request may arrive later than its send time suggests.
    """

    __slots__ = ("_answers", "_in_flight", "_sends", "interval", "jitter")

    def __init__(self, interval: float, jitter: float) -> None:
        self.interval = interval
        self.jitter = jitter
        self._sends: deque[float] = deque()
        self._answers: deque[float] = deque()
        self._in_flight: dict[int, float] = {}  # permit number -> send time

    @property
    def oldest(self) -> float:
        """When the oldest request was sent; -inf if there is none."""
        return self._sends[0] if self._sends else -inf

    def start(self, number: int, now: float) -> int:
        """Note that a request goes out now. Returns the same as `sent`."""
        self._sends.append(now)
        self._in_flight[number] = now
        return self.sent(now)

    def end(self, number: int, now: float) -> None:
        """Note that a request was answered now, or that no answer will come."""
        del self._in_flight[number]
        self._answers.append(now)

    def release(self, number: int) -> None:
        """Forget a request that was not sent after all."""
        sent = self._in_flight.pop(number)
        if sent in self._sends:
            self._sends.remove(sent)

    def sent(self, now: float) -> int:
        """How many requests were sent within the last interval and the jitter before it."""
        sends, keep = self._sends, self.interval + self.jitter
        while sends and sends[0] + keep <= now:  # not `now - keep`: the same sum as in `full_until`
            sends.popleft()
        return len(sends)

    def held(self, now: float) -> int:
        """How many requests are in flight or were answered within the last interval."""
        answers, keep = self._answers, self.interval + _CLOCK_ERROR
        while answers and answers[0] + keep <= now:
            answers.popleft()
        return len(answers) + len(self._in_flight)

    def full_until(self, now: float, by_answer: int, by_send: int) -> float | None:
        """When to look again for a free slot (inf: when a request ends); None: there is one.

        There is one if fewer than `by_answer` requests are `held`, or fewer than `by_send` were `sent`.
        """
        if self.held(now) < by_answer:
            return None
        wake = self._answers[0] + self.interval + _CLOCK_ERROR if self._answers else inf
        if not by_send:
            return wake
        if self.sent(now) < by_send:
            return None
        return min(wake, self._sends[0] + self.interval + self.jitter)
