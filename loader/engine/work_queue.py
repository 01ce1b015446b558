"""The queue of what is still to be sent."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable
from itertools import count

from loader.engine.look_ahead import LookAhead
from loader.engine.work_item import Stage, WorkItem
from loader.model import Pair

#: With this many pairs under way or waiting for another attempt, no new ones are begun, to bound memory.
_MOST_BEGUN = 40_000
#: Most pairs that are recorded ahead.
_MOST_RECORDED = 30_000
#: With fewer fresh pairs than this, the reader may bring more.
_FEW = 10_000


class WorkQueue:
    """Items on their way: packed, recorded, taken by a worker; and sent again at once or later if need be.

    taken   items that workers have taken so far
    hungry  set while few fresh pairs are left

    Look-ups need no record. The queue ends when no fresh pairs will come (`finish`) and everything taken is
    done, or at `close`.
    """

    def __init__(self, look_ahead: LookAhead | None = None) -> None:
        """`look_ahead` holds the pairs that are to be looked up; None if this run looks nothing up."""
        self.taken = 0
        self.hungry = asyncio.Event()
        self.hungry.set()
        self._look_ahead = look_ahead
        self._packed: deque[WorkItem] = deque()
        self._being_recorded: list[WorkItem] = []
        self._recorded: deque[WorkItem] = deque()
        self._again: deque[WorkItem] = deque()
        self._later: list[tuple[float, int, WorkItem]] = []
        self._order = count()
        self._out: set[WorkItem] = set()  # taken by workers
        self._fresh = 0  # pairs that are packed
        self._ready = 0  # pairs that are recorded and not taken
        self._unsent = 0  # pairs of items for which no request has started, look-ups not counted
        self._begun = 0  # pairs that workers have, or that are to be sent again
        self._ahead = 0  # items that are to be recorded ahead
        self._finished = self._closed = False
        self._changed = asyncio.Event()
        self._to_record = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, items: Iterable[WorkItem]) -> None:
        """Add packed items."""
        for item in items:
            self._packed.append(item)
            self._fresh += len(item.pairs)
            self._unsent += len(item.pairs)
        self._to_record.set()
        self._measure_hunger()

    def look_up(self, pairs: Iterable[Pair], *, first: bool = False) -> None:
        """Add pairs that are to be looked up, after all others or before them."""
        assert self._look_ahead is not None, "this run looks nothing up"
        self._look_ahead.add(pairs, first=first)
        self._measure_hunger()
        self._changed.set()

    def finish(self) -> None:
        """Say that no more fresh pairs come."""
        self._finished = True
        self._changed.set()

    async def to_record(self, ahead: int) -> list[WorkItem]:
        """Wait until fewer than half of `ahead` items are recorded, and return more; empty at the end."""
        self._ahead = ahead
        while not self._closed:
            if self._packed and self._few_recorded():
                if items := self._take_packed():  # all of them may have been withdrawn
                    return items
                continue
            self._to_record.clear()
            await self._to_record.wait()
        return []

    def _few_recorded(self) -> bool:
        return 2 * len(self._recorded) < self._ahead and self._ready <= _MOST_RECORDED * 2 // 3

    def _take_packed(self) -> list[WorkItem]:
        items, pairs = self._ahead - len(self._recorded), _MOST_RECORDED - self._ready
        while self._packed and len(self._being_recorded) < items and pairs > 0:
            item = self._packed.popleft()
            self._fresh -= len(item.pairs)
            if item.stage is not Stage.WITHDRAWN:
                item.stage = Stage.RECORDED
                pairs -= len(item.pairs)
                self._being_recorded.append(item)
        self._measure_hunger()
        return self._being_recorded

    def recorded(self) -> None:
        """The items that `to_record` returned are on the disk, and may be sent."""
        self._recorded += self._being_recorded
        self._ready += sum(len(item.pairs) for item in self._being_recorded)
        self._being_recorded = []
        self._changed.set()

    async def next(self) -> WorkItem | None:
        """The next item, to be passed to `done` whatever becomes of it; None at the end."""
        while not self._closed:
            item = self._take_begun() or self._take_look_up() or self._take_recorded()
            if item is not None:
                self._out.add(item)
                self._count(item, 1)
                self.taken += 1
                return item
            if self._is_empty():
                self.close()
                break
            self._changed.clear()
            self._arm()
            await self._changed.wait()
        return None

    def _take_begun(self) -> WorkItem | None:
        if self._again:
            item = self._again.popleft()
        elif self._later and self._later[0][0] <= asyncio.get_running_loop().time():
            item = heapq.heappop(self._later)[2]
        else:
            return None
        self._count(item, -1)
        return item

    def _take_look_up(self) -> WorkItem | None:
        if self._look_ahead is None or not self._look_ahead.is_due(self._unsent):
            return None
        item = self._look_ahead.take()
        self._measure_hunger()
        return item

    def _take_recorded(self) -> WorkItem | None:
        if not self._recorded or self._begun >= _MOST_BEGUN:
            return None
        item = self._recorded.popleft()
        self._ready -= len(item.pairs)
        if self._packed and self._few_recorded():
            self._to_record.set()
        return item

    def _is_empty(self) -> bool:
        waiting = self._look_ahead.waiting if self._look_ahead is not None else 0
        piles = self._packed or self._being_recorded or self._recorded or self._again or self._later
        return self._finished and not (self._out or piles or waiting)

    def _count(self, item: WorkItem, sign: int) -> None:
        """Add (1) or subtract (-1) the pairs of an item that a worker has or that is to be sent again."""
        self._begun += sign * len(item.pairs)
        if item.look_up and self._look_ahead is not None:
            self._look_ahead.under_way += sign * len(item.pairs)

    def _measure_hunger(self) -> None:
        waiting = self._look_ahead.waiting if self._look_ahead is not None else 0
        if self._fresh + waiting < _FEW:
            self.hungry.set()
        else:
            self.hungry.clear()

    def _arm(self) -> None:
        """Wake the workers when the next item is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._later:
            self._timer = asyncio.get_running_loop().call_at(self._later[0][0], self._changed.set)

    def started(self, item: WorkItem) -> None:
        """A request for this item starts now."""
        item.sends += 1
        if item.stage is not Stage.RECORDED:
            return
        item.stage = Stage.SENT
        self._unsent -= len(item.pairs)
        if self._look_ahead is not None and self._look_ahead.is_due(self._unsent):
            self._changed.set()

    def rejected(self, item: WorkItem) -> None:
        """HubSpot has not acted on the request. If it was the first, none has started."""
        item.sends -= 1
        if not item.sends and item.stage is Stage.SENT:
            item.stage = Stage.RECORDED
            self._unsent += len(item.pairs)

    def again(self, items: Iterable[WorkItem]) -> None:
        """Send these before all others (the item that was taken must still be passed to `done`).

        The latest go first: the parts of a split batch are sent before the next batch is split. Items that
        are not recorded yet are queued like fresh ones.
        """
        returned: list[WorkItem] = []
        fresh: list[WorkItem] = []
        for item in items:
            (fresh if item.stage is Stage.PACKED and not item.look_up else returned).append(item)
        for item in returned:
            self._count(item, 1)
        self._again.extendleft(reversed(returned))
        if fresh:
            self.feed(fresh)
        if returned:
            self._changed.set()

    def later(self, item: WorkItem, delay: float) -> None:
        """Send this again after `delay` seconds (the item that was taken must still be passed to `done`)."""
        self._count(item, 1)
        heapq.heappush(self._later, (asyncio.get_running_loop().time() + delay, next(self._order), item))
        self._changed.set()

    def done(self, item: WorkItem) -> None:
        """An item that was taken needs nothing more."""
        self._out.remove(item)
        self._count(item, -1)
        if item.look_up or (self._finished and not self._out):
            self._changed.set()

    def learn(self, item: WorkItem, missing: int) -> None:
        """A look-up has been answered: `missing` of its pairs do not exist yet."""
        if self._look_ahead is not None:
            self._look_ahead.learn(len(item.pairs), missing)

    def unstarted(self) -> list[WorkItem]:
        """The items of pairs to be sent for which no request has started."""
        piles = (self._out, self._again, self._recorded, self._being_recorded, self._packed)
        return [item for pile in piles for item in pile if item.stage < Stage.SENT and not item.look_up]

    def withdraw(self, item: WorkItem) -> None:
        """Take back an item for which no request has started; a worker that gets it drops it."""
        item.stage = Stage.WITHDRAWN
        self._unsent -= len(item.pairs)

    def close(self) -> None:
        """Hand out nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self.hungry.set()
        self._to_record.set()
        self._changed.set()
