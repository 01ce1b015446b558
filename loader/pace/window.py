"""Our own requests in one rolling window, kept twice: by send times and by answer times."""

from __future__ import annotations

import time
from collections import deque
from math import inf

#: Clocks differ by some parts in ten thousand, and count in steps.
_CLOCK_ERROR = 0.002 + time.get_clock_info("monotonic").resolution
#: How far one request may be later on its way to the server than the one whose slot it takes by send time.
_ARRIVAL_JITTER = 0.025


class Window:
    """A log of send and answer times over a rolling window of `interval` seconds.

    A send stays in the log for an interval and the jitter of arrivals. An answer stays for an interval less
    the least `latency` of a request, since the server counted it so much earlier at least. An interval that
    changes applies at once, to old entries as well. Nothing is done on a timer: entries leave when somebody
    looks, and it makes no difference when. Times are in seconds on the loop's clock.
    """

    __slots__ = ("_answers", "_flying", "_presumed", "_sends", "interval")

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._sends: deque[float] = deque()
        self._answers: deque[float] = deque()
        self._flying: dict[int, float] = {}  # number -> send time, in the order of sending
        self._presumed: deque[float] = deque()  # when they are presumed to have been counted

    @property
    def oldest(self) -> float:
        """When the oldest request in the log was sent; -inf where there is none."""
        return self._sends[0] if self._sends else -inf

    def send(self, number: int, now: float) -> None:
        """Note a request that goes out now."""
        self._sends.append(now)
        self._flying[number] = now

    def land(self, number: int, now: float) -> None:
        """Note that a request has ended, with or without an answer."""
        if self._flying.pop(number, None) is not None:  # None: presumed counted long ago
            self._answers.append(now)

    def release(self, number: int, sent: float) -> None:
        """Forget a request that was not sent after all, though it was noted at `sent`."""
        self._flying.pop(number, None)
        if sent in self._sends:
            self._sends.remove(sent)

    def sent(self, now: float) -> int:
        """How many requests may have arrived within the last interval."""
        sends, keep = self._sends, self.interval + _ARRIVAL_JITTER
        while sends and sends[0] + keep <= now:  # not `now - keep`: the same sum as in `full_until`
            sends.popleft()
        return len(sends)

    def held(self, now: float, latency: float) -> int:
        """How many requests are under way or were answered so lately that they may still be counted.

        A request that has been under way for a whole interval is presumed to have been counted by now: a
        limit is enforced at the server's door, and what has not got through the door in ten seconds is a
        broken connection. Else answers that take half a minute would choke the pace.
        """
        flying, presumed, interval = self._flying, self._presumed, self.interval
        while flying:
            number = next(iter(flying))
            if flying[number] + interval > now:
                break
            presumed.append(flying.pop(number) + interval)
        while presumed and presumed[0] + interval <= now:
            presumed.popleft()
        answers, keep = self._answers, self._keep_answers(latency)
        while answers and answers[0] + keep <= now:
            answers.popleft()
        return len(answers) + len(presumed) + len(flying)

    def full_until(self, now: float, latency: float, by_answer: int, by_send: int) -> float | None:
        """When to look again at a window in which so many requests fit by either time; None: it has room."""
        if self.held(now, latency) < by_answer or self.sent(now) < by_send:
            return None
        # The oldest answer leaves the log, or the oldest of those that are presumed or will be.
        wake = self._answers[0] + self._keep_answers(latency) if self._answers else inf
        if self._presumed:
            wake = min(wake, self._presumed[0] + self.interval)
        elif self._flying:
            wake = min(wake, next(iter(self._flying.values())) + self.interval)
        return min(wake, self._sends[0] + self.interval + _ARRIVAL_JITTER) if by_send else wake

    def _keep_answers(self, latency: float) -> float:
        return max(0.0, self.interval + _CLOCK_ERROR - latency)
