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

from loader.engine.stats import RunStats
from loader.errors import Stopped
from loader.hubspot.account import Account
from loader.pace import Pace

_LOOK = 15.0
#: HubSpot's clock and this one differ, and a reset may take a moment.
_AFTER_RESET = timedelta(seconds=60)
#: Without the account's time zone the reset is looked for by trying.
_TRY_AGAIN = timedelta(minutes=15)
#: Who says a moment is not believed beyond this: nothing resets less often than daily.
_LONGEST = timedelta(hours=25)


class DailyQuota:
    """The account's daily limit in this run; a context manager around the sending.

    `reserve` is the percentage of it that is left to other integrations. `wait` says whether to sleep until
    the reset where it is used up, or to stop.
    """

    def __init__(
        self,
        pace: Pace,
        account: Account | None,
        stats: RunStats,
        decide: Callable[[str, dict[str, object]], None],
        *,
        reserve: float,
        wait: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.wait, self.reserve = wait, reserve
        self._pace, self._account, self._stats, self._decide = pace, account, stats, decide
        self._now = now
        self._sleep: asyncio.Task[None] | None = None
        self._asked = 0.0  # seconds that the answers ask to be left alone
        self._least = 0.0  # twice as long as they last asked for: where that was too short, ever less often

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
            await asyncio.gather(self._sleep, return_exceptions=True)

    def spent(self, in_flight: int) -> bool:
        """Whether only the reserve is left of the day, counting requests under way; no reserve never ends."""
        quota = self._pace.quota
        if not self.reserve or quota.limit is None or quota.remaining is None:
            return False
        return quota.remaining - in_flight <= quota.limit * self.reserve / 100

    def asked(self, seconds: float | None) -> None:
        """An answer has said that the day is used up, and to come back in `seconds` (None: not when)."""
        self._asked = max(self._asked, min(seconds or 0.0, _LONGEST.total_seconds()))

    def format_local_time(self, seconds: float) -> str:
        """The moment in so many seconds, as a person is told it: never too early, at most a year off."""
        return format_local_time(self._after(min(seconds, 366 * 86_400.0)), self._account)

    def over(self, message: str) -> Stopped:
        """What ends the run where nobody waits: `message`, and when the limit is reset."""
        reset = self._after(self._asked) if self._asked else self._reset()
        when = f"; it is reset at {format_local_time(reset, self._account)}" if reset else ""
        return Stopped(
            "daily_limit",
            f"{message.rstrip('.')}{when}",
            "Run the same command again after the reset, or add --wait-for-daily-reset to sleep until then.",
        )

    async def sleep(self) -> None:
        """Hold everybody back until the limit is reset; whoever asks waits for the same moment."""
        if self._sleep is None or self._sleep.done():
            self._sleep = asyncio.create_task(self._until_reset())
        await asyncio.shield(self._sleep)

    def _after(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(self._now() + seconds + 59, UTC)  # the seconds are cut off when told

    def _reset(self) -> datetime | None:
        now = datetime.fromtimestamp(self._now(), UTC)
        return self._account.next_reset(now) if self._account else None

    async def _until_reset(self) -> None:
        reset = self._reset()
        now = datetime.fromtimestamp(self._now(), UTC)
        until = now + _TRY_AGAIN if reset is None else reset.astimezone(UTC) + _AFTER_RESET
        if self._asked:
            wait = timedelta(seconds=self._asked)
            until = max(now + wait, min(until, now + timedelta(seconds=self._least)))
            self._least = 2 * (until - now).total_seconds()
            self._asked = 0.0
        self._stats.pause = (
            f"the daily limit is used up; going on at {format_local_time(until, self._account)}"
        )
        self._decide("daily_limit", {"until": until.isoformat()})
        while (left := until.timestamp() - self._now()) > 0:
            self._pace.pause(min(left, _LOOK * 2), "the daily limit is used up")
            await asyncio.sleep(min(left, _LOOK))
        self._pace.quota.remaining = None  # yesterday's
        self._stats.pause = ""
        self._decide("daily_limit_over", {})


def format_local_time(moment: datetime, account: Account | None) -> str:
    """A moment as a person is told it: in local time, and in the account's time zone where that differs."""
    local = moment.astimezone()
    words = local.strftime("%Y-%m-%d %H:%M %Z")
    zone = account.zone() if account else None
    if zone is None or moment.astimezone(zone).utcoffset() == local.utcoffset():
        return words
    return f"{words} ({moment.astimezone(zone).strftime('%Y-%m-%d %H:%M')} in the account's zone, {zone.key})"
