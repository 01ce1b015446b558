"""`load`: pairs stream from the input through a pool of workers into the checkpoint, then the report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from loader.checkpoint import Checkpoint, LoadFiles, ReportWritten, discard
from loader.commands.forecast import announcement
from loader.commands.observer import Observer
from loader.commands.plan import LoadPlan, input_reading, prepare
from loader.commands.result import RunResult
from loader.commands.run import CommandRun, ReadInput, progress_of
from loader.commands.session import continued_binding, open_session
from loader.engine.cancellation import CancelToken
from loader.engine.methods import choose_method
from loader.engine.pipeline import Session, run_pipeline
from loader.engine.stats import RunStats
from loader.errors import CheckpointError, Stopped
from loader.model import Outcome
from loader.settings import LoadSettings


async def run_load(
    settings: LoadSettings,
    *,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> RunResult:
    """Associate every pair of the input that is still open, and write the report.

    Raises UsageError if nothing was sent (exit code 2), Stopped if HubSpot refused the run before it began,
    and Interrupted if it was cancelled before that. A later stop is in the result.
    """
    observer, cancel_token = observer or Observer(), cancel_token or CancelToken()
    with ExitStack() as stack:
        progress = progress_of(observer, cancel_token)
        plan = await asyncio.to_thread(prepare, settings, stack, progress)
        stats = RunStats(total=plan.to_send, on_outcome=on_outcome)
        async with open_session(settings, stats, observer, cancel_token) as session:
            run = await asyncio.to_thread(_begin, plan, session)
            observer.begin(
                announcement(plan, session.account, session.pace.reading),
                stats,
                lambda: session.pace.reading,
                plan.settled,
            )
            async with run.journal(session) as journal:
                await run_pipeline(
                    session,
                    choose_method(settings, session.hubspot),
                    plan.chunks(),
                    journal,
                    stop_after_failures=settings.stop_after_failures,
                )
            plan.index.clear()  # the report builds its own, and both are large
            return await run.finish(session, lambda summary: summary.exit_code)


def _begin(plan: LoadPlan, session: Session) -> CommandRun:
    """Begin the run, which writes files from here on. Raises CheckpointError for another account."""
    settings, files, checkpoint = plan.settings, plan.files, plan.checkpoint
    binding = continued_binding(checkpoint, session)
    written = None
    if settings.overwrite:
        _set_aside(files)
    elif settings.simulate:
        written = _discard(files)
    recorded = checkpoint.begin_run(
        "load",
        files=files,
        binding=binding,
        reading=input_reading(plan.source, plan.survey, files.input or Path(settings.input)),
        options=settings.options(),
        not_in_input=plan.index.not_in_input(),
    )
    if written is not None:
        checkpoint.set_report_written(written)
    if plan.saved is not None:
        plan.saved.keep()
    return CommandRun(checkpoint, files, recorded, ReadInput(plan.source, plan.survey))


def _set_aside(files: LoadFiles) -> None:
    """Rename the earlier load's report and checkpoint, so that it can still be summed up and undone."""
    aside = files.set_aside()
    with suppress(CheckpointError, Stopped), Checkpoint(aside.checkpoint) as earlier:
        if earlier.exists:
            earlier.set_files(aside)


def _discard(files: LoadFiles) -> ReportWritten | None:
    """Delete the checkpoint of an earlier practice load; return what it recorded about its report."""
    written = None
    with suppress(CheckpointError), Checkpoint(files.checkpoint) as earlier:
        written = earlier.report_written
    discard(files.checkpoint)
    return written
