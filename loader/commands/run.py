"""One run of a command on a load: begun and settled in the checkpoint, and ended with a report."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from loader.checkpoint import (
    Checkpoint,
    CheckpointJournal,
    CheckpointLock,
    LoadFiles,
    find_checkpoint,
    load_files,
)
from loader.checkpoint import Run as RecordedRun
from loader.checkpoint.index import Index, read_index
from loader.checkpoint.naming import stem_of_report
from loader.commands.observer import Observer
from loader.commands.plan import Progress, compare, input_reading, read_again
from loader.commands.result import RunResult
from loader.commands.session import continued_binding
from loader.commands.summary import load_summary, summary_run
from loader.engine.cancellation import CancelToken
from loader.engine.pipeline import Session
from loader.errors import InputError, Interrupted, Stopped, UsageError
from loader.model import OutcomeGroup, Pair
from loader.report import ReportResult, write_report
from loader.source import Source, Survey, importing_pandas
from loader.summary.invocation import Invocation
from loader.summary.model import LoadSummary

#: Where `assoc-loader simulator` listens by default.
_SIMULATOR_URL = "http://127.0.0.1:8080"


class ReadInput(NamedTuple):
    """The input of a load as its last reading found it, and what the checkpoint knows of it.

    known: None if the checkpoint may have new pairs since.
    """

    source: Source
    survey: Survey
    known: Index | None = None


@dataclass
class CommandRun:
    """A run of one command on a load, from its entry in the checkpoint to the report.

    checkpoint, files: what it works on
    recorded: its row in the checkpoint
    read: the input, to write the report from; None if it is gone
    stopped: why it ended early; None if it has not
    """

    checkpoint: Checkpoint
    files: LoadFiles
    recorded: RecordedRun
    read: ReadInput | None
    stopped: Stopped | None = field(default=None, init=False)

    @asynccontextmanager
    async def journal(self, session: Session) -> AsyncIterator[CheckpointJournal]:
        """Where the run's outcomes go. A Stopped that ends the block is kept as `stopped` and not raised."""
        journal = CheckpointJournal(self.checkpoint, on_failure=session.cancel_token.stop)
        try:
            yield journal
        except Stopped as why:
            self.stopped = why
        finally:
            try:
                await asyncio.shield(asyncio.to_thread(journal.close))
            except Stopped as why:
                self.stopped = self.stopped or why

    async def finish(self, session: Session | None, exit_code: Callable[[LoadSummary], int]) -> RunResult:
        """Write the report and end the run in the checkpoint.

        `exit_code` says the code of a run that was neither stopped nor interrupted.
        """
        requests = session.pace.reading.requests if session else 0
        return await asyncio.to_thread(self._finish, session, requests, exit_code)

    def _finish(
        self, session: Session | None, requests: int, exit_code: Callable[[LoadSummary], int]
    ) -> RunResult:
        report = self._write_report()
        summary = load_summary(self.checkpoint, self.files)
        stopped = self.stopped
        interrupted = stopped is None and session is not None and session.cancel_token.cancelled
        if stopped is not None:
            code = stopped.exit_code
        elif session is not None and interrupted:
            code = session.cancel_token.exit_code
        else:
            code = exit_code(summary)
        self.checkpoint.end_run(
            self.recorded,
            exit_code=code,
            requests=requests,
            throttled=session.stats.throttled if session else 0,
            stopped=stopped.reason if stopped else "interrupted" if interrupted else "",
            message=str(stopped or ""),
            hint=stopped.hint if stopped else "",
        )
        ended = self.checkpoint.runs()[-1]
        run = replace(
            summary_run(ended, session.stats.by_status if session else None),
            report_written=report is not None and report.written,
        )
        return RunResult(
            summary=replace(summary, last_run=run),
            run=run,
            report=report,
            stopped=stopped,
            interrupted=interrupted,
            exit_code=code,
        )

    def _write_report(self) -> ReportResult | None:
        if self.read is None:
            return None
        try:
            return self._write(self.read)
        except Stopped as changed:  # the input has changed; what was sent is settled anyway
            self.stopped = self.stopped or changed
        try:
            return self._write(self._read_changed())
        except (Stopped, InputError) as error:
            return ReportResult(self.files.report, False, problem=str(error))

    def _write(self, read: ReadInput) -> ReportResult:
        """Raises Stopped if the input is not what was read."""
        source, survey, known = read
        return write_report(
            self.checkpoint,
            self.files.report,
            source.chunks(survey, with_rests=True),
            source.type_pairs,
            source.other_names,
            known,
        )

    def _read_changed(self) -> ReadInput:
        """Read and record the input as it is now. Raises InputError, and Stopped if it changes again."""
        source = read_again(self.checkpoint)
        if source is None or self.files.input is None:
            raise InputError("The input is gone")
        index = read_index(self.checkpoint)
        survey = compare(source, index, lambda _rows: None)
        self.checkpoint.set_reading(input_reading(source, survey, self.files.input), index.not_in_input())
        return ReadInput(source, survey, index)


