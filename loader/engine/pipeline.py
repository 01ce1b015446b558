"""The sentence that every sending command says: pairs stream through a pool of workers into a report."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from loader.engine.cancellation import CancelToken
from loader.engine.daily_quota import DailyQuota
from loader.engine.feed import feed
from loader.engine.methods import SendMethod
from loader.engine.pool import Pool
from loader.engine.retry import RetryPolicy
from loader.engine.sender import Limits, Report, Sender, Surroundings
from loader.engine.stats import RunStats
from loader.engine.work_queue import WorkQueue
from loader.errors import Stopped
from loader.hubspot import HubSpot
from loader.hubspot.account import Account
from loader.pace import Pace
from loader.report import ReportWriter
from loader.settings import ConnectionSettings
from loader.source import Batch

#: Told of decisions, by name and with details.
Decide: TypeAlias = Callable[[str, dict[str, object]], None]


@dataclass(frozen=True)
class Session:
    """A run that knows its account and has begun to count."""

    settings: ConnectionSettings
    hubspot: HubSpot
    pace: Pace
    account: Account | None
    stats: RunStats
    decide: Decide
    cancel_token: CancelToken

    def day(self) -> DailyQuota:
        """The account's daily limit in this run."""
        reserve, wait = self.settings.reserve, self.settings.wait_for_daily_reset
        return DailyQuota(self.pace, self.account, self.stats, self.decide, reserve=reserve, wait=wait)

    def pool(self, queue: WorkQueue, sender: Sender, report: Report, day: DailyQuota, failures: int) -> Pool:
        """Workers that stop after so many `failures` in a row (0: never), and when it is cancelled."""
        pool = Pool(
            queue,
            sender,
            report,
            self.stats,
            RetryPolicy(self.settings.max_attempts, random.random),
            Limits(self.settings.outage_timeout, failures, day),
            Surroundings(self.hubspot, time.time, self.pace.pause, self.decide),
        )
        self.cancel_token.connect(lambda: pool.stop(None))
        return pool


async def send_all(
    run: Session,
    way: SendMethod,
    batches: Iterator[Batch],
    open_report: Callable[[Callable[[Stopped], None]], ReportWriter],
    *,
    stop_after_failures: int,
) -> None:
    """Pairs stream from the source into a pool of workers, each paced request becomes an outcome, and each
    outcome a line of the report. Raises Stopped where that ends before its end.

    `open_report` is told whom to call when the report can't be written any more.
    """
    loop, queue = asyncio.get_running_loop(), WorkQueue()

    def report_failed(why: Stopped) -> None:
        loop.call_soon_threadsafe(lambda: pool.stop(why))

    async with run.day() as day:
        report = open_report(report_failed)
        pool = run.pool(queue, way.sender, report, day, stop_after_failures)
        reader = asyncio.create_task(feed(batches, way.pack, queue, report, run.stats))
        reader.add_done_callback(lambda task: _reading_ended(task, pool))
        try:
            await pool.run(run.settings.workers)
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
