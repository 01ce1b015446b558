"""What a load will cost in requests, time and share of the day, before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loader.commands.plan import LoadPlan
from loader.engine.batching import MOST_PAIRS
from loader.engine.daily_quota import format_local_time
from loader.hubspot.account import Account
from loader.hubspot.association_reader import MOST_RECORDS
from loader.pace import PaceReading
from loader.settings import LoadSettings
from loader.text import truncate

#: What is assumed until HubSpot says its limits: the lowest tier (HubSpot's usage guidelines).
ASSUMED_LIMIT, ASSUMED_INTERVAL = 100, 10.0
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


def announcement(plan: LoadPlan, account: Account | None, pace: PaceReading) -> list[str]:
    """What a person is told before the first association is sent, line by line."""
    survey, settings = plan.survey, plan.settings
    will = forecast(plan.sendable, settings, pace)
    lines = [f"Account: {account.portal_id} ({account.ui_domain})"] if account else []
    parts = [f"{plan.source.name}: {pluralize(survey.rows, 'row')}"]
    if survey.invalid:
        parts.append(f"{survey.invalid:,} of them invalid")
    if survey.duplicates:
        parts.append(pluralize(survey.duplicates, "duplicate"))
    if plan.before:
        parts.append(f"{plan.before.total():,} in the report already")
    if plan.open_rows != survey.rows:
        parts.append(f"{plan.open_rows:,} to do")
    lines.append(", ".join(parts))
    kinds = [
        f"{truncate(a, 100)} to {truncate(b, 100)}: {n:,}" for (a, b), n in survey.type_pairs.most_common(5)
    ]
    more = [f"and {len(survey.type_pairs) - 5} more kinds"] if len(survey.type_pairs) > 5 else []
    if kinds:
        lines.append("Pairs: " + ", ".join(kinds + more))
    return [*lines, *cost(will, account)]


def cost(will: Forecast, account: Account | None) -> list[str]:
    """The forecast: requests, pace and time, and the share of the day where it matters."""
    pace = will.pace + (" (a guess: HubSpot has not said how fast it may be)" if will.assumed else "")
    line = f"About {pluralize(will.requests, 'request')} at {pace}: {duration(will.seconds)}"
    if will.seconds > _WORTH_A_CLOCK:
        line += f", until {format_local_time(datetime.now(UTC) + timedelta(seconds=will.seconds), account)}"
    lines = [line]
    share = will.days_of_quota
    if share is not None and share > _WORTH_MENTIONING:
        lines.append(f"That is {share:.0%} of the {will.daily_limit:,} requests that the account has a day")
    if will.daily_remaining is not None and will.requests > will.daily_remaining:
        lines.append(
            f"Today {will.daily_remaining:,} of them are left, so it will not end today: it stops there, "
            "and the same command goes on, or --wait-for-daily-reset sleeps until then"
        )
    return lines


def pluralize(number: int, what: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time span in words: ``40 s``, ``12 min``, ``7 h 05 min``, ``2 d 3 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"
