"""Running a load from a terminal: signals, progress, and the closing summary."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from loader.cli.console import goes_on, print_error, rows_of
from loader.cli.display import display_for
from loader.cli.result import printed
from loader.commands import CancelToken, LoadResult, run_load
from loader.errors import Interrupted
from loader.model import GOOD, Status
from loader.report import read_records
from loader.settings import LoadSettings
from loader.summary.summarise import as_text, summarise
from loader.text import escape_controls

_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
#: Seconds that leaving at once may take: some thread may be in a read that never ends (a pipe, a dead disk).
_AT_ONCE = 2.0
_GOES_ON = "The same command goes on from where the report stops."


class Signals:
    """Ctrl-C and SIGTERM: the first ends the run in good order, the second at once."""

    def __init__(
        self, cancel_token: CancelToken, run: asyncio.Task[Any], tell: Callable[[str], None]
    ) -> None:
        self.code = 0
        self._cancel_token, self._run, self._tell = cancel_token, run, tell

    def receive(self, number: signal.Signals) -> None:
        """Act on one signal."""
        if self.code:
            self._run.cancel()
            # The report bears that as it bears `kill -9`.
            asyncio.get_running_loop().call_later(_AT_ONCE, os._exit, self.code)
            return
        self.code = _EXIT_CODES[number]
        self._tell("Ending: what is under way may finish (at most 30 s). Once more to leave at once.")
        self._cancel_token.cancel()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Listen, and put things back as they were."""
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in _EXIT_CODES}
        for number in _EXIT_CODES:
            try:
                loop.add_signal_handler(number, self.receive, number)
            except NotImplementedError:  # Windows' loop has no signals; its handlers run between bytecodes
                signal.signal(
                    number, lambda n, _frame: loop.call_soon_threadsafe(self.receive, signal.Signals(n))
                )
        try:
            yield
        finally:
            for number, handler in before.items():
                with suppress(NotImplementedError):
                    loop.remove_signal_handler(number)
                signal.signal(number, handler)


def run_to_the_end(settings: LoadSettings, as_json: bool, verbosity: int) -> int:
    """Run, print the result, and return the exit code. Raises what `run_load` raises."""
    summary, code = asyncio.run(_run(settings, verbosity))
    printed(
        [json.dumps({**summary.as_json(), "exit_code": code})] if as_json else _paragraphs(summary),
        f"The run has ended before. The same command goes on, and `summary` tells of {summary.report}",
    )
    if not summary.finished:
        _explain(summary)
    return code


async def _run(settings: LoadSettings, verbosity: int) -> tuple[LoadResult, int]:
    cancel_token = CancelToken()
    with display_for(verbosity) as display:
        run = asyncio.create_task(run_load(settings, audience=display, cancel_token=cancel_token))
        signals = Signals(cancel_token, run, display.tell)
        with signals.heard():
            try:
                summary = await run
            except (asyncio.CancelledError, Interrupted):
                ended = Interrupted("interrupted", _GOES_ON)
                ended.exit_code = signals.code
                display.tell(f"Interrupted. {_GOES_ON}")
                raise ended from None
    return summary, signals.code if summary.interrupted else summary.exit_code


def _paragraphs(summary: LoadResult) -> Iterator[str]:
    yield f"Report: {escape_controls(str(summary.report))}"
    needs_attention = any(count for status, count in summary.counts.items() if status not in GOOD)
    if needs_attention:  # the causes stand in the report, those of earlier runs included
        yield as_text(summarise(read_records(summary.report)), summary.report)
        return
    none = "nothing yet" if summary.open_rows else "nothing to do"
    counts = ", ".join(f"{summary.counts[s]:,} {s}" for s in Status if summary.counts.get(s))
    yield f"{rows_of(summary.rows)}: {counts or none}"


def _explain(summary: LoadResult) -> None:
    if summary.stopped is not None:
        print_error(str(summary.stopped), summary.stopped.hint)
    with suppress(OSError):
        click.echo(
            f"Stopped with {rows_of(summary.open_rows)} to go. {goes_on()}",
            err=True,
        )
