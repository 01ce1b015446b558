"""Text from a server made safe for a cell: one line, no control characters, no formula."""

from __future__ import annotations

import re
import time
from functools import lru_cache

from loader.csvtext import encode_cell

#: Longest text from the server in one cell, in characters; JSON stays whole.
LONGEST_TEXT = 1000

# ECMA-48: control sequences (CSI), strings up to their terminator (OSC, DCS, SOS, PM, APC), other escapes.
_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_LINE_BREAKING = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# The other controls; marks that reorder or hide text (bidi, zero width, BOM); surrogates, which UTF-8 lacks.
_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
# The signs that start a formula, with their full-width and small variants, which some spreadsheets fold. A
# semicolon counts as a beginning: if it is the list separator, a spreadsheet opens a new cell there.
_FORMULA = re.compile(r"(^|;)(?=[\s\u200c\u200d]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])")

# An ID as nearly all are, which needs none of this.
_PLAIN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,99}|")


def one_line(text: str) -> str:
    """Server text made safe to print: no escape sequences, control characters or line breaks."""
    if text.isascii() and text.isprintable():
        return text
    return _without_controls(_ESCAPE_SEQUENCE.sub("", text))


def server_cell(text: str) -> str:
    """Server text as a CSV cell: on one line, cut at `LONGEST_TEXT`, and no formula."""
    if _PLAIN_ID.fullmatch(text):
        return text
    text = _harmless(one_line(text))
    return encode_cell(text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…")


def json_cell(text: str) -> str:
    """JSON from the server as a CSV cell. It stays JSON, so it is not cut."""
    return encode_cell(_harmless(_without_controls(text)))


@lru_cache(maxsize=64)  # a fast load settles many pairs in each of them
def time_cell(milliseconds: int) -> str:
    """Unix time as ISO 8601 in UTC with milliseconds and a ``Z``."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _without_controls(text: str) -> str:
    return _INVISIBLE.sub("", _LINE_BREAKING.sub(" ", text))


def _harmless(text: str) -> str:
    if text[:1].isalnum() and ";" not in text:  # as nearly all are; the pattern would look at each character
        return text
    return _FORMULA.sub(r"\1'", text)
