"""A display that stays in place on a terminal. The only module that knows rich."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loader.cli.progress import Lines
from loader.commands.progress import Progress
from loader.text import escape_controls


class LiveProgress(Lines):
    """Plain lines before the run, then a live display.

    A terminal may be closed while the run goes on (nohup, disown); that ends only the display.
    """

    every = 0.5

    def __init__(self, verbosity: int) -> None:
        super().__init__(verbosity)
        self._console = Console(file=sys.stderr, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        with suppress(OSError):
            self._live.stop()

    def tell(self, message: str) -> None:
        """Write a line above the display."""
        with suppress(OSError):
            self._console.print(Text(escape_controls(message)))

    def _follow(self, progress: Progress) -> None:
        super()._follow(progress)
        with suppress(OSError):
            self._live.start()
        self._show(progress)

    def _show(self, progress: Progress) -> None:
        total, width = max(progress.counts.total, 1), min(60, self._console.width)
        bar = Table.grid()  # a bar alone does not end its line
        bar.add_row(ProgressBar(total=total, completed=progress.settled, width=width))
        remarks = [Text(f"  {remark}", style="dim") for remark in progress.remarks()]
        with suppress(OSError):
            self._live.update(
                Group(bar, Text(f"  {progress.done()}"), Text(f"  {progress.speed()}"), *remarks),
                refresh=True,
            )
