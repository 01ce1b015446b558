"""The program: its commands, and what every command does with an error."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from loader.cli.check import check
from loader.cli.console import print_error
from loader.cli.load import load
from loader.cli.simulator import simulator
from loader.cli.summary import summary
from loader.cli.undo import undo
from loader.cli.verify import verify
from loader.errors import Interrupted, LoaderError
from loader.version import __version__

_AGAIN = "The same command goes on, or starts again."
_EPILOG = """\b
Start here:
  assoc-loader load pairs.csv --from-type contacts --to-type companies --simulate
  assoc-loader load pairs.csv --from-type contacts --to-type companies --limit 10
The first practises against a HubSpot inside the program, the second is a pilot
with the real one; the same command without --limit goes on from there.

\b
Exit codes:
  0    every row is associated, existing or a duplicate
  1    finished; some rows are failed, gave_up or invalid
  2    nothing was sent: something must be put right first
  3    stopped before the end; the same command goes on from there
  130  interrupted by Ctrl-C, 143 by SIGTERM; the same command goes on
"""


@click.group(
    epilog=_EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "ASSOC_LOADER",
        "max_content_width": 100,
    },
)
@click.version_option(__version__, prog_name="assoc-loader", message="%(prog)s %(version)s")
def program() -> None:
    """Create HubSpot default associations in bulk, from a CSV of record-ID pairs.

    Every row gets a line in a report that says what became of it. A run that stops goes on where it stopped.
    """


program.add_command(load)
program.add_command(check)
program.add_command(summary)
program.add_command(verify)
program.add_command(undo)
program.add_command(simulator)


def main() -> NoReturn:
    """Run the command line and exit with the contract's code; no traceback reaches a user."""
    _open_closed_streams()
    # A run makes millions of tuples that are in no cycle. To look for cycles among them every 700 would take
    # half of a batch load's processor time. This process is ours, unlike one that calls the library.
    gc.set_threshold(400_000, 20, 50)
    signal.signal(signal.SIGTERM, _end)
    try:
        code = program.main(prog_name="assoc-loader", standalone_mode=False) or 0
    except (click.Abort, KeyboardInterrupt):  # click makes the one of the other
        print_error("interrupted", _AGAIN)
        code = 130
    except SystemExit as end:
        print_error("interrupted", _AGAIN)
        code = end.code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Interrupted as interruption:
        code = interruption.exit_code
    except LoaderError as error:
        print_error(str(error), error.hint)
        code = error.exit_code
    except BrokenPipeError:
        code = 3
    except Exception as defect:  # the last resort: a user gets words, not a traceback
        print_error(
            f"something went wrong inside assoc-loader ({type(defect).__name__}: {defect})",
            "The report is sound, and the same command goes on from it. Please report this defect.",
        )
        code = 3
    _leave(code)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """End by a signal where the command itself does not listen to it (a load does)."""
    raise SystemExit(128 + number)


def _open_closed_streams() -> None:
    """Put something in the place of streams that the program was started without, as schedulers do.

    Python has None there, and the system gives their numbers to the files that are opened next: what C code
    says on number 2 would land in the report.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open to the end


def _leave(code: int) -> NoReturn:
    """Exit with `code` even where standard output is full, nobody reads it any more, or Ctrl-C comes late."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
