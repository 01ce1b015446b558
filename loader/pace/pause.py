"""One pause for everyone, and what makes a pacer ask for it."""

from __future__ import annotations

from loader.pace.permit import Watch

#: The longest pause that an answer may ask for; the longer ones (477, daily limit) are decided above.
_LONGEST = 300.0
#: The shortest pause after a 429: `Retry-After: 0` must not become a busy loop.
_SHORTEST = 0.5
_FIRST = 1.0


class Pause:
    """Until when nobody sends, and why: one for all the pacers of a run. Times on the loop's clock."""

    def __init__(self, watch: Watch | None = None) -> None:
        self.until = 0.0
        self.reason = ""
        self._watch = watch

    def begin(self, now: float, seconds: float, reason: str) -> None:
        """Pause for `seconds` from now; a longer pause that is under way stays."""
        until = now + max(0.0, seconds)
        if until <= self.until or seconds <= 0:
            return
        self.until, self.reason = until, reason
        if self._watch is not None:
            self._watch("pause", {"seconds": round(seconds, 3), "reason": reason})

    def left(self, now: float) -> float:
        """Seconds until sending may go on."""
        return max(0.0, self.until - now)


class Throttling:
    """The short-term 429s of one pacer. A burst of them is one episode with one `pause` for everyone.

    Unasked, no pause is longer than an interval: the window is empty then.
    """

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self._episodes = 0  # in a row, without an answer in between
        self._episode_at = -1.0

    def throttled(self, now: float, sent: float, retry_after: float | None, interval: float) -> bool:
        """Pause after a 429 to a request sent at `sent`; False where that burst has been paused for already.

        Without `retry_after` the pause is a second, twice that if it has not helped, and so on up to the
        interval.
        """
        if sent <= self._episode_at:
            if retry_after is not None:
                self._pause.begin(now, min(retry_after, _LONGEST), "throttled")
            return False
        self._episodes += 1
        if retry_after is None:
            seconds = min(_FIRST * 2 ** min(self._episodes - 1, 10), interval)
        else:
            seconds = min(retry_after, _LONGEST)
        seconds = max(seconds, _SHORTEST)
        self._episode_at = now
        self._pause.begin(now, seconds, "throttled")
        return True

    def relieve(self, sent: float) -> None:
        """A request sent at `sent` has been answered: if that was after the pause, it has helped."""
        if sent > self._episode_at:
            self._episodes = 0
