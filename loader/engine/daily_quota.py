"""The account's daily limit: how much of it is left, and sleeping until it is reset.

The sleep follows the wall clock, because a monotonic one stops while a laptop is suspended. A wall clock
may be set, so the time left is recomputed every few seconds.
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
#: How often to ask in the first hours after an expected reset, and if the account's time zone is not known.
_ASK_AGAIN = timedelta(minutes=15)
#: For this long after midnight a refusal means that the reset is late, or that this clock is fast.
_RESET_MAY_BE_LATE = timedelta(hours=3)
#: The longest wait that an answer may ask for: the limit is reset every day.
_LONGEST = timedelta(hours=25)


class DailyQuota:
    """The daily limit in this run; an async context manager around the sending.

    is_over  the limit is used up, or only the reserve is left; `sleep` ends that
    wait     whether to sleep until the reset when the limit is used up, or to stop
    reserve  percentage of the limit that is left to other integrations
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
        """`decide` is told of decisions; `now` gives Unix time."""
        self.is_over = False
        self.wait, self.reserve = wait, reserve
        self._pace, self._account, self._stats, self._decide = pace, account, stats, decide
        self._now = now
        self._sleep: asyncio.Task[None] | None = None
        self._asked: datetime | None = None  # when an answer said to come back

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
            await asyncio.gather(self._sleep, return_exceptions=True)

    def spent(self, in_flight: int) -> bool:
        """Whether one more request would use the reserve, with `in_flight` requests still to be counted."""
        quota = self._pace.quota
        if not self.reserve or quota.limit is None or quota.remaining is None:
            return False
        return quota.remaining - in_flight <= quota.limit * self.reserve / 100

    def refused(self, retry_after: float | None) -> None:
        """HubSpot says that the limit is used up, and maybe how many seconds to wait."""
        if retry_after is not None:
            wait = min(timedelta(seconds=min(retry_after, 1e6)), _LONGEST)
            self._asked = max(self._asked or self._present(), self._present() + wait)

    def format_local_time(self, seconds: float) -> str:
        """The moment in `seconds` from now, in words: never too early, at most a year off."""
        moment = self._present() + timedelta(seconds=min(seconds, 366 * 86_400.0))
        return format_local_time(_next_minute(moment), self._account)

    def over(self, message: str) -> Stopped:
        """What ends a run that does not wait: `message`, and when to come back."""
        when, come_back = "", "after the reset"
        if known := [moment for moment in (self._reset(), self._asked) if moment is not None]:
            when = f"; it is reset at {format_local_time(_next_minute(max(known)), self._account)}"
        elif self._reset_may_be_late():
            when, come_back = "; its reset was due at midnight and may be late", "in 15 minutes"
        return Stopped(
            "daily_limit",
            f"{message.rstrip('.')}{when}",
            f"Run the same command again {come_back}, or add --wait-for-daily-reset to sleep until then.",
        )

    async def sleep(self) -> None:
        """Pause everything until the limit is reset; all callers wait for the same moment."""
        if self._sleep is None or self._sleep.done():
            self._sleep = asyncio.create_task(self._sleep_until_reset())
        await asyncio.shield(self._sleep)

    def _present(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    def _reset_may_be_late(self) -> bool:
        zone = self._account.zone() if self._account else None
        if zone is None:
            return False
        here = self._present().astimezone(zone)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        return here - midnight < _RESET_MAY_BE_LATE

    def _reset(self) -> datetime | None:
        """When the limit is reset next; None if that is not known."""
        reset = self._account.next_reset(self._present()) if self._account else None
        return None if reset is None or self._reset_may_be_late() else reset.astimezone(UTC)

    async def _sleep_until_reset(self) -> None:
        reset = self._reset()
        until = reset + _AFTER_RESET if reset is not None else self._present() + _ASK_AGAIN
        until, self._asked = max(until, self._asked or until), None
        self._stats.pause = (
            f"the daily limit is used up; going on at {format_local_time(until, self._account)}"
        )
        self._decide("daily_limit", {"until": until.isoformat()})
        while (left := until.timestamp() - self._now()) > 0:
            self._pace.pause(min(left, _LOOK * 2), "the daily limit is used up")
            await asyncio.sleep(min(left, _LOOK))
        self.is_over = False
        self._pace.quota.remaining = None  # yesterday's
        self._stats.pause = ""
        self._decide("daily_limit_over", {})


def format_local_time(moment: datetime, account: Account | None) -> str:
    """A moment in words: in local time, and in the account's time zone if that differs."""
    local = moment.astimezone()
    words = local.strftime("%Y-%m-%d %H:%M %Z")
    zone = account.zone() if account else None
    if zone is None or moment.astimezone(zone).utcoffset() == local.utcoffset():
        return words
    return f"{words} ({moment.astimezone(zone).strftime('%Y-%m-%d %H:%M')} in the account's zone, {zone.key})"


def _next_minute(moment: datetime) -> datetime:
    """Rounded up: messages leave out the seconds, and no one should come back too early."""
    return moment + timedelta(seconds=59)
