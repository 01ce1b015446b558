"""Cells that span several lines: honest text, or a stray quote that has swallowed rows?

The contract (section 2) calls the second a broken file. pandas can't tell: stray quotes that pair up read
as one long cell, and the rows in between are gone without a word.
"""

from __future__ import annotations

import re

from loader.source.layout import Layout
from loader.source.records import Record
from loader.source.rules import judge_id, shown


def swallowed_lines(record: Record, raw: str, layout: Layout) -> str | None:
    """Why a record of several lines must be a broken file, in words that follow "a quoted cell"; else None.

    `raw` is the record's text as it stands in the file.
    """
    keys = [i for i in record.multiline if i in layout.keys]
    if keys:
        return f"holds a line end in {shown(layout.names[keys[0]].strip())}"
    if set(record.multiline) & set(record.broken):
        return "spans several lines and goes on behind its closing quote"
    if len(record.cells) != layout.width:
        return f"spans several lines in a record of {len(record.cells)} fields; the header has {layout.width}"
    # An honest note in the last column leaves the first line whole, one in the first column the last line;
    # never both, and never a line between.
    whole = [_is_whole(line, layout) for line in re.split(r"\r\n|\r|\n", raw.rstrip("\r\n"))]
    if any(whole[1:-1]) or (whole[0] and whole[-1]):
        return "swallows lines that look like rows of their own"
    return None


def _is_whole(line: str, layout: Layout) -> bool:
    cells = line.split(layout.delimiter)
    return len(cells) == layout.width and all(
        isinstance(judge_id(cells[i].replace('"', ""), ""), int) for i in (layout.from_id, layout.to_id)
    )
