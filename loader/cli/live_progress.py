"""A display that stays in place on a terminal. The only module that knows rich."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loader.cli.progress import Lines, speed, stand, troubles
from loader.commands import RunStats
from loader.pace import PaceReading
from loader.text import escape_controls


class Board(Lines):
    """Plain lines before the run, and one board in place of the later ones.

    A terminal may be closed while the run goes on (nohup, disown): then nobody looks, and that is all.
    """

    every = 0.5

    def __init__(self, verbosity: int) -> None:
        super().__init__(verbosity)
        self._console = Console(file=sys.stderr, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        with suppress(OSError):
            self._live.stop()

    def tell(self, message: str) -> None:
        """Say something above the board."""
        with suppress(OSError):
            self._console.print(Text(escape_controls(message)))

    def follow(self, stats: RunStats, pace: Callable[[], PaceReading]) -> None:
        """Put the board up."""
        super().follow(stats, pace)
        with suppress(OSError):
            self._live.start()
        self.show(stats, pace(), self._pulse.rate(stats.settled, time.monotonic()))

    def show(self, stats: RunStats, pace: PaceReading, rate: float) -> None:
        """Bring the board up to date."""
        bar = Table.grid(padding=(0, 2))
        bar.add_row(
            ProgressBar(total=max(stats.total, 1), completed=stats.settled, width=self._bar_width()),
            *(Text(words) for words in stand(stats, rate)),
        )
        words = [Text(f"  {trouble}", style="yellow") for trouble in troubles(stats, pace)]
        with suppress(OSError):
            self._live.update(Group(bar, Text(f"  {speed(pace, rate)}"), *words), refresh=True)

    def _bar_width(self) -> int:
        """What the words beside the bar leave: numbers up to a million rows and a time to go."""
        return max(8, min(30, self._console.width - 52))
