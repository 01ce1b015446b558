"""How an outcome becomes one line of the report (contract, section 3).

What the input says passes through unchanged. What the server says is somebody else's text: it is
put on one line, cleared of terminal control sequences and cut, and what a spreadsheet would run as
a formula gets an apostrophe before it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache

from loader.csvtext import encode_cell, encode_cells
from loader.model import OWN_COLUMNS, Outcome, OutcomeGroup, Status

#: Longest text from the server in one cell, in characters; `error_details` stays whole, being JSON.
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
# semicolon counts as a beginning: where it is the list separator, a spreadsheet opens a new cell there.
_FORMULA = re.compile(r"(^|;)(?=[\s\u200c\u200d]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])")

# An ID as nearly all are, which needs none of this.
_PLAIN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,99}|")


def header(other_columns: Sequence[str]) -> str:
    """The report's first line without its line end; `other_columns` are the input's, in its order."""
    return ",".join(OWN_COLUMNS) + encode_cells(other_columns)


def line(outcome: Outcome) -> str:
    """The report's line for one outcome, `\\n` included."""
    return lines((OutcomeGroup([outcome.pair], outcome),))[0]


def lines(groups: Iterable[OutcomeGroup]) -> list[str]:
    """The report's lines for many outcomes, each with its `\\n`.

    What became of a row is mostly the same text as for the row before, but for the answer's ID and the time,
    so it is made anew only where it changes.
    """
    texts: list[str] = []
    last: tuple[object, ...] = ()
    result = ""
    invalid = False
    for pairs, first in groups:
        _, status, at, http_status, attempts, types, existed, category, message, details, trace = first
        kind = status, http_status, attempts, types, existed, category, message, details
        if kind != last:
            last, result, invalid = kind, _result(*kind), status is Status.INVALID
        cells = f"{result},{trace if _PLAIN_ID.fullmatch(trace) else _server_text(trace)},{_utc(at)}"
        for row, from_type, from_id, to_type, to_id, rest, _ in pairs:
            if invalid:  # only here the cells are as the input has them: all others were checked
                from_type, from_id, to_type, to_id = map(encode_cell, (from_type, from_id, to_type, to_id))
            texts.append(f"{row},{from_type},{from_id},{to_type},{to_id},{cells}{rest}\n")
    return texts


def _result(
    status: Status,
    http_status: int,
    attempts: int,
    types: str,
    existed: str,
    category: str,
    message: str,
    details: str,
) -> str:
    """The cells that say what became of a row, without the answer's ID and the time."""
    failure = (
        f"{_server_text(category)},{_server_text(message)},{_json(details)}"
        if category or message or details
        else ",,"
    )
    return f"{status},{http_status or ''},{attempts},{_association_types(types)},{existed},{failure}"


def one_line(text: str) -> str:
    """Somebody else's text made safe to print: no escape sequences, control characters or line breaks."""
    if text.isascii() and text.isprintable():
        return text
    return _without_controls(_ESCAPE_SEQUENCE.sub("", text))


def _without_controls(text: str) -> str:
    return _INVISIBLE.sub("", _LINE_BREAKING.sub(" ", text))


def _harmless(text: str) -> str:
    if text[:1].isalnum() and ";" not in text:  # as nearly all are; the pattern would look at each character
        return text
    return _FORMULA.sub(r"\1'", text)


def _json(text: str) -> str:
    # Stays JSON: its controls are escaped already, and a cut or a removed sequence could take a quote along.
    return encode_cell(_harmless(_without_controls(text)))


def _server_text(text: str) -> str:
    text = _harmless(one_line(text))
    return encode_cell(text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…")


@lru_cache(maxsize=256)  # a few distinct values in a million rows
def _association_types(types: str) -> str:
    return _server_text(types)


def _utc(completed_at: float) -> str:
    return _millisecond(round(completed_at * 1000))


@lru_cache(maxsize=64)  # a fast load settles many rows in each of them
def _millisecond(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
