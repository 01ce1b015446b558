"""The command line: click and nothing else, over a library that does not know it."""

from __future__ import annotations

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit with the contract's code; no traceback reaches a user."""
    # During the imports Ctrl-C just ends the process: an interrupted import would show a traceback. If the
    # parent process ignores Ctrl-C, as a shell does for a background job, it stays ignored.
    hears = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if hears:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from loader.cli.app import main as program

    if hears:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    program()


__all__ = ["main"]
