"""Cells that span several lines: honest text, or a stray quote that has swallowed rows?

The contract (section 2) calls the second a broken file. pandas can't tell: stray quotes that pair up read
as one long cell, and the rows in between are gone without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loader.source.records import Record
from loader.source.rules import shown

if TYPE_CHECKING:
    from loader.source.layout import Layout

#: What to do about a stray quote, for the messages' second half.
STRAY_QUOTE = "A stray quotation mark stands there: remove it, or double it inside a quoted cell."

_GOES_ON = "spans several lines and goes on behind its closing quote"
_LIKE_AN_ID = re.compile(r"[+-]?[0-9][0-9.,eE+-]*")
_LINE_END = re.compile(r"\r\n|\r|\n")


def swallowed_lines(record: Record, raw: str, layout: Layout) -> str | None:
    """Why a record of several lines must be a broken file, in words that follow "a quoted cell"; else None.

    `raw` is the record's text as it stands in the file.
    """
    keys = [i for i in record.multiline if i in layout.keys]
    if keys:
        return f"holds a line end in {shown(layout.names[keys[0]].strip())}"
    if set(record.multiline) & set(record.broken):
        return _GOES_ON
    if len(record.cells) != layout.width:
        return f"spans several lines in a record of {len(record.cells)} fields; the header has {layout.width}"
    return _swallowed_rows(record, raw, layout, {layout.width})


def swallowed_by_header(header: Record, raw: str, layout: Layout) -> str | None:
    """The same of a header of several lines, whose names may break lines wherever they like."""
    if set(header.multiline) & set(header.broken):
        return _GOES_ON
    # A stray quote takes the rest of its line along, so the header's own width may be too small: its first
    # line has as many fields as the rows.
    first_line = _LINE_END.split(raw)[0]
    return _swallowed_rows(header, raw, layout, {layout.width, first_line.count(layout.delimiter) + 1})


def _swallowed_rows(record: Record, raw: str, layout: Layout, widths: set[int]) -> str | None:
    """Whether lines of one of the `widths`, or the beginning of one, stand in the record; in words."""
    # Honest notes may stand on both sides of the IDs. The line with the record's own IDs then looks like a
    # row, and rightly so; any other line that does is a row that stray quotes have swallowed.
    own = {_lines_before(record, layout.from_id), _lines_before(record, layout.to_id)}
    for number, line in enumerate(_LINE_END.split(raw.rstrip("\r\n"))):
        if line.count(layout.delimiter) + 1 not in widths or own == {number}:
            continue
        if _has_ids(line, layout, least=2 if number in own else 1):
            return "swallows lines that look like rows of their own"
    # A closing quote behind a delimiter is in truth the opening one of a row's cell, where a row has begun.
    for column in record.multiline:
        last = _LINE_END.split(record.cells[column])[-1]
        if last.endswith(layout.delimiter) and _has_ids(last, layout, least=1):
            return "swallows the beginning of a line that looks like a row of its own"
    return None


def _lines_before(record: Record, column: int) -> int:
    return sum(len(_LINE_END.findall(record.cells[i])) for i in record.multiline if i < column)


def _has_ids(line: str, layout: Layout, *, least: int) -> bool:
    """Whether the ID columns that the line has hold `least` IDs, good or spoilt, and nothing else."""
    cells = line.split(layout.delimiter)
    ids = [cells[i].replace('"', "").strip() for i in (layout.from_id, layout.to_id) if i < len(cells)]
    return sum(map(bool, ids)) >= least and all(not cell or _LIKE_AN_ID.fullmatch(cell) for cell in ids)
