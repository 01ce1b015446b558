"""Rows on their way: what one request carries, and the queue of what is still to be sent."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable
from itertools import count

from loader.hubspot import Verdict
from loader.hubspot.association_reader import AssociationReader
from loader.model import Pair

#: Rows under way or waiting for another attempt at most; beyond it none are begun, so that memory stays flat.
MAX_STARTED = 40_000


class WorkItem:
    """The pairs that one request carries (by PUT: one), and what has happened to them so far.

    `attempts` counts requests that count against the row, `nothing_made` 2xx answers without the pair,
    `silent` attempts without any answer since the last proof that HubSpot is there. `existed_before` is
    what a look before sending found (``yes``, ``no``), or empty. `asking` marks pairs to be looked up first.
    `suspect` says that its requests got no answer while others did. `neighbours_stand` says that others of
    the same request were associated: a refusal then is the row's own fault, and no sign that the whole file
    is wrong. `sent` is when it was last sent without an answer, on the loop's clock, and `spent` the verdict
    on that where it is time to find out whether anybody is there: it is tried again, split or given up once
    somebody has answered what was sent later. `reading` is how far a look before sending has come.
    """

    __slots__ = (
        "asking",
        "attempts",
        "existed_before",
        "neighbours_stand",
        "nothing_made",
        "pairs",
        "reading",
        "sent",
        "silent",
        "spent",
        "suspect",
    )

    def __init__(
        self,
        pairs: list[Pair],
        *,
        asking: bool = False,
        existed_before: str = "",
        neighbours_stand: bool = False,
    ) -> None:
        self.pairs = pairs
        self.neighbours_stand = neighbours_stand
        self.asking = asking
        self.existed_before = existed_before
        self.attempts = 0
        self.nothing_made = 0
        self.silent = 0
        self.suspect = False
        self.sent = 0.0
        self.spent: Verdict | None = None
        self.reading: AssociationReader | None = None

    def halves(self) -> list[WorkItem]:
        """The same pairs as two items with all their attempts before them; none where there is one pair."""
        if len(self.pairs) == 1:
            return []
        middle = len(self.pairs) // 2
        return [self._part(self.pairs[:middle]), self._part(self.pairs[middle:])]

    def _part(self, pairs: list[Pair]) -> WorkItem:
        return WorkItem(
            pairs,
            asking=self.asking,
            existed_before=self.existed_before,
            neighbours_stand=self.neighbours_stand,
        )


class WorkQueue:
    """What is to be sent, in three piles: again at once, fresh, and again later.

    Workers take with `next` and say `done` when a item needs nothing more, or hand it back. The queue ends
    when it has been told that no fresh items come (`finish`) and everything taken is done, or at `close`.
    """

    def __init__(self) -> None:
        self._again: deque[WorkItem] = deque()
        self._fresh: deque[WorkItem] = deque()
        self._later: list[tuple[float, int, WorkItem]] = []
        self._order = count()
        self._taken = 0
        self._begun = 0  # rows of all items but the fresh ones
        self._finished = False
        self._closed = False
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self.hungry = asyncio.Event()  # set when fresh items run low
        self.hungry.set()

    async def next(self, *, untried_first: bool = False) -> WorkItem | None:
        """The next item; None when there will be none. `untried_first` prefers what was never sent."""
        while not self._closed:
            item = self._take_fresh() if untried_first else None
            item = item or self._take()
            if item is not None:
                self._taken += 1
                return item
            if self._finished and not self._taken and not self._later:
                self.close()
                break
            self._changed.clear()
            self._arm()
            await self._changed.wait()
        return None

    def _take(self) -> WorkItem | None:
        if self._again:
            return self._again.popleft()
        if self._later and self._later[0][0] <= asyncio.get_running_loop().time():
            return heapq.heappop(self._later)[2]
        return self._take_fresh()

    def _take_fresh(self) -> WorkItem | None:
        if not self._fresh or self._begun >= MAX_STARTED:
            return None
        item = self._fresh.popleft()
        self._begun += len(item.pairs)
        if not self._fresh:
            self.hungry.set()
        return item

    def _arm(self) -> None:
        """Wake the workers when the next item is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._later:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._later[0][0], self._changed.set)

    def feed(self, items: Iterable[WorkItem]) -> None:
        """Add fresh items."""
        before = len(self._fresh)
        self._fresh.extend(items)
        if self._fresh:
            self.hungry.clear()
        if len(self._fresh) > before:  # else every worker would wake up for nothing
            self._changed.set()

    def finish(self) -> None:
        """Say that no more fresh items come."""
        self._finished = True
        self._changed.set()

    def done(self, item: WorkItem) -> None:
        """A item that was taken needs nothing more."""
        self._taken -= 1
        self._begun -= len(item.pairs)
        if self._finished and not self._taken:
            self._changed.set()

    def again(self, items: Iterable[WorkItem]) -> None:
        """Send these before all others (the one that was taken must still be `done`).

        The latest go first: what a batch was split into is worked off before the next batch is split.
        """
        if returned := list(items):
            self._begun += sum(len(item.pairs) for item in returned)
            self._again.extendleft(reversed(returned))
            self._changed.set()

    def later(self, item: WorkItem, delay: float) -> None:
        """Send this again after `delay` seconds (the one that was taken must still be `done`)."""
        self._begun += len(item.pairs)
        heapq.heappush(self._later, (asyncio.get_running_loop().time() + delay, next(self._order), item))
        self._changed.set()

    def close(self) -> None:
        """Hand out nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self.hungry.set()
        self._changed.set()
