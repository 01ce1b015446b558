"""Text from a server made safe for a cell: one line, no control characters, no formula."""

from __future__ import annotations

import json
import re
import time
from functools import lru_cache

from loader.csvtext import encode_cell
from loader.text import one_line

#: Longest text from the server in one cell, in characters; JSON stays whole.
LONGEST_TEXT = 1000

# The signs that start a formula, with their full-width and small variants, which some spreadsheets treat
# alike. One after a semicolon counts too: if that is the list separator, a spreadsheet starts a cell there.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])")

# An ordinary ID, which needs no escaping.
_PLAIN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,99}|")


def server_cell(text: str) -> str:
    """Server text as a CSV cell: on one line, of at most `LONGEST_TEXT` characters, and no formula."""
    return text if _PLAIN_ID.fullmatch(text) else encode_cell(_harmless(one_line(text, LONGEST_TEXT)))


def json_cell(text: str) -> str:
    """JSON from the server as a CSV cell. It stays the same JSON: not cut, and escaped if not printable."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    return encode_cell(_harmless(text))


@lru_cache(maxsize=64)  # a fast load settles many pairs per millisecond
def time_cell(milliseconds: int) -> str:
    """Unix time as ISO 8601 in UTC with milliseconds and a ``Z``."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _harmless(text: str) -> str:
    if text[:1].isalnum() and ";" not in text:  # nearly all texts; the pattern would read every character
        return text
    return _FORMULA.sub(r"\1'", text)
