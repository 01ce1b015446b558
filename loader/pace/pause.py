"""The pause for every request of a run, and how short-term 429s lead to one."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TypeAlias

#: Told of each decision: its name (``limit``, ``pause``, ``pace``) and its details, ready for a log line.
Watch: TypeAlias = Callable[[str, dict[str, object]], None]

#: The longest pause that a 429 may ask for, in seconds; longer ones (477, daily limit) are up to the engine.
_LONGEST = 300.0
#: The shortest pause after a 429: `Retry-After: 0` must not become a busy loop.
_SHORTEST = 0.5
#: The pause after a 429 that does not ask for one; doubled as long as pauses do not help.
_FIRST = 1.0


class Pause:
    """Until when no request may go out. All times are seconds on the loop's clock.

    Attributes:
        until: when the pause ends.
        reason: why there is one, for a person.
    """

    def __init__(self, watch: Watch | None) -> None:
        self.until = -inf
        self.reason = ""
        self._watch = watch
        self._bursts = 0  # of 429s in a row, without a good answer to a request sent in between
        self._burst_at = -inf

    def begin(self, now: float, seconds: float, reason: str) -> None:
        """Pause for `seconds` from now; a longer pause that has begun stays."""
        until = now + seconds
        if seconds <= 0 or until <= self.until:
            return
        self.until, self.reason = until, reason
        if self._watch is not None:
            self._watch("pause", {"seconds": round(seconds, 3), "reason": reason})

    def left(self, now: float) -> float:
        """Seconds until the pause ends; 0 if there is none."""
        return max(0.0, self.until - now)

    def throttled(self, now: float, sent: float, retry_after: float | None, interval: float) -> bool:
        """Pause after a 429 to a request sent at `sent`. False if its burst has already led to a pause.

        `retry_after` makes a pause longer, never shorter. Without it none is longer than `interval`: the
        window is empty then.
        """
        new = sent > self._burst_at
        if new:
            self._bursts += 1
            self._burst_at = now
        own = min(_FIRST * 2.0 ** min(self._bursts - 1, 10), interval) if new else 0.0
        if new or retry_after is not None:
            asked = min(retry_after or 0.0, _LONGEST)
            self.begin(now, max(_SHORTEST, own, asked), "throttled")
        return new

    def answered(self, sent: float) -> None:
        """Take note of a good answer to a request sent at `sent`: it ends a series of bursts begun before."""
        if sent > self._burst_at:
            self._bursts = 0
