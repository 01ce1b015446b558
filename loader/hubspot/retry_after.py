"""Retry-After: how long an answer asks to be left alone (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

#: No ordinary answer may ask for more seconds than this: a typing error of a proxy must not cost a night.
LONGEST_WAIT = 300.0

_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")


def retry_after(headers: Mapping[str, str], now: float, *, longest: float = LONGEST_WAIT) -> float | None:
    """The wait in seconds that `headers` ask for, at most `longest`; None where they ask for none.

    `now` is Unix time, against which a date is measured. A negative number, a date that has passed and
    anything unreadable ask for nothing. `headers` look names up without regard to case, or spell the
    name as here.
    """
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return min(float(text), longest)
    try:
        wait = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):  # each raised by some malformed date
        return None
    return min(wait, longest) if wait >= 0 else None
