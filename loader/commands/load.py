"""`load`, from the input to the report in input order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO, Protocol

import numpy as np

from loader.commands.event_log import Log
from loader.commands.plan import Job, prepare
from loader.commands.result import LoadSummary
from loader.commands.session import checked_account, connect
from loader.engine.cancellation import Brake
from loader.engine.methods import way_to_send
from loader.engine.paces import Paces
from loader.engine.pipeline import Connected, send_all
from loader.engine.stats import Tally
from loader.errors import Interrupted, ReportLost, Stopped
from loader.hubspot.account import Account
from loader.model import Outcome, lots
from loader.pace import PaceReading
from loader.report import ReportWriter, put_in_order, rows_by_status
from loader.settings import LoadSettings
from loader.source import Batch


class Audience(Protocol):
    """Who is told how a run goes. Everything is called in the run's event loop, but `reading` in a thread."""

    def reading(self, rows: int) -> None:
        """The first reading of the input has come to this row."""

    def warn(self, message: str) -> None:
        """Something that a person should know."""

    def decided(self, name: str, details: dict[str, object]) -> None:
        """A decision on the way: a pause, a change of pace, a stop."""

    def begin(self, job: Job, account: Account | None, tally: Tally, pace: Callable[[], PaceReading]) -> None:
        """Everything is known that can be known before the first association is sent."""


class Nobody:
    """An audience that is not there."""

    def reading(self, rows: int) -> None:
        """Not listened to."""

    def warn(self, message: str) -> None:
        """Not listened to."""

    def decided(self, name: str, details: dict[str, object]) -> None:
        """Not listened to."""

    def begin(self, job: Job, account: Account | None, tally: Tally, pace: Callable[[], PaceReading]) -> None:
        """Not listened to."""


async def run_load(
    settings: LoadSettings,
    *,
    audience: Audience | None = None,
    brake: Brake | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
    stdin: BinaryIO | None = None,
) -> LoadSummary:
    """Load every pair of the input and leave a report of every row; what stops early goes on next time.

    Raises UsageError before anything was sent (exit code 2), and Interrupted where the brake is pulled while
    the input is read for the first time. What stops the run later is in the summary.
    """
    audience, brake = audience or Nobody(), brake or Brake()

    def seen(rows: int) -> None:
        if brake.pulled:
            raise Interrupted("interrupted before anything was sent", "The same command starts again.")
        audience.reading(rows)

    with ExitStack() as stack:
        began = time.monotonic()
        job = await asyncio.to_thread(prepare, settings, stack, stdin, seen)
        tally = Tally(total=job.total, before=job.before.total(), by_status=job.before, on_outcome=on_outcome)
        log = stack.enter_context(Log(settings.log_file))

        def decide(name: str, details: dict[str, object]) -> None:
            log.decision(name, details)
            audience.decided(name, details)

        paces = Paces.of(settings, decide)
        account: Account | None = None
        stopped: Stopped | None = None
        try:
            if job.sendable:
                async with connect(settings, paces.single, log, audience.warn, stdin) as hubspot:
                    account = await checked_account(hubspot, settings)
                    audience.begin(job, account, tally, lambda: paces.single.reading)
                    await _send(job, Connected(settings, hubspot, paces, account, tally, decide, brake))
            elif job.open_rows or job.settled is None or not job.settled.whole:
                await asyncio.to_thread(_settle_unsendable, job, tally)
            if not brake.pulled and job.settings.report_path.exists():
                await asyncio.to_thread(put_in_order, settings.report_path)
        except Stopped as why:
            stopped = why
            if isinstance(why, ReportLost):  # rows that were counted may not have got there
                tally.by_status = await asyncio.to_thread(rows_by_status, settings.report_path)
        requests = paces.requests
    return LoadSummary(
        input=job.source.name,
        report=settings.report_path,
        rows=tally.settled,
        open_rows=max(0, tally.total - tally.settled),
        counts=dict(tally.by_status),
        requests=requests,
        throttled=tally.throttled,
        seconds=time.monotonic() - began,
        account=account,
        stopped=stopped,
        interrupted=brake.pulled and stopped is None,
        exit_code=stopped.exit_code if stopped else 130 if brake.pulled else tally.exit_code,
    )


async def _send(job: Job, run: Connected) -> None:
    """Stream what is still open through the way that the settings ask for. Raises Stopped."""
    await send_all(
        run,
        way_to_send(job.settings, run.hubspot, run.paces.batch),
        _batches(job),
        lambda on_failure: ReportWriter(
            job.settings.report_path, job.source.layout.other_names, job.settled, on_failure=on_failure
        ),
        stop_after_failures=job.settings.stop_after_failures,
    )


def _settle_unsendable(job: Job, tally: Tally) -> None:
    """Report what needs no sending where nothing else is left, and mend what a crash has damaged.

    No token is needed for that.
    """
    report = ReportWriter(job.settings.report_path, job.source.layout.other_names, job.settled)
    try:
        for batch in _batches(job):
            for lot in lots(batch.outcomes):
                report.add(lot)
                tally.add(lot)
    finally:
        report.close()


def _batches(job: Job) -> Iterator[Batch]:
    settled = np.frombuffer(job.settled.statuses, dtype=np.uint8) if job.settled else None
    return job.source.batches(job.survey, settled=settled, limit=job.settings.limit)
