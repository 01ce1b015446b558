"""How far a run is, how fast, and when it will end, in words."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from loader.model import Status
from loader.pace import PaceReading
from loader.text import duration, pluralize

#: Seconds over which the rate is measured, and after which it is meaningful.
_RATE_OVER, _RATE_FROM = 60.0, 2.0
#: Seconds without a result after which no end is predicted: pairs wait for a retry.
_STALLED = 5.0
#: Seconds; a later end is shown with its date.
_SAME_DAY = 16 * 3600.0


class Counts(Protocol):
    """What is counted while a run goes on (`engine.RunStats`).

    total: pairs that this run has to settle, at most
    by_status: pairs that it has settled
    throttled: how often the ten-second limit was met (429)
    pause: why nothing is sent just now; empty if there is no pause
    in_flight: says how many requests have no answer yet
    """

    @property
    def total(self) -> int: ...

    @property
    def by_status(self) -> Counter[Status]: ...

    @property
    def throttled(self) -> int: ...

    @property
    def pause(self) -> str: ...

    @property
    def in_flight(self) -> Callable[[], int]: ...


class Progress:
    """The state of one run, as lines of words. Times are in seconds, as `clock` tells them.

    before: pairs of the same load that earlier runs settled
    """

    def __init__(
        self,
        counts: Counts,
        pace: Callable[[], PaceReading],
        before: int = 0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self.counts = counts
        self._pace, self._before, self._clock, self._now = pace, before, clock, now
        self._began = clock()
        self._marks: deque[tuple[float, int]] = deque([(self._began, counts.by_status.total())])
        self._changed = self._began

    @property
    def settled(self) -> int:
        """Pairs that this run has settled."""
        return self.counts.by_status.total()

    @property
    def left(self) -> int:
        """Pairs that it still has to settle."""
        return max(0, self.counts.total - self.settled)

    def line(self) -> str:
        """Everything on one line."""
        return "; ".join([self.done(), self.speed(), *self.remarks()])

    def done(self) -> str:
        """``8,412 of 40,000 pairs (21.0%), 12 failed, 31,588 left``"""
        share = self.settled / self.counts.total if self.counts.total else 1.0
        by_status = {status: self.counts.by_status[status] for status in (Status.FAILED, Status.GAVE_UP)}
        failed = [f"{n:,} {status.replace('_', ' ')}" for status, n in by_status.items() if n]
        done = f"{self.settled:,} of {pluralize(self.counts.total, 'pair')} ({share:.1%})"
        return ", ".join([done, *failed, f"{self.left:,} left"])

    def speed(self) -> str:
        """``19.0 pairs/s, 7 min so far, 28 min to go (until 17:42)``, at the rate of the last minute."""
        elapsed = self._clock() - self._began
        rate = self._rate()
        words = [f"{rate:,.1f} pairs/s", f"{duration(elapsed)} so far"]
        if not self.left:
            return ", ".join(words)
        if not rate or elapsed < _RATE_FROM or self._clock() - self._changed > _STALLED:
            return ", ".join([*words, "time left unknown"])
        return ", ".join([*words, f"{duration(self.left / rate)} to go ({self._until(self.left / rate)})"])

    def remarks(self) -> list[str]:
        """The pace, pauses with their reason, 429s, the daily limit if it ends first, and earlier runs."""
        pace = self._pace()
        words = [_allowance(pace)] if pace.limit is not None else []
        if self.counts.pause:
            words.append(f"paused: {self.counts.pause}")
        elif pace.paused_for > 0:
            words.append(f"paused for {pace.paused_for:.0f} s more: {pace.pause_reason}")
        if self.counts.throttled:
            words.append(f"too many requests (429): {pluralize(self.counts.throttled, 'time')}")
        if (calls := self._calls_short(pace)) is not None:
            words.append(f"today's API calls run out first: {calls:,} are left")
        if self._before:
            everything = self._before + self.settled
            words.append(f"in all {everything:,} of {pluralize(self._before + self.counts.total, 'pair')}")
        return words

    def _rate(self) -> float:
        now = self._clock()
        if self.settled != self._marks[-1][1]:
            self._changed = now
        self._marks.append((now, self.settled))
        while now - self._marks[0][0] > _RATE_OVER and len(self._marks) > 2:
            self._marks.popleft()
        began, first = self._marks[0]
        return (self.settled - first) / (now - began) if now > began else 0.0

    def _until(self, seconds: float) -> str:
        end = self._now() + timedelta(seconds=seconds)
        return f"until {end:%H:%M}" if seconds < _SAME_DAY else f"until {end:%a %d %b, %H:%M}"

    def _calls_short(self, pace: PaceReading) -> int | None:
        """The day's remaining calls if the rest needs more, at the requests per pair so far; else None."""
        if pace.daily_remaining is None or not self.settled:
            return None
        needed = self.left * pace.requests / self.settled
        return pace.daily_remaining if needed > pace.daily_remaining else None


async def log_progress(progress: Progress, log: Callable[[str], None], every: float) -> None:
    """Log one line every `every` seconds, until it is cancelled."""
    while True:
        await asyncio.sleep(every)
        log(progress.line())


def _allowance(pace: PaceReading) -> str:
    less = pace.why_less if pace.limit is not None and pace.allowance < pace.limit else ""
    most = f"{pace.allowance:,} of {pace.limit:,}" if less else f"{pace.allowance:,}"
    return f"at most {most} requests per {pace.interval:g} s" + (f" ({less})" if less else "")
