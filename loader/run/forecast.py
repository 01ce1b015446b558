"""What a load will cost in requests, time and share of the day, before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loader.hubspot.account import Account
from loader.pace import PaceReading
from loader.run.daily import told
from loader.run.prepare import Job

#: What is assumed until HubSpot says its limits: the lowest tier (HubSpot's usage guidelines).
ASSUMED_LIMIT, ASSUMED_INTERVAL = 100, 10.0
#: The batch calls' size (a third party's cap; the contract's section 1).
BATCH_SIZE = 2000


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
    def days_of_quota(self) -> float | None:
        """The share of a day's requests, 1.0 being all of them."""
        return self.requests / self.daily_limit if self.daily_limit else None


def forecast(rows: int, method: str, pace: PaceReading) -> Forecast:
    """What sending `rows` pairs costs at the pace that is known by now."""
    requests = -(-rows // BATCH_SIZE) if method == "batch" else rows
    assumed = pace.limit is None
    limit, interval = (
        (ASSUMED_LIMIT, ASSUMED_INTERVAL) if pace.limit is None else (pace.allowance, pace.interval)
    )
    per_second = max(limit, 1) / interval
    return Forecast(
        requests, per_second, requests / per_second, assumed, pace.daily_limit, pace.daily_remaining
    )


def announcement(job: Job, account: Account | None, pace: PaceReading) -> list[str]:
    """What a person is told before the first association is sent, line by line."""
    survey, will = job.survey, forecast(job.sendable, job.settings.method, pace)
    lines = [f"Account: {account.portal_id} ({account.ui_domain})"] if account else []
    rows = f"{job.source.name}: {survey.rows:,} rows"
    parts = [f"{job.open_rows:,} to do"]
    if job.before:
        parts.append(f"{job.before.total():,} already in the report")
    if survey.invalid:
        parts.append(f"{survey.invalid:,} invalid")
    if survey.duplicates:
        parts.append(f"{survey.duplicates:,} duplicates")
    lines.append(f"{rows} ({', '.join(parts)})")
    kinds = ", ".join(f"{a} to {b}: {n:,}" for (a, b), n in survey.kinds.most_common(5))
    if kinds:
        lines.append(f"Pairs: {kinds}")
    lines.append(cost(will, account))
    return lines


def cost(will: Forecast, account: Account | None) -> str:
    """The forecast in one sentence."""
    end = datetime.now(UTC) + timedelta(seconds=will.seconds)
    text = f"About {will.requests:,} requests at {will.per_second:.1f}/s"
    text += " (assumed)" if will.assumed else ""
    text += f": {duration(will.seconds)}, until {told(end, account)}"
    if will.daily_limit:
        text += f"; {will.requests / will.daily_limit:.1%} of the day's {will.daily_limit:,}"
        if will.daily_remaining is not None:
            text += f", of which {will.daily_remaining:,} are left"
            if will.requests > will.daily_remaining:
                text += " - too few for today"
    return text


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
