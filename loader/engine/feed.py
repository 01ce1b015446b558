"""From the reader's thread into the queue: one batch ready ahead, never more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from loader.engine.stats import RunStats
from loader.engine.work_queue import WorkItem, WorkQueue
from loader.model import Pair, group_outcomes
from loader.report import ReportWriter
from loader.source import Batch

#: Outcomes waiting for the disk, beyond which the reader waits too.
_MOST_UNWRITTEN = 30_000


async def feed(
    batches: Iterator[Batch],
    pack: Callable[[list[Pair], bool], Iterable[WorkItem]],
    queue: WorkQueue,
    report: ReportWriter,
    stats: RunStats,
) -> None:
    """Read batches in a thread, queue their pairs as `pack` items them, and report what needs no sending.

    `pack` is told whether these are the last pairs. Raises what reading raises.
    """
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="reader") as reader:
        try:
            while (batch := await loop.run_in_executor(reader, next, batches, None)) is not None:
                await queue.hungry.wait()
                while report.backlog > _MOST_UNWRITTEN:  # noqa: ASYNC110 - a thread works it off
                    await asyncio.sleep(0.01)
                for group in group_outcomes(batch.outcomes):
                    report.add(group)
                    stats.add(group)
                queue.feed(pack(batch.pairs, False))
                del batch  # not held while the next one is read
            queue.feed(pack([], True))
            queue.finish()
        finally:
            reader.submit(_close, batches)


def _close(batches: Iterator[Batch]) -> None:
    if close := getattr(batches, "close", None):
        close()
