"""Who is told how a command goes: a terminal, a log, a program of the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loader.engine.stats import RunStats
from loader.pace import PaceReading


class Observer:
    """Is told how a command goes, and does nothing about it: override what you want to hear.

    Every method is called in the run's event loop, but `reading` in the thread that reads. They should return
    quickly.
    """

    def reading(self, rows: int) -> None:
        """The first reading of the input has come to this data row."""

    def warn(self, message: str) -> None:
        """Something that a person should know, but that does not end the command."""

    def decided(self, name: str, details: dict[str, object]) -> None:
        """A decision on the way: a pause, a change of pace, a stop. The words are those of `--log-file`."""

    def begin(
        self, lines: Sequence[str], stats: RunStats, pace: Callable[[], PaceReading], before: int = 0
    ) -> None:
        """All is known that can be known before the first pair is sent.

        `lines` say it in words, `stats` and `pace` are current from now on, and `before` counts the pairs of
        this load that earlier runs settled.
        """
