"""Plain lines every ten seconds, for a log, a pipe or a scheduler."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from loader.commands import LoadPlan, RunStats
from loader.commands.forecast import announcement, duration
from loader.hubspot.account import Account
from loader.model import GOOD
from loader.pace import PaceReading
from loader.text import escape_controls

_RATE_OVER = 30.0


class Pulse:
    """Rows per second over the last half minute; times in seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def rate(self, settled: int, now: float) -> float:
        """Take note of the rows settled by `now`, and say how many come per second."""
        self._marks.append((now, settled))
        while now - self._marks[0][0] > _RATE_OVER:
            self._marks.popleft()
        began, first = self._marks[0]
        return (settled - first) / (now - began) if now > began else 0.0


class Lines:
    """The audience of a run that writes plain lines. A context manager."""

    #: Seconds between two looks at how things stand.
    every = 10.0

    def __init__(self, verbosity: int) -> None:
        self._verbosity = verbosity
        self._ticking: asyncio.Task[None] | None = None
        self._pulse = Pulse()
        self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()

    def tell(self, message: str) -> None:
        """Say something in between."""
        with suppress(OSError, ValueError):  # nobody listens any more: no reason to end a run
            print(escape_controls(message), file=sys.stderr, flush=True)  # noqa: T201 - where it is said

    def warn(self, message: str) -> None:
        """Say what a person should know, however quiet."""
        self.tell(f"warning: {message}")

    def reading(self, rows: int) -> None:
        """How far the first reading has come; called in the reading thread."""
        now = time.monotonic()
        if self._verbosity >= 0 and now - self._told >= Lines.every:
            self._told = now
            self.tell(f"reading the input: {rows:,} rows so far")

    def decided(self, name: str, details: dict[str, object]) -> None:
        """A decision on the way, told only where more was asked for (``-v``)."""
        if self._verbosity > 0:
            self.tell(" ".join([name, *(f"{key}={value}" for key, value in details.items())]))

    def begin(
        self, plan: LoadPlan, account: Account | None, stats: RunStats, pace: Callable[[], PaceReading]
    ) -> None:
        """Say what is going to happen, and from now on how it goes."""
        if self._verbosity < 0:
            return
        for line in announcement(plan, account, pace()):
            self.tell(line)
        self.follow(stats, pace)

    def follow(self, stats: RunStats, pace: Callable[[], PaceReading]) -> None:
        """Say from now on how it goes."""
        if self._verbosity < 0:
            return
        self._pulse.rate(stats.settled, time.monotonic())
        self._ticking = asyncio.create_task(self._tick(stats, pace))

    async def _tick(self, stats: RunStats, pace: Callable[[], PaceReading]) -> None:
        while True:
            await asyncio.sleep(self.every)
            self.show(stats, pace(), self._pulse.rate(stats.settled, time.monotonic()))

    def show(self, stats: RunStats, pace: PaceReading, rate: float) -> None:
        """Say how things stand."""
        self.tell("; ".join([*stand(stats, rate), speed(pace, rate), *troubles(stats, pace)]))


def stand(stats: RunStats, rate: float) -> list[str]:
    """How far the run is: rows and their share, and when it will end."""
    share = stats.settled / stats.total if stats.total else 1.0
    left = (stats.total - stats.settled) / rate if rate else None
    return [
        f"{stats.settled:,} of {stats.total:,} rows ({share:.1%})",
        f"{duration(left)} to go" if left is not None else "time to go unknown",
    ]


def speed(pace: PaceReading, rate: float) -> str:
    """The rate against the limit. Rows are no requests: a batch has many, an existing row needs none."""
    words = f"{rate:,.1f} rows/s"
    if pace.limit is None:
        return words
    less = pace.why_less if pace.allowance < pace.limit else ""
    most = f"{pace.allowance:,} of {pace.limit:,}" if less else f"{pace.allowance:,}"
    return f"{words}, at most {most} requests per {pace.interval:g} s" + (f" ({less})" if less else "")


def troubles(stats: RunStats, pace: PaceReading) -> list[str]:
    """What does not go smoothly: pauses with their reason and end, failures by cause."""
    words = []
    if stats.pause:
        words.append(f"paused: {stats.pause}")
    elif pace.paused_for > 0:
        words.append(f"paused for {pace.paused_for:.0f} s more: {pace.pause_reason}")
    words += [f"{count:,} {status}" for status, count in stats.by_status.items() if status not in GOOD]
    if stats.throttled:
        words.append(f"{stats.throttled:,} times too many requests (429)")
    return words
