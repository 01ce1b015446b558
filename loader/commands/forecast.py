"""What a load will cost in requests, time and share of the day, before it begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from loader.commands.plan import LoadPlan
from loader.engine.batching import MOST_PAIRS
from loader.engine.daily_quota import format_local_time
from loader.hubspot.account import Account
from loader.hubspot.association_reader import MOST_RECORDS
from loader.pace import PaceReading
from loader.settings import LoadSettings
from loader.text import duration, pluralize, truncate

#: What is assumed until HubSpot says its limits: the lowest tier (HubSpot's usage guidelines).
ASSUMED_LIMIT, ASSUMED_INTERVAL = 100, 10.0
#: Seconds; a longer load is announced with the time at which it ends.
_WORTH_A_CLOCK = 300.0
_MAX_TYPE_PAIRS = 5
#: Days; a longer load is announced without an end.
_MAX_DAYS = 366


@dataclass(frozen=True)
class Forecast:
    """What a load costs.

    requests, per_second, seconds: how many requests, at which pace, and how long that takes
    assumed: the pace is a guess
    daily_limit, daily_remaining: None if HubSpot has not said
    """

    requests: int
    per_second: float
    seconds: float
    assumed: bool
    daily_limit: int | None
    daily_remaining: int | None

    @property
    def pace(self) -> str:
        """Like ``19.0/s`` or ``0.017/s``."""
        return f"{self.per_second:{'.1f' if self.per_second >= 1 else '.2g'}}/s"

    @property
    def days_of_quota(self) -> float | None:
        """Requests as a share of the daily limit (1.0: all of it); None if that is not known."""
        return self.requests / self.daily_limit if self.daily_limit else None


def forecast(rows: int, settings: LoadSettings, pace: PaceReading) -> Forecast:
    """What sending `rows` pairs costs at most, at the account's pace as far as it is known.

    Foreign usage of the last window is left out: it says nothing about the hours to come. With
    `skip_existing` all pairs are looked up, and the missing ones are sent in work items of that size.
    """
    looks = -(-rows // MOST_RECORDS) if settings.skip_existing else 0
    requests = looks + ((looks or -(-rows // MOST_PAIRS)) if settings.method == "batch" else rows)
    limit, interval = (pace.limit or ASSUMED_LIMIT, pace.interval if pace.limit else ASSUMED_INTERVAL)
    per_second = max(int(limit * (1 - settings.reserve / 100)), 1) / interval
    if settings.rate_cap is not None:
        per_second = min(per_second, settings.rate_cap.requests / settings.rate_cap.seconds)
    return Forecast(
        requests,
        per_second,
        requests / per_second,
        pace.limit is None,
        pace.daily_limit,
        pace.daily_remaining,
    )


class DailyForecast(NamedTuple):
    """What is known of the account's daily limit; None if HubSpot has not said (OAuth apps have none)."""

    limit: int | None
    remaining: int | None
    resets_at: datetime | None


def end_of_load(
    now: datetime, requests: int, per_second: float, quota: DailyForecast, account: Account | None
) -> datetime | None:
    """When the last of `requests` will be answered, at `per_second` and within each day's quota.

    It assumes that the load waits for each reset and that nothing else uses the quota. The end is in UTC, or
    None if it is not within a year.
    """
    left, at, day = requests, now.astimezone(UTC), quota.remaining
    reset = quota.resets_at.astimezone(UTC) if quota.resets_at else None  # a local day may have 23 hours
    for _ in range(_MAX_DAYS):
        seconds = left / per_second
        if quota.limit is None or day is None or reset is None:
            return at + timedelta(seconds=seconds) if seconds < _MAX_DAYS * 86_400 else None
        until_reset = max(0.0, (reset - at).total_seconds())
        possible = min(day, int(until_reset * per_second))
        if left <= possible:
            return at + timedelta(seconds=seconds)
        left, at, day = left - possible, max(at, reset), quota.limit
        midnight = account.next_reset(at) if account else None
        reset = midnight.astimezone(UTC) if midnight else at + timedelta(days=1)
    return None


def announcement(plan: LoadPlan, account: Account | None, pace: PaceReading) -> list[str]:
    """What a person is told before the first pair is sent, line by line."""
    return [
        connected(account, simulated=plan.settings.simulate),
        plan.source.description,
        f"{plan.source.name}: {', '.join(_contents(plan))}",
        *type_pair_words(plan.survey.pairs_by_types),
        *cost(forecast(plan.to_send, plan.settings, pace), account),
    ]


def _contents(plan: LoadPlan) -> Iterator[str]:
    survey = plan.survey
    yield pluralize(survey.rows, "row")
    yield pluralize(survey.sendable, "pair")
    if survey.invalid:
        yield f"{survey.invalid:,} invalid"
    if survey.empty:
        yield f"{survey.empty:,} without an ID to associate"
    if survey.duplicates:
        yield pluralize(survey.duplicates, "duplicate")
    if survey.blank_rows:
        yield f"{pluralize(survey.blank_rows, 'blank row')} ignored"
    if plan.settled:
        yield f"{plan.settled:,} settled by earlier runs"


def connected(account: Account | None, simulated: bool) -> str:
    """``Connected to HubSpot account 62515 (app.hubspot.com)``"""
    if simulated:
        return "Connected to the SIMULATOR: nothing is sent to HubSpot"
    if account is None:
        return "HubSpot does not say which account the token belongs to"
    return f"Connected to HubSpot account {account.portal_id} ({account.ui_domain})"


def type_pair_words(type_pairs: Counter[tuple[str, str]]) -> list[str]:
    """``contacts → companies: 11 pairs``, for the most frequent pairs of object types."""
    lines = [
        f"{truncate(from_type, 100)} → {truncate(to_type, 100)}: {pluralize(pairs, 'pair')}"
        for (from_type, to_type), pairs in type_pairs.most_common(_MAX_TYPE_PAIRS)
    ]
    if (more := len(type_pairs) - _MAX_TYPE_PAIRS) > 0:
        lines.append(f"and {pluralize(more, 'more type pair')}")
    return lines


def cost(will: Forecast, account: Account | None) -> list[str]:
    """The forecast: requests, pace and time, and how much of the day's API calls that is."""
    if not will.requests:
        return ["Nothing to send"]
    line = f"{pluralize(will.requests, 'request')} at {will.pace}: {duration(will.seconds)}"
    if will.seconds > _WORTH_A_CLOCK:
        line += f", until {format_local_time(datetime.now(UTC) + timedelta(seconds=will.seconds), account)}"
    if will.assumed:
        line += " (estimate: account limit not known yet)"
    lines = [line]
    if will.daily_remaining is not None:
        calls = f"{will.requests:,} of today's {will.daily_remaining:,} API calls"
        if will.requests > will.daily_remaining:
            calls += (
                ": it will not end today. When they are used up it stops: run it again after the reset, "
                "or add --wait-for-daily-reset"
            )
        lines.append(calls)
    elif will.daily_limit:
        lines.append(f"{will.requests:,} of the {will.daily_limit:,} API calls of a day")
    return lines
