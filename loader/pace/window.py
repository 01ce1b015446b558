"""Our own requests in one rolling window, kept twice: by send times and by answer times."""

from __future__ import annotations

from collections import deque
from math import inf


class Window:
    """A log of send and answer times over a rolling window of `interval` seconds.

    The caller says how long a time stays in the log, so an interval that changes applies at once, to old
    entries as well. Nothing is done on a timer: entries leave when somebody looks.
    """

    __slots__ = ("_answers", "_flying", "_sends", "interval")

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._sends: deque[float] = deque()
        self._answers: deque[float] = deque()
        self._flying: dict[int, float] = {}  # number -> send time, in the order of sending

    def copy(self) -> Window:
        """Another log of the same requests."""
        copy = Window(self.interval)
        copy._sends, copy._answers, copy._flying = (
            self._sends.copy(),
            self._answers.copy(),
            self._flying.copy(),
        )
        return copy

    def send(self, number: int, now: float) -> None:
        """Note a request that goes out now."""
        self._sends.append(now)
        self._flying[number] = now

    def land(self, number: int, now: float) -> None:
        """Note that a request has ended, with or without an answer."""
        if self._flying.pop(number, None) is not None:  # None: presumed counted long ago
            self._answers.append(now)

    def sent(self, now: float, keep: float) -> int:
        """How many requests were sent within the last `keep` seconds."""
        sends = self._sends
        while sends and sends[0] + keep <= now:  # not `now - keep`: the same sum as in `next_by_send`
            sends.popleft()
        return len(sends)

    def held(self, now: float, keep: float) -> int:
        """How many requests are under way or were answered within the last `keep` seconds.

        A request that has been under way for a whole interval is presumed to have been counted by now: a
        limit is enforced at the server's door, and what has not got through the door in ten seconds is a
        broken connection. Else answers that take half a minute would choke the pace.
        """
        flying = self._flying
        while flying:
            number = next(iter(flying))
            if flying[number] + self.interval > now:
                break
            del flying[number]
            self._answers.append(now + self.interval - keep)  # a whole interval from now, whatever `keep` is
        answers = self._answers
        while answers and answers[0] + keep <= now:
            answers.popleft()
        return len(answers) + len(flying)

    def next_by_send(self, keep: float) -> float:
        """When the oldest send time leaves the log, in seconds on the loop's clock."""
        return self._sends[0] + keep if self._sends else inf

    def next_by_answer(self, keep: float) -> float:
        """When the oldest answer leaves the log, or the oldest request under way counts as answered."""
        if self._answers:
            return self._answers[0] + keep
        return next(iter(self._flying.values())) + self.interval if self._flying else inf
