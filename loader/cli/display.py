"""How a run shows itself on standard error: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys

from loader.cli.progress import Lines


def display_for(verbosity: int) -> Lines:
    """The display that suits standard error; `verbosity` below 0 says no more than warnings."""
    if verbosity >= 0 and sys.stderr is not None and sys.stderr.isatty():
        from loader.cli.live_progress import Board  # rich is imported only where it is looked at

        return Board(verbosity)
    return Lines(verbosity)


__all__ = ["Lines", "display_for"]
