"""Whose account a token opens, and how much of its daily limit is used.

https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loader.hubspot.client import HubSpot
from loader.hubspot.envelope import count_of, decode, objects_in, text_of
from loader.hubspot.verdict import Kind, Verdict
from loader.text import one_line


class Account(NamedTuple):
    """`account-info/…/details`; texts are '' if HubSpot does not say."""

    portal_id: int
    account_type: str
    ui_domain: str
    #: IANA name, like ``Europe/Berlin``.
    time_zone: str

    def zone(self) -> ZoneInfo | None:
        """The account's time zone; None if this machine does not know it."""
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
    """`api-usage/daily/private-apps`: a snapshot that lags behind; the headers of answers are fresher."""

    used: int
    limit: int
    #: With a time zone; None if HubSpot does not say.
    resets_at: datetime | None


async def read_account(hubspot: HubSpot) -> Account | Verdict:
    """Ask whose account the token opens. A Verdict says why that is not known."""
    answer = await hubspot.request("GET", f"/account-info/{hubspot.version}/details")
    if isinstance(answer, Verdict):
        return answer
    if (document := decode(answer.body)) is None:
        return Verdict(Kind.TRANSIENT, answer.status, "UNREADABLE_ANSWER", "the answer can't be read")
    if not (portal_id := count_of(document.get("portalId"))):
        return Verdict(Kind.REFUSED, answer.status, "UNREADABLE_ANSWER", "the answer names no account")
    texts = (one_line(text_of(document.get(key)), 100) for key in ("accountType", "uiDomain", "timeZone"))
    return Account(portal_id, *texts)


async def read_daily_usage(hubspot: HubSpot) -> DailyUsage | Verdict:
    """Ask how many of the day's requests are used. A Verdict says why that is not known."""
    answer = await hubspot.request("GET", f"/account-info/{hubspot.version}/api-usage/daily/private-apps")
    if isinstance(answer, Verdict):
        return answer
    document = decode(answer.body) or {}
    usage = next(iter(objects_in(document.get("results"))), document)
    used, limit = count_of(usage.get("currentUsage")), count_of(usage.get("usageLimit"))
    if used is None or limit is None:
        return Verdict(Kind.TRANSIENT, answer.status, "UNREADABLE_ANSWER", "the answer names no usage")
    return DailyUsage(used, limit, _moment(usage.get("resetsAt")))


def _moment(value: object) -> datetime | None:
    """A moment as ISO 8601, or as milliseconds since 1970; in UTC if it names no time zone."""
    milliseconds = count_of(value)
    try:
        if milliseconds is not None:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
        moment = datetime.fromisoformat(text_of(value))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
