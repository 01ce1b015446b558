"""Whose account a token opens, and what is left of its day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loader.hubspot.client import HubSpot
from loader.hubspot.envelope import decode
from loader.hubspot.verdict import Kind, Verdict


class Account(NamedTuple):
    """`account-info/…/details`: ID, type, domain and the time zone's name; '' where HubSpot did not say."""

    portal_id: int
    account_type: str
    ui_domain: str
    time_zone: str

    def zone(self) -> ZoneInfo | None:
        """The account's time zone, None where this machine does not know it."""
        try:
            return ZoneInfo(self.time_zone) if self.time_zone else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None

    def next_reset(self, now: datetime) -> datetime | None:
        """When the daily limit is reset: midnight in the account's time zone (HubSpot's usage guidelines)."""
        zone = self.zone()
        if zone is None:
            return None
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


class DailyUsage(NamedTuple):
    """`api-usage/daily/private-apps`: a snapshot that lags behind; the answers' headers are fresher."""

    used: int
    limit: int
    resets_at: datetime | None


async def read_account(hubspot: HubSpot) -> Account | Verdict:
    """Ask who the token belongs to. A Verdict says why that is not known."""
    answer = await hubspot.request("GET", f"/account-info/{hubspot.version}/details")
    if isinstance(answer, Verdict):
        return answer
    said = decode(answer.body)
    portal_id = said.get("portalId") if said else None
    if said is None:
        return Verdict(Kind.TRANSIENT, answer.status, "UNREADABLE_ANSWER", "the answer can't be read")
    if not isinstance(portal_id, int | str) or not str(portal_id).isascii() or not str(portal_id).isdigit():
        return Verdict(Kind.REFUSED, answer.status, "UNREADABLE_ANSWER", "the answer names no account")
    words = (said.get(key) for key in ("accountType", "uiDomain", "timeZone"))
    return Account(int(portal_id), *(word if isinstance(word, str) else "" for word in words))


async def read_daily_usage(hubspot: HubSpot) -> DailyUsage | Verdict:
    """Ask how much of the day's requests is used up."""
    answer = await hubspot.request("GET", f"/account-info/{hubspot.version}/api-usage/daily/private-apps")
    if isinstance(answer, Verdict):
        return answer
    said = decode(answer.body) or {}
    results = said.get("results")
    items = results if isinstance(results, list) else []
    usage = next((item for item in items if isinstance(item, dict)), said)
    used, limit = usage.get("currentUsage"), usage.get("usageLimit")
    if not isinstance(used, int) or not isinstance(limit, int):
        return Verdict(Kind.TRANSIENT, answer.status, "UNREADABLE_ANSWER", "the answer names no usage")
    return DailyUsage(used, limit, _moment(usage.get("resetsAt")))


def _moment(value: object) -> datetime | None:
    try:
        if isinstance(value, int):
            return datetime.fromtimestamp(value / 1000, UTC)
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
