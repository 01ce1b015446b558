"""The `X-HubSpot-RateLimit-*` headers of an answer.

https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from multidict import istr

#: HubSpot's limits lie between 100 and 250 requests; a number beyond this is a mistake.
_LARGEST_LIMIT = 10_000_000
#: An answer that others have overtaken says at most this much more than they do.
_OVERTAKEN = 1000
_LARGEST_DAILY_LIMIT = 10**12
_SHORTEST_INTERVAL_MS, _LONGEST_INTERVAL_MS = 100, 3_600_000
# aiohttp's headers find an `istr` faster; elsewhere it is a plain string.
_MAX, _REMAINING = istr("x-hubspot-ratelimit-max"), istr("x-hubspot-ratelimit-remaining")
_INTERVAL_MS = istr("x-hubspot-ratelimit-interval-milliseconds")
_DAILY, _DAILY_REMAINING = istr("x-hubspot-ratelimit-daily"), istr("x-hubspot-ratelimit-daily-remaining")


class RateLimits(NamedTuple):
    """What one answer says of the limits; None for what it does not say, or what makes no sense."""

    limit: int | None  # requests per interval
    interval: float | None  # seconds
    remaining: int | None  # what is left of `limit` in the current window
    daily_limit: int | None  # requests per day
    daily_remaining: int | None


#: What an answer without these headers says.
NOTHING = RateLimits(None, None, None, None, None)


class DailyUsage:
    """The daily limit as the latest answer gave it.

    Attributes:
        limit: requests per day; None if no answer has said so (public OAuth apps have none).
        remaining: what is left of `limit` today.
    """

    __slots__ = ("limit", "remaining")

    def __init__(self) -> None:
        self.limit: int | None = None
        self.remaining: int | None = None

    def learn(self, limits: RateLimits) -> None:
        """Take over what an answer says of the day; an answer that says nothing changes nothing.

        Answers overtake each other, so a slightly higher value is ignored. A much higher one means a reset.
        """
        if limits.daily_limit is not None:
            self.limit = limits.daily_limit
        left = limits.daily_remaining
        if left is not None and not (
            self.remaining is not None and self.remaining <= left < self.remaining + _OVERTAKEN
        ):
            self.remaining = left


def read_limits(headers: Mapping[str, str]) -> RateLimits:
    """Read the limits from an answer's headers, whatever they hold. Names match in any case. Never raises."""
    if isinstance(headers, dict):  # aiohttp's mappings ignore case by themselves
        headers = {name.lower(): value for name, value in headers.items()}
    get = headers.get
    most, daily = get(_MAX), get(_DAILY)
    if most is None and daily is None:
        return NOTHING
    limit = _number(most, 1, _LARGEST_LIMIT)
    remaining = _number(get(_REMAINING), 0, _LARGEST_LIMIT)
    if limit is not None and remaining is not None and remaining > limit:
        remaining = None
    milliseconds = _number(get(_INTERVAL_MS), _SHORTEST_INTERVAL_MS, _LONGEST_INTERVAL_MS)
    return RateLimits(
        limit,
        None if milliseconds is None else milliseconds / 1000,
        remaining,
        _number(daily, 1, _LARGEST_DAILY_LIMIT),
        _number(get(_DAILY_REMAINING), 0, _LARGEST_DAILY_LIMIT),
    )


def _number(text: str | None, least: int, most: int) -> int | None:
    """The whole number that `text` is, if it lies within the bounds."""
    if text is None:
        return None
    text = text.strip()
    # Long strings of digits are refused before int() sees them; "²" is a digit to Python, hence isascii.
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        return None
    value = int(text)
    return value if least <= value <= most else None
