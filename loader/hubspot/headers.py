"""What the loader reads from the headers of an answer. The mappings must ignore the case of names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

from loader.text import one_line

#: The longest wait in seconds that an ordinary answer may ask for: a proxy's typo must not cost a night.
LONGEST_WAIT = 300.0

_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")


def retry_after(headers: Mapping[str, str], now: float, *, longest: float = LONGEST_WAIT) -> float | None:
    """The wait in seconds that Retry-After asks for, at most `longest`; None if there is none.

    `now` is Unix time, for a date (RFC 9110, section 10.2.3). A negative number, a date in the past and
    anything unreadable count as none.
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


def correlation_id(headers: Mapping[str, str]) -> str:
    """HubSpot's correlation ID in at most 100 printable characters; '' if there is none.

    aiohttp decodes invalid UTF-8 to lone surrogates, which can't be written to a file.
    """
    return one_line(headers.get("X-HubSpot-Correlation-Id", ""), 100)


def media_type(headers: Mapping[str, str]) -> str:
    """Like ``text/html``; '' if the answer does not say."""
    return one_line(headers.get("Content-Type", "").partition(";")[0], 60)


def redirect_target(headers: Mapping[str, str]) -> str:
    """Where a redirect leads, without user, query and fragment: they may hold what must not be shown."""
    try:
        parts = urlsplit(headers.get("Location", ""))
        place = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        place = ""
    return one_line(place, 300) or "nowhere"
