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
#: A load that takes longer has no end worth telling.
_MOST_DAYS = 366
#: Pairs of object types that are listed.
_MAX_TYPE_PAIRS = 5
#: From so many seconds on, people ask when; from such a share of a day on, whether.
_WORTH_A_CLOCK, _WORTH_MENTIONING = 300.0, 0.01


@dataclass(frozen=True)
class Forecast:
    """`requests` to send, at `per_second`, which takes `seconds`; `daily_limit` and `daily_remaining` are
    None where HubSpot has not said. `assumed` says that the pace is a guess."""

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
        """The share of a day's requests, 1.0 being all of them."""
        return self.requests / self.daily_limit if self.daily_limit else None


def forecast(rows: int, settings: LoadSettings, pace: PaceReading) -> Forecast:
    """What sending `rows` pairs costs at most, at the account's pace as far as it is known by now.

    What others have taken from the last window is left out: it says nothing of the hours to come. With
    `skip_existing` all pairs are looked up, and those that are missing come in items of that size.
    """
    looks = -(-rows // MOST_RECORDS) if settings.skip_existing else 0
    requests = looks + ((looks or -(-rows // MOST_PAIRS)) if settings.method == "batch" else rows)
    limit, interval = (pace.limit or ASSUMED_LIMIT, pace.interval if pace.limit else ASSUMED_INTERVAL)
    per_second = max(int(limit * (1 - settings.reserve / 100)), 1) / interval
    if settings.ceiling is not None:
        per_second = min(per_second, settings.ceiling.requests / settings.ceiling.seconds)
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

    It assumes that the load waits for each reset and that nobody else uses the quota. The end is in UTC, or
    None if it is not within a year.
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


def announcement(plan: LoadPlan, account: Account | None, pace: PaceReading) -> list[str]:
    """What a person is told before the first pair is sent, line by line."""
    survey = plan.survey
    lines = [f"Connected to HubSpot account {account.portal_id}"] if account else []
    if plan.settings.simulate:
        lines = ["SIMULATOR: nothing is sent to HubSpot"]
    lines.append(plan.source.description)
    lines.append(f"{plan.source.name}: {', '.join(_contents(plan))}")
    lines += type_pair_lines(survey.type_pairs)
    if not plan.to_send:
        return lines
    return lines + cost(forecast(plan.to_send, plan.settings, pace), account)


def _contents(plan: LoadPlan) -> Iterator[str]:
    survey = plan.survey
    yield pluralize(survey.rows, "row")
    yield pluralize(survey.sendable, "pair")
    for count, what in ((survey.invalid, "invalid"), (survey.empty, "without an ID to associate")):
        if count:
            yield f"{count:,} {what}"
    if survey.duplicates:
        yield pluralize(survey.duplicates, "duplicate")
    if survey.blank_rows:
        yield f"{pluralize(survey.blank_rows, 'blank row')} ignored"
    if plan.settled:
        yield f"{plan.settled:,} settled earlier"
    if plan.to_send != survey.sendable:
        yield f"{plan.to_send:,} to send"


def type_pair_lines(type_pairs: Counter[tuple[str, str]]) -> list[str]:
    """The pairs by their object types, like ``contacts → companies: 11 pairs``; a few lines at most."""
    lines = [
        f"{truncate(from_type, 100)} → {truncate(to_type, 100)}: {pluralize(count, 'pair')}"
        for (from_type, to_type), count in type_pairs.most_common(_MAX_TYPE_PAIRS)
    ]
    if (more := len(type_pairs) - _MAX_TYPE_PAIRS) > 0:
        lines.append(f"and {more:,} more pairs of types")
    return lines


def cost(will: Forecast, account: Account | None) -> list[str]:
    """The forecast: requests, pace and time, and the share of the day if it matters."""
    pace = will.pace + (" (estimate: account limit not known yet)" if will.assumed else "")
    line = f"About {pluralize(will.requests, 'request')} at {pace}: {duration(will.seconds)}"
    if will.seconds > _WORTH_A_CLOCK:
        line += f", until {format_local_time(datetime.now(UTC) + timedelta(seconds=will.seconds), account)}"
    lines = [line]
    share = will.days_of_quota
    if share is not None and share > _WORTH_MENTIONING:
        lines.append(f"{will.requests:,} of today's {will.daily_limit:,} API calls")
    if will.daily_remaining is not None and will.requests > will.daily_remaining:
        lines.append(
            f"Only {will.daily_remaining:,} API calls are left today: the load will stop there, and the same "
            "command goes on tomorrow. --wait-for-daily-reset waits instead."
        )
    return lines
