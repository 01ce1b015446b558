"""What the engine needs of a checkpoint, and recording pairs before they are sent."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

from loader.engine.work_queue import WorkQueue
from loader.model import OutcomeGroup, Pair

#: How many seconds ahead of sending pairs are recorded: a commit takes up to 50 ms, on a slow disk longer.
RECORD_AHEAD = 2.0
#: Items for each worker that are recorded before the rate of sending is measured.
_FIRST_ITEMS = 10
#: Shortest time over which the rate is measured, in seconds.
_MEASURED = 0.1


class Journal(Protocol):
    """Remembers pairs and outcomes beyond the end of the process. Everything is called in the event loop."""

    async def record(self, pairs: Sequence[Pair], existed_before: str) -> None:
        """Return when it is on the disk that these pairs are about to be sent, and what existed before.

        Raises Stopped if nothing can be recorded any more.
        """

    def withdraw(self, pairs: Sequence[Pair]) -> None:
        """Forget that these pairs were recorded: no request for them has started."""

    def settle(self, group: OutcomeGroup) -> None:
        """Take final outcomes; never blocks. Pairs that were never sent need no record."""

    @property
    def backlog(self) -> int:
        """Outcomes that are not on the disk yet."""

    @property
    def trouble(self) -> str:
        """Why nothing can be written at the moment; empty if it can. No request starts meanwhile."""


async def record_ahead(queue: WorkQueue, journal: Journal, rate: Callable[[], float], workers: int) -> None:
    """Record packed items some seconds ahead and release them for sending; return when the queue ends.

    `rate` gives the most requests per second that may be sent; the actual rate may be lower.
    Raises what `journal.record` raises.
    """
    clock = asyncio.get_running_loop().time
    began, taken, measured = clock(), queue.taken, _FIRST_ITEMS * workers / RECORD_AHEAD
    while True:
        ahead = max(workers, round(RECORD_AHEAD * min(rate(), measured)))
        items = await queue.to_record(ahead)
        if not items:
            return
        pairs: defaultdict[str, list[Pair]] = defaultdict(list)
        for item in items:
            pairs[item.existed_before] += item.pairs
        await asyncio.gather(*(journal.record(found, existed) for existed, found in pairs.items()))
        queue.recorded()
        if (now := clock()) - began >= _MEASURED:
            measured, began, taken = (queue.taken - taken) / (now - began), now, queue.taken
