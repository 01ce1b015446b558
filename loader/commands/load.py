"""`load`, from the input to the report in input order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO, Protocol

import numpy as np

from loader.commands.event_log import Log
from loader.commands.plan import LoadPlan, prepare
from loader.commands.result import LoadResult
from loader.commands.session import checked_account, connect
from loader.engine.cancellation import CancelToken
from loader.engine.methods import choose_method
from loader.engine.pipeline import Session, send_all
from loader.engine.stats import RunStats
from loader.errors import Interrupted, ReportLost, Stopped
from loader.hubspot.account import Account
from loader.model import Outcome, group_outcomes
from loader.pace import Pace, PaceReading
from loader.report import ReportWriter, put_in_order, rows_by_status
from loader.settings import LoadSettings
from loader.source import Batch


class LoadObserver(Protocol):
    """Who is told how a run goes. Everything is called in the run's event loop, but `reading` in a thread."""

    def reading(self, rows: int) -> None:
        """The first reading of the input has come to this row."""

    def warn(self, message: str) -> None:
        """Something that a person should know."""

    def decided(self, name: str, details: dict[str, object]) -> None:
        """A decision on the way: a pause, a change of pace, a stop."""

    def begin(
        self, plan: LoadPlan, account: Account | None, stats: RunStats, pace: Callable[[], PaceReading]
    ) -> None:
        """Everything is known that can be known before the first association is sent."""


class Nobody:
    """An audience that is not there."""

    def reading(self, rows: int) -> None:
        """Not listened to."""

    def warn(self, message: str) -> None:
        """Not listened to."""

    def decided(self, name: str, details: dict[str, object]) -> None:
        """Not listened to."""

    def begin(
        self, plan: LoadPlan, account: Account | None, stats: RunStats, pace: Callable[[], PaceReading]
    ) -> None:
        """Not listened to."""


async def run_load(
    settings: LoadSettings,
    *,
    audience: LoadObserver | None = None,
    cancel_token: CancelToken | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
    stdin: BinaryIO | None = None,
) -> LoadResult:
    """Load every pair of the input and leave a report of every row; what stops early goes on next time.

    Raises UsageError before anything was sent (exit code 2), and Interrupted where it is cancelled while
    the input is read for the first time. What stops the run later is in the summary.
    """
    audience, cancel_token = audience or Nobody(), cancel_token or CancelToken()

    def seen(rows: int) -> None:
        if cancel_token.cancelled:
            raise Interrupted("interrupted before anything was sent", "The same command starts again.")
        audience.reading(rows)

    with ExitStack() as stack:
        began = time.monotonic()
        plan = await asyncio.to_thread(prepare, settings, stack, stdin, seen)
        stats = RunStats(
            total=plan.total, before=plan.before.total(), by_status=plan.before, on_outcome=on_outcome
        )
        log = stack.enter_context(Log(settings.log_file))

        def decide(name: str, details: dict[str, object]) -> None:
            log.decision(name, details)
            audience.decided(name, details)

        pace = Pace(cap=settings.rate_cap, reserve=settings.reserve, watch=decide)
        account: Account | None = None
        stopped: Stopped | None = None
        try:
            if plan.sendable:
                async with connect(settings, pace, log, audience.warn, stdin) as hubspot:
                    account = await checked_account(hubspot, settings)
                    audience.begin(plan, account, stats, lambda: pace.reading)
                    await _send(plan, Session(settings, hubspot, pace, account, stats, decide, cancel_token))
            elif plan.open_rows or plan.settled is None or not plan.settled.whole:
                await asyncio.to_thread(_settle_unsendable, plan, stats)
            if not cancel_token.cancelled and plan.settings.report_path.exists():
                await asyncio.to_thread(put_in_order, settings.report_path)
        except Stopped as why:
            stopped = why
            if isinstance(why, ReportLost):  # rows that were counted may not have got there
                stats.by_status = await asyncio.to_thread(rows_by_status, settings.report_path)
        requests = pace.requests
    return LoadResult(
        input=plan.source.name,
        report=settings.report_path,
        rows=stats.settled,
        open_rows=max(0, stats.total - stats.settled),
        counts=dict(stats.by_status),
        requests=requests,
        throttled=stats.throttled,
        seconds=time.monotonic() - began,
        account=account,
        stopped=stopped,
        interrupted=cancel_token.cancelled and stopped is None,
        exit_code=stopped.exit_code if stopped else 130 if cancel_token.cancelled else stats.exit_code,
    )


async def _send(plan: LoadPlan, run: Session) -> None:
    """Stream what is still open through the way that the settings ask for. Raises Stopped."""
    await send_all(
        run,
        choose_method(plan.settings, run.hubspot),
        _batches(plan),
        lambda on_failure: ReportWriter(
            plan.settings.report_path, plan.source.layout.other_names, plan.settled, on_failure=on_failure
        ),
        stop_after_failures=plan.settings.stop_after_failures,
    )


def _settle_unsendable(plan: LoadPlan, stats: RunStats) -> None:
    """Report what needs no sending where nothing else is left, and mend what a crash has damaged.

    No token is needed for that.
    """
    report = ReportWriter(plan.settings.report_path, plan.source.layout.other_names, plan.settled)
    try:
        for batch in _batches(plan):
            for group in group_outcomes(batch.outcomes):
                report.add(group)
                stats.add(group)
    finally:
        report.close()


def _batches(plan: LoadPlan) -> Iterator[Batch]:
    settled = np.frombuffer(plan.settled.statuses, dtype=np.uint8) if plan.settled else None
    return plan.source.batches(plan.survey, settled=settled, limit=plan.settings.limit)