class UnrecordedJournal:
    """The journal of a command that sends no pair for the first time. Implements `engine.Journal`."""

    def __init__(self, journal: CheckpointJournal, settle: Callable[[OutcomeGroup], None]) -> None:
        """`settle` takes each outcome, on its way into `journal`."""
        self.settle = settle
        self._journal = journal

    @property
    def backlog(self) -> int:
        return self._journal.backlog

    @property
    def trouble(self) -> str:
        return self._journal.trouble

    async def record(self, pairs: Sequence[Pair], existed_before: str) -> None:
        """The checkpoint has these pairs already."""

    def withdraw(self, pairs: Sequence[Pair]) -> None:
        """Nothing was recorded."""


class OpenedLoad(NamedTuple):
    """An earlier load, locked, and compared with its input if that is still there."""

    files: LoadFiles
    checkpoint: Checkpoint
    read: ReadInput | None

    @property
    def known(self) -> Index | None:
        """The checkpoint's pairs, compared with the input; None if that is gone."""
        return self.read.known if self.read else None

    def begin(self, command: str, session: Session | None) -> CommandRun:
        """Note in the checkpoint that a run begins. Raises CheckpointError for another account."""
        checkpoint, read = self.checkpoint, self.read
        recorded = checkpoint.begin_run(
            command,
            files=self.files,
            binding=continued_binding(checkpoint, session) if session else None,
            reading=input_reading(*read[:2], self.files.input) if read and self.files.input else None,
            not_in_input=self.known.not_in_input() if self.known else None,
        )
        return CommandRun(checkpoint, self.files, recorded, read)


def refuse_simulated(load: OpenedLoad, command: str) -> None:
    """Raise UsageError for a load of `--simulate`: its simulator ended with its process."""
    binding = load.checkpoint.binding
    if binding is None or not binding.simulated:
        return
    # Without a report of its own, it would bind the real load of this input to the simulator's account.
    stem = stem_of_report(load.files.report).removesuffix(".simulated")
    report = str(load.files.report.with_name(f"{stem}.practice.report.csv"))
    options = {**load.checkpoint.options, "simulate": None, "report": report, "checkpoint": None}
    practice = Invocation(str(load.files.input), {**options, "base_url": _SIMULATOR_URL}, report=report)
    commands = (
        practice.load(skip_existing=True, overwrite=True),
        practice.verify() if command == "verify" else practice.undo(),
    )
    raise UsageError(
        f"This load was simulated, and its simulator has ended: there is nothing left to {command}.",
        "To practise it, keep a simulator running in another terminal (assoc-loader simulator). Then:\n"
        + "\n".join(f"    {line}" for line in ("export HUBSPOT_ACCESS_TOKEN=practice", *commands)),
    )


def open_load(
    path: str, command: str, stack: ExitStack, observer: Observer, progress: Progress
) -> OpenedLoad:
    """The load of this input, report or checkpoint; `stack` keeps it locked and open. Raises UsageError."""
    found = find_checkpoint(Path(path))
    stack.enter_context(CheckpointLock(found, command))
    checkpoint = stack.enter_context(Checkpoint(found))
    files = load_files(checkpoint, Path(path))
    try:
        source = read_again(checkpoint)
        if source is None:
            observer.warn(f"The input is gone ({files.input}): the report stays as it was.")
            return OpenedLoad(files, checkpoint, None)
        with importing_pandas():
            index = read_index(checkpoint)
        return OpenedLoad(files, checkpoint, ReadInput(source, compare(source, index, progress), index))
    except InputError as error:
        observer.warn(f"The input can't be read any more, so the report stays as it was: {error}")
        return OpenedLoad(files, checkpoint, None)


def progress_of(observer: Observer, cancel_token: CancelToken) -> Progress:
    """A callback that reports the reading to the observer, and raises Interrupted if the run is cancelled."""

    def progress(rows: int) -> None:
        if cancel_token.cancelled:
            raise Interrupted("interrupted before anything was sent", "Run the same command again.")
        observer.reading(rows)

    return progress
