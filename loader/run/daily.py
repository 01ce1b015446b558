"""Sleeping through an exhausted daily limit, however long, by the wall clock.

A monotonic clock stands still while a laptop is suspended, and a wall clock may be set. So the time left is
asked anew every few seconds, and until the reset everybody's pause is prolonged a little at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from loader.hubspot.account import Account
from loader.pace import Pace
from loader.run.log import Log
from loader.run.tally import Tally

_LOOK = 15.0
#: HubSpot's clock and this one differ, and a reset may take a moment.
_AFTER_RESET = timedelta(seconds=60)
#: Without the account's time zone the reset is looked for by trying.
_TRY_AGAIN = timedelta(minutes=15)


class DailySleep:
    """Holds everybody back until the daily limit is reset; a context manager around the run."""

    def __init__(
        self,
        pace: Pace,
        account: Account | None,
        tally: Tally,
        log: Log,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._pace, self._account, self._tally, self._log, self._now = pace, account, tally, log, now
        self._sleep: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
            await asyncio.gather(self._sleep, return_exceptions=True)

    def begin(self) -> None:
        """Hold everybody back from now on; does nothing where that is so already."""
        if self._sleep is None or self._sleep.done():
            self._pace.pause(_LOOK * 2, "the daily limit is used up")
            self._sleep = asyncio.create_task(self._until_reset())

    def wakes_at(self) -> datetime:
        """When to go on, in UTC."""
        now = datetime.fromtimestamp(self._now(), UTC)
        reset = self._account.next_reset(now) if self._account else None
        return now + _TRY_AGAIN if reset is None else reset.astimezone(UTC) + _AFTER_RESET

    async def _until_reset(self) -> None:
        until = self.wakes_at()
        self._tally.pause = f"the daily limit is used up; going on at {told(until, self._account)}"
        self._log.decision("daily_limit", {"until": until.isoformat()})
        while (left := until.timestamp() - self._now()) > 0:
            self._pace.pause(min(left, _LOOK * 2), "the daily limit is used up")
            await asyncio.sleep(min(left, _LOOK))
        self._tally.pause = ""
        self._log.decision("daily_limit_over", {})


def told(moment: datetime, account: Account | None) -> str:
    """A moment as a person is told it: in local time, and in the account's time zone where that differs."""
    local = moment.astimezone()
    words = local.strftime("%Y-%m-%d %H:%M %Z")
    zone = account.zone() if account else None
    if zone is None or moment.astimezone(zone).utcoffset() == local.utcoffset():
        return words
    return f"{words} ({moment.astimezone(zone).strftime('%Y-%m-%d %H:%M')} in the account's zone, {zone.key})"
