"""Whether a request may start: asked when it has its permit, right before it goes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from loader.engine.circuit_breaker import CircuitBreaker, Connection
from loader.engine.daily_quota import DailyQuota
from loader.engine.journal import Journal
from loader.engine.look_ahead import OLDEST_LOOK_UP
from loader.engine.sender import NotStarted
from loader.engine.skip_existing import moment
from loader.engine.stop_after_failures import Refusals
from loader.engine.work_item import Stage, WorkItem
from loader.engine.work_queue import WorkQueue
from loader.model import Pair


class Gate:
    """Lets requests start unless the run is stopped or something holds it up.

    closed  nothing starts any more

    What holds a run up: an outage, a daily limit that is used up to its reserve, refusals that are being
    looked into, a checkpoint that can't be written at the moment.
    """

    def __init__(
        self,
        queue: WorkQueue,
        journal: Journal,
        connection: Connection,
        breaker: CircuitBreaker,
        day: DailyQuota,
        refusals: Refusals,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` gives Unix time."""
        self.closed = False
        self._queue, self._journal, self._connection = queue, journal, connection
        self._breaker, self._day, self._refusals = breaker, day, refusals
        self._now = now

    @property
    def is_held_up(self) -> bool:
        """Whether `wait` has something to wait for."""
        return (
            self._breaker.is_open
            or self._day.is_over
            or self._day.spent(self._connection.in_flight)
            or self._refusals.looking_into
            or bool(self._journal.trouble)
        )

    async def wait(self) -> None:
        """Wait for whatever holds the run up, once for each reason.

        Raises Stopped if an outage takes too long or the run does not wait for the daily reset, and
        NotStarted if the gate is closed.
        """
        self.admit_question()
        if self._breaker.is_open:
            await self._breaker.wait_until_closed(self.admit_question)
        while self._day.spent(self._connection.in_flight):  # until requests in flight are counted
            if not self._connection.in_flight:
                if not self._day.wait:
                    raise self._day.over("only the --reserve share of the daily limit is left")
                self._day.is_over = True
                break
            await asyncio.sleep(0.05)
        if self._day.is_over:
            await self._day.sleep()
        while self._refusals.looking_into or self._journal.trouble:  # noqa: ASYNC110 - both are rare
            await asyncio.sleep(0.1)

    def admit(self, item: WorkItem) -> None:
        """Take note that the item's next request starts now. Raises NotStarted if it must not."""
        if self.closed or self.is_held_up or item.stage is Stage.WITHDRAWN:
            raise NotStarted
        if item.stage is Stage.RECORDED and self._is_too_old(item):
            self._look_up_again()
            raise NotStarted
        self._queue.started(item)

    def admit_question(self) -> None:
        """As `admit`, for a request that has nothing to do with any pair."""
        if self.closed:
            raise NotStarted

    def _is_too_old(self, item: WorkItem) -> bool:
        return item.looked_up is not None and item.looked_up.age(moment(self._now)) > OLDEST_LOOK_UP

    def _look_up_again(self) -> None:
        """Withdraw all pairs whose look-up is too old, and look them up once more."""
        recorded: list[Pair] = []
        again: list[Pair] = []
        for item in filter(self._is_too_old, self._queue.unstarted()):
            again += item.pairs
            if item.stage is Stage.RECORDED:
                recorded += item.pairs
            self._queue.withdraw(item)
        self._journal.withdraw(recorded)
        self._queue.look_up(again, first=True)
