"""Observers of a command: a terminal, a log, a program of the caller."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from loader.commands.progress import Progress, log_progress
from loader.engine.stats import RunStats
from loader.pace import PaceReading

_LOG = logging.getLogger("loader")
#: Seconds between two lines of a run's progress in the log.
_MINUTE = 60.0


class Observer:
    """Is told how a command goes. Every method does nothing: override those that you need.

    The methods are called in the run's event loop, except `reading`, which is called in the thread that
    reads. They should return quickly.
    """

    def reading(self, rows: int) -> None:
        """The first reading of the input has reached this data row."""

    def warn(self, message: str) -> None:
        """Something that a person should know, but that does not end the command."""

    def decided(self, name: str, details: dict[str, object]) -> None:
        """A decision on the way: a pause, a change of pace, a stop. The words are those of `--log-file`."""

    def begin(
        self, lines: Sequence[str], stats: RunStats, pace: Callable[[], PaceReading], before: int = 0
    ) -> None:
        """The first pair is about to be sent.

        `lines` announce the run in words, `stats` and `pace` are current from now on, and `before` counts the
        pairs of this load that earlier runs settled.
        """

    def end(self) -> None:
        """The run has ended, for whatever reason."""


class LogObserver(Observer):
    """Tells the logger ``loader``: warnings, the beginning and a line a minute (INFO), decisions (DEBUG)."""

    def __init__(self) -> None:
        self._ticking: asyncio.Task[None] | None = None

    def warn(self, message: str) -> None:
        """At WARNING."""
        _LOG.warning("%s", message)

    def decided(self, name: str, details: dict[str, object]) -> None:
        """At DEBUG."""
        _LOG.debug("%s %s", name, details)

    def begin(
        self, lines: Sequence[str], stats: RunStats, pace: Callable[[], PaceReading], before: int = 0
    ) -> None:
        """At INFO, a line each, and from now on one a minute."""
        for line in lines:
            _LOG.info("%s", line)
        self._ticking = asyncio.create_task(log_progress(Progress(stats, pace, before), _LOG.info, _MINUTE))

    def end(self) -> None:
        """No more lines."""
        if self._ticking is not None:
            self._ticking.cancel()
