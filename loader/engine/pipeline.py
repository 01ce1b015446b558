"""Pairs stream from the input through a pool of workers, and each outcome goes to the journal."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

from loader.engine.cancellation import CancelToken
from loader.engine.daily_quota import DailyQuota
from loader.engine.journal import Journal, record_ahead
from loader.engine.look_ahead import LookAhead
from loader.engine.pool import Pool
from loader.engine.reading import ReadingThread
from loader.engine.retry import RetryPolicy
from loader.engine.sender import SendMethod
from loader.engine.stats import RunStats
from loader.engine.work_item import OpenPairs
from loader.engine.work_queue import WorkQueue
from loader.errors import Stopped
from loader.hubspot import HubSpot
from loader.hubspot.account import Account
from loader.hubspot.lookups import read_existing
from loader.pace import Pace
from loader.settings import ConnectionSettings

#: With more outcomes than this not on the disk yet, no more pairs enter the queue.
_MOST_UNCOMMITTED = 30_000


@dataclass(frozen=True)
class Session:
    """The connection of a run, and who is told about it.

    settings      how many workers, how patient, how much to leave to others
    account       whose account it is; None if HubSpot has not said
    decide        told of each decision: its name and its details
    """

    settings: ConnectionSettings
    hubspot: HubSpot
    pace: Pace
    account: Account | None
    stats: RunStats
    decide: Callable[[str, dict[str, object]], None]
    cancel_token: CancelToken


async def run_pipeline(
    session: Session,
    method: SendMethod,
    open_pairs: Iterator[OpenPairs],
    journal: Journal,
    *,
    stop_after_failures: int = 0,
) -> None:
    """Send all pairs, and return when each is settled or the run was cancelled.

    `open_pairs` is iterated over in a thread, and closed there if it is a generator. `journal` is left open.
    The run stops after `stop_after_failures` refused pairs in a row (0: never). Raises Stopped for whatever
    ends it early, except a person's interruption.
    """
    reader = ReadingThread(open_pairs)
    try:
        await send_pairs(session, method, reader.next, journal, stop_after_failures=stop_after_failures)
    finally:
        await asyncio.shield(reader.stop())


async def send_pairs(
    session: Session,
    method: SendMethod,
    read: Callable[[], Awaitable[OpenPairs | None]],
    journal: Journal,
    *,
    stop_after_failures: int = 0,
    now: Callable[[], float] = time.time,
    random: Callable[[], float] = random.random,
) -> None:
    """As `run_pipeline`, for pairs from `read`, which gives None after the last.

    `now` gives Unix time, and `random` numbers from 0 to 1 for the back-off.
    """
    settings = session.settings

    def requests_per_second() -> float:
        reading = session.pace.reading
        return max(0.1, reading.allowance / reading.interval)

    look_ahead = LookAhead(lambda: method.pairs * requests_per_second()) if method.looks_up else None
    queue = WorkQueue(look_ahead)
    async with DailyQuota(
        session.pace,
        session.account,
        session.stats,
        session.decide,
        reserve=settings.reserve,
        wait=settings.wait_for_daily_reset,
        now=now,
    ) as day:
        pool = Pool(
            queue,
            method.sender,
            journal,
            connection=session.hubspot,
            read_records=partial(read_existing, session.hubspot),
            pace=session.pace,
            day=day,
            stats=session.stats,
            policy=RetryPolicy(settings.max_attempts, random),
            outage_timeout=settings.outage_timeout,
            stop_after_failures=stop_after_failures,
            decide=session.decide,
            now=now,
        )
        session.cancel_token.connect(pool.stop)
        tasks = [
            asyncio.create_task(_bring(read, method, queue, journal)),
            asyncio.create_task(record_ahead(queue, journal, requests_per_second, settings.workers)),
        ]
        for task in tasks:
            task.add_done_callback(partial(_stop_on_error, pool))
        try:
            await pool.run(settings.workers)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    if pool.stopped is not None:
        raise pool.stopped


async def _bring(
    read: Callable[[], Awaitable[OpenPairs | None]], method: SendMethod, queue: WorkQueue, journal: Journal
) -> None:
    """Feed pairs to the queue when it needs them, packed or to be looked up. Raises what `read` raises."""
    while (found := await read()) is not None:
        await queue.hungry.wait()
        while journal.backlog > _MOST_UNCOMMITTED:  # noqa: ASYNC110 - a thread reduces it
            await asyncio.sleep(0.01)
        if method.looks_up and found.existed_before is None:
            queue.look_up(found.pairs)
        else:
            queue.feed(method.pack(found.pairs, found.existed_before or "", False))
        del found  # not held while the next pairs are read
    queue.feed(method.pack([], "", True))
    queue.finish()


def _stop_on_error(pool: Pool, task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Stopped):
        pool.stop(error)
    elif error is not None:
        pool.fail(error)
