"""What `--rate` says."""

from __future__ import annotations

import re
from typing import NamedTuple

from loader.errors import UsageError

_RATE = re.compile(r"([0-9]{1,9})/([0-9]{1,5}(?:\.[0-9]{1,3})?)", re.ASCII)


class Rate(NamedTuple):
    """At most `requests` in any stretch of `seconds`."""

    requests: int
    seconds: float


#: HubSpot's lowest limit, which holds until an answer says more.
#: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
LOWEST_TIER = Rate(100, 10.0)


def parse_rate(text: str) -> Rate | None:
    """Read `auto` (None: the account's own limit decides) or `N/S`, N requests per S seconds.

    Raises `UsageError` for anything else, and if N or S is zero.
    """
    stripped = text.strip()
    if stripped.lower() == "auto":
        return None
    found = _RATE.fullmatch(stripped)
    if found is None:
        raise UsageError(f"Invalid --rate {text!r}: use N/S, for example 100/10, or auto")
    rate = Rate(int(found[1]), float(found[2]))
    if not (rate.requests and rate.seconds):
        raise UsageError(f"Invalid --rate {text!r}: it would never send anything; use 1 or more")
    return rate
