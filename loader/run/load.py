"""`load`, from the input to the report in input order."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import BinaryIO, Protocol, TypeAlias

import numpy as np

from loader.errors import CredentialsError, Interrupted, Stopped
from loader.hubspot import HubSpot, Secret, StaticToken, find_credentials
from loader.hubspot.account import Account, read_account
from loader.hubspot.credentials import Found
from loader.model import Outcome
from loader.pace import Pace, PaceReading
from loader.report import ReportWriter, put_in_order
from loader.run.brake import Brake
from loader.run.daily import Day
from loader.run.feed import feed
from loader.run.log import Log
from loader.run.parcels import ParcelQueue
from loader.run.policy import RetryPolicy
from loader.run.pool import Pool
from loader.run.prepare import Job, prepare
from loader.run.roles import Limits, Surroundings
from loader.run.senders import PutSender, one_by_one
from loader.run.summary import LoadSummary
from loader.run.tally import Tally
from loader.settings import LoadSettings
from loader.source import Batch

#: Told of decisions, by name and with details.
Decide: TypeAlias = Callable[[str, dict[str, object]], None]


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

        pace = Pace(ceiling=settings.ceiling, reserve=settings.reserve, watch=decide)
        account: Account | None = None
        stopped: Stopped | None = None
        try:
            if job.sendable:
                async with _hubspot(settings, pace, log, audience, stdin) as hubspot:
                    account = await _account(hubspot, settings, audience)
                    audience.begin(job, account, tally, lambda: pace.reading)
                    await _send(job, hubspot, pace, account, tally, decide, brake)
            elif job.open_rows:
                await asyncio.to_thread(_settle_unsendable, job, tally)
            if not brake.pulled and job.settings.report_path.exists():
                await asyncio.to_thread(put_in_order, settings.report_path)
        except Stopped as why:
            stopped = why
        reading = pace.reading
    return LoadSummary(
        input=job.source.name,
        report=settings.report_path,
        rows=tally.settled,
        open_rows=max(0, tally.total - tally.settled),
        counts=dict(tally.by_status),
        requests=reading.requests,
        throttled=tally.throttled,
        seconds=time.monotonic() - began,
        account=account,
        stopped=stopped,
        interrupted=brake.pulled and stopped is None,
        exit_code=stopped.exit_code if stopped else 130 if brake.pulled else tally.exit_code,
    )


async def _send(
    job: Job,
    hubspot: HubSpot,
    pace: Pace,
    account: Account | None,
    tally: Tally,
    decide: Decide,
    brake: Brake,
) -> None:
    """The sentence: pairs stream from the source into a pool of workers, each paced request becomes an
    outcome, each outcome a line of the report. Raises Stopped where that ends before its end."""
    settings, loop, queue = job.settings, asyncio.get_running_loop(), ParcelQueue()

    def report_failed(why: Stopped) -> None:
        loop.call_soon_threadsafe(lambda: pool.stop(why))

    async with Day(
        pace, account, tally, decide, reserve=settings.reserve, wait=settings.wait_for_daily_reset
    ) as day:
        report = ReportWriter(
            settings.report_path,
            job.source.layout.other_names,
            job.settled,
            on_failure=report_failed,
        )
        pool = Pool(
            queue,
            PutSender(hubspot),
            report,
            tally,
            RetryPolicy(settings.max_attempts, random.random),
            Limits(settings.outage_timeout, settings.stop_after_failures, day),
            Surroundings(time.time, pace.pause, decide),
        )
        brake.connect(lambda: pool.stop(None))
        reader = asyncio.create_task(feed(_batches(job), one_by_one, queue, report, tally))
        reader.add_done_callback(lambda task: _reading_ended(task, pool))
        try:
            await pool.run(settings.workers)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await asyncio.shield(asyncio.to_thread(report.close))
    if pool.stopped is not None:
        raise pool.stopped


def _reading_ended(task: asyncio.Task[None], pool: Pool) -> None:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Stopped):
        pool.stop(error)
    elif error is not None:
        pool.fail(error)


def _settle_unsendable(job: Job, tally: Tally) -> None:
    """Report what needs no sending where nothing else is left; no token is needed for that."""
    report = ReportWriter(job.settings.report_path, job.source.layout.other_names, job.settled)
    try:
        for batch in _batches(job):
            for outcome in batch.outcomes:
                report.add(outcome)
                tally.add(outcome)
    finally:
        report.close()


def _batches(job: Job) -> Iterator[Batch]:
    settled = np.frombuffer(job.settled.statuses, dtype=np.uint8) if job.settled else None
    return job.source.batches(job.survey, settled=settled, limit=job.settings.limit)


@asynccontextmanager
async def _hubspot(
    settings: LoadSettings, pace: Pace, log: Log, audience: Audience, stdin: BinaryIO | None
) -> AsyncIterator[HubSpot]:
    """A connection to HubSpot with whatever credentials there are, or to a sandbox inside this process."""
    async with AsyncExitStack() as stack:
        base_url, found = settings.base_url, Found(StaticToken(Secret("practice-needs-no-token")))
        if settings.sandbox:
            from loader.sandbox import Sandbox, SandboxSettings  # only who practises pays for a server

            base_url = (await stack.enter_async_context(Sandbox(SandboxSettings()))).url
        else:
            found = find_credentials(
                base_url,
                token_file=settings.token_file,
                environ=os.environ,
                stdin=stdin or sys.stdin.buffer,
            )
        for warning in found.warnings:
            audience.warn(warning)
        yield await stack.enter_async_context(
            HubSpot(
                base_url,
                settings.api_version,
                found.credentials,
                pace,
                timeout=settings.timeout,
                workers=settings.workers,
                log=log.write if log.wanted else None,
            )
        )


async def _account(hubspot: HubSpot, settings: LoadSettings, audience: Audience) -> Account | None:
    """Whose account it is. Raises CredentialsError where that is not the one of `--account-id`."""
    account = await read_account(hubspot)
    if isinstance(account, Account):
        if settings.account_id not in (None, account.portal_id):
            raise CredentialsError(
                f"the token belongs to account {account.portal_id}, not to {settings.account_id}",
                "Take a token of the right account, or correct --account-id.",
            )
        return account
    if settings.account_id is not None:
        raise CredentialsError(
            f"HubSpot does not say whose account the token opens, so --account-id can't be checked: "
            f"{account.message}",
            account.hint or "Try again, or leave --account-id out.",
        )
    return None
