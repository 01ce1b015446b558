"""Plain lines every ten seconds, for a log, a pipe or a scheduler."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from loader.commands.observer import Observer
from loader.commands.progress import Counts, Progress
from loader.pace import PaceReading
from loader.text import escape_controls, pluralize


class Lines(Observer):
    """An observer of a run that writes plain lines on standard error. A context manager.

    verbosity: below 0 says warnings only, above 0 says decisions too
    """

    #: Seconds between two updates.
    every = 10.0

    def __init__(self, verbosity: int) -> None:
        self._verbosity = verbosity
        self._ticking: asyncio.Task[None] | None = None
        self._told = time.monotonic()
        self._counts: Counts | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()

    def tell(self, message: str) -> None:
        """Write a line."""
        with suppress(OSError, ValueError):  # the reader has left: no reason to end a run
            print(escape_controls(message), file=sys.stderr, flush=True)  # noqa: T201 - standard error is the place

    def warn(self, message: str) -> None:
        """Write a warning, whatever the verbosity."""
        self.tell(f"warning: {message}")

    def stopping(self) -> None:
        """Say that the run is going to end."""
        requests = self._counts.in_flight() if self._counts is not None else 0
        waiting = f"waiting for {pluralize(requests, 'request')}" if requests else "nothing is in flight"
        self.tell(f"Stopping: {waiting}. Interrupt again to quit now.")

    def reading(self, rows: int) -> None:
        """Say how far the first reading is; called in the reading thread."""
        now = time.monotonic()
        if self._verbosity >= 0 and now - self._told >= Lines.every:
            self._told = now
            self.tell(f"Reading the input: {rows:,} rows so far")

    def decided(self, name: str, details: dict[str, object]) -> None:
        """Write a decision if ``-v`` asks for more."""
        if self._verbosity > 0:
            self.tell(" ".join([name, *(f"{key}={value}" for key, value in details.items())]))

    def begin(
        self, lines: Sequence[str], counts: Counts, pace: Callable[[], PaceReading], before: int = 0
    ) -> None:
        """Announce the run, and report its progress from now on."""
        self._counts = counts
        if self._verbosity < 0:
            return
        for line in lines:
            self.tell(line)
        self._follow(Progress(counts, pace, before))

    def _follow(self, progress: Progress) -> None:
        self._ticking = asyncio.create_task(self._tick(progress))

    async def _tick(self, progress: Progress) -> None:
        while True:
            await asyncio.sleep(self.every)
            self._show(progress)

    def _show(self, progress: Progress) -> None:
        self.tell(progress.line())
