"""Running a command from a terminal: signals, progress, result, exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from loader.cli.console import print_error, print_json, print_lines
from loader.cli.progress import Lines
from loader.cli.signals import Signals
from loader.engine.cancellation import CancelToken
from loader.errors import Interrupted, Stopped
from loader.report import ReportResult
from loader.summary import LoadSummary, Run
from loader.summary.terminal import Line

GOES_ON = "Run the same command again to resume."


class Ended(Protocol):
    """The result of a run of `load`, `verify`, `undo` or `report`.

    summary: the whole load
    run: this run
    stopped: why it ended early
    report: how writing the report ended; None if it stayed as it was
    interrupted: a signal or a cancel token ended it
    """

    @property
    def summary(self) -> LoadSummary: ...

    @property
    def run(self) -> Run: ...

    @property
    def stopped(self) -> Stopped | None: ...

    @property
    def interrupted(self) -> bool: ...

    @property
    def report(self) -> ReportResult | None: ...

    @property
    def exit_code(self) -> int: ...

    def as_dict(self) -> dict[str, object]: ...


Result = TypeVar("Result", bound=Ended)
Start = Callable[[Lines, CancelToken], Awaitable[Result]]


def run_to_the_end(
    start: Start[Result], lines_of: Callable[[Result], list[Line]], *, as_json: bool, verbosity: int
) -> int:
    """Run, print the result, and return the exit code. Raises what `start` raises."""
    ended = asyncio.run(_run(start, verbosity))
    if ended.stopped is not None:
        print_error(str(ended.stopped), ended.stopped.hint)
    if (ended.stopped is not None or ended.interrupted) and not ended.summary.simulated:
        _tell(GOES_ON)
    _tell_of_report(ended)
    otherwise = "The run itself has ended; `summary` shows the result."
    if as_json:
        print_json(ended.as_dict(), otherwise)
    else:
        print_lines(lines_of(ended), otherwise)
    return ended.exit_code


def display_for(verbosity: int) -> Lines:
    """What shows a run on standard error: a live display on a terminal, else lines; below 0 warnings only."""
    if verbosity >= 0 and sys.stderr.isatty():
        from loader.cli.live_progress import LiveProgress  # rich is imported for a terminal only

        return LiveProgress(verbosity)
    return Lines(verbosity)


async def _run(start: Start[Result], verbosity: int) -> Result:
    cancel_token = CancelToken()
    with display_for(verbosity) as display:
        run = asyncio.ensure_future(start(display, cancel_token))
        signals = Signals(cancel_token, run, display.stopping)
        with signals.heard():
            try:
                ended = await run
            except (asyncio.CancelledError, Interrupted) as error:
                hint = error.hint if isinstance(error, Interrupted) else ""
                interrupted = Interrupted(str(error) or "Interrupted", hint or GOES_ON)
                interrupted.exit_code = signals.code or interrupted.exit_code
                raise interrupted from None
    return ended


def tell_of_kept(report: ReportResult | None) -> None:
    """Say so if an edited report was kept under another name."""
    if report is not None and report.kept is not None:
        _tell(f"The report had been edited since it was written. That file is now {report.kept.name}.")


def _tell_of_report(ended: Ended) -> None:
    """Say what became of the report, unless it was simply written."""
    report = ended.report
    tell_of_kept(report)
    if report is not None and not report.written:
        command = ended.summary.invocation.write_report()
        print_error(report.problem, "Nothing else is lost. To write the report later:", command)


def _tell(message: str) -> None:
    Lines(0).tell(message)
