"""When a load will end, nights without quota included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from loader.hubspot.account import Account

#: A load that takes longer has no end worth telling.
_MOST_DAYS = 366


class DailyForecast(NamedTuple):
    """What is known of the account's daily limit; None where HubSpot has not said (OAuth apps have none)."""

    limit: int | None
    remaining: int | None
    resets_at: datetime | None


def end_of_load(
    now: datetime, requests: int, per_second: float, quota: DailyForecast, account: Account | None
) -> datetime | None:
    """When the last of `requests` will be answered, at `per_second` and within each day's quota.

    It assumes that the load waits for each reset and that nobody else uses the quota. The end is in UTC, or
    None where it is not within a year.
    """
    left, at, day = requests, now.astimezone(UTC), quota.remaining
    reset = quota.resets_at.astimezone(UTC) if quota.resets_at else None  # elsewhere a day may have 23 hours
    for _ in range(_MOST_DAYS):
        seconds = left / per_second
        if quota.limit is None or day is None or reset is None:
            return at + timedelta(seconds=seconds) if seconds < _MOST_DAYS * 86_400 else None
        until_reset = max(0.0, (reset - at).total_seconds())
        possible = min(day, int(until_reset * per_second))
        if left <= possible:
            return at + timedelta(seconds=seconds)
        left, at, day = left - possible, max(at, reset), quota.limit
        midnight = account.next_reset(at) if account else None
        reset = midnight.astimezone(UTC) if midnight else at + timedelta(days=1)
    return None
