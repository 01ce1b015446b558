"""The command line: click and nothing else, over a library that does not know it."""

from __future__ import annotations

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit with the contract's code; no traceback reaches a user."""
    # Until the program can answer for itself, Ctrl-C just ends it: an import that is interrupted has only a
    # traceback to show. Who started it may want it deaf, though, as a shell does in the background.
    hears = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if hears:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from loader.cli.app import main as program

    if hears:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    program()


__all__ = ["main"]
