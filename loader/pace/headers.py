"""The `X-HubSpot-RateLimit-*` headers, and the daily quota that they report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from multidict import istr

#: HubSpot's limits lie between 100 and 250; whatever is beyond this is no limit but a mistake.
_LARGEST_LIMIT = 10_000_000
_LARGEST_QUOTA = 10**12
#: An answer that is overtaken by others says at most so much more than they.
_OVERTAKEN = 1000
# `istr` is found faster where case does not matter, and is a plain string elsewhere.
_MAX, _REMAINING = istr("x-hubspot-ratelimit-max"), istr("x-hubspot-ratelimit-remaining")
_INTERVAL = istr("x-hubspot-ratelimit-interval-milliseconds")
_DAILY = istr("x-hubspot-ratelimit-daily")
_DAILY_REMAINING = istr("x-hubspot-ratelimit-daily-remaining")

_SHORTEST_INTERVAL, _LONGEST_INTERVAL = 0.1, 3600.0


class Limits(NamedTuple):
    """What one answer says of the limits; None where it says nothing that makes sense."""

    limit: int | None  # requests per interval
    interval: float | None  # seconds
    remaining: int | None  # what the window still holds after this request
    daily_limit: int | None
    daily_remaining: int | None


#: What an answer without these headers says.
NOTHING = Limits(None, None, None, None, None)


class Quota:
    """The daily limit as the latest answer gave it (None: no answer did, as with OAuth).

    One object is shared by every pacer of a run, since all calls draw on the same quota.
    """

    __slots__ = ("limit", "remaining")

    def __init__(self) -> None:
        self.limit: int | None = None
        self.remaining: int | None = None

    def learn(self, limits: Limits) -> None:
        """Take over what an answer says of the day; an answer that says nothing changes nothing.

        Answers overtake each other, so a little more than before is not news. Much more is: after a reset.
        """
        if limits.daily_limit is not None:
            self.limit = limits.daily_limit
        left = limits.daily_remaining
        if left is not None and not (
            self.remaining is not None and self.remaining <= left < self.remaining + _OVERTAKEN
        ):
            self.remaining = left


def read_limits(headers: Mapping[str, str]) -> Limits:
    """Read the limits from an answer's headers, whatever stands in them. Never raises.

    Names match in any case: aiohttp's mappings do so by themselves, a plain dict is folded here.
    """
    if isinstance(headers, dict):
        headers = {name.lower(): value for name, value in headers.items()}
    get = headers.get
    most, daily = get(_MAX), get(_DAILY)
    if most is None and daily is None:
        return NOTHING
    limit = _number(most, 1, _LARGEST_LIMIT)
    remaining = _number(get(_REMAINING), 0, _LARGEST_LIMIT)
    if limit is not None and remaining is not None and remaining > limit:
        remaining = None
    milliseconds = _number(
        get(_INTERVAL),
        int(_SHORTEST_INTERVAL * 1000),
        int(_LONGEST_INTERVAL * 1000),
    )
    return Limits(
        limit,
        None if milliseconds is None else milliseconds / 1000,
        remaining,
        _number(daily, 1, _LARGEST_QUOTA),
        _number(get(_DAILY_REMAINING), 0, _LARGEST_QUOTA),
    )


def _number(text: str | None, least: int, most: int) -> int | None:
    """The whole number that `text` is, if it lies within the bounds."""
    if text is None:
        return None
    text = text.strip()
    # Long digit strings are refused before int() sees them; "²" is a digit to Python, hence isascii.
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        return None
    value = int(text)
    return value if least <= value <= most else None
