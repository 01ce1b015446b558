"""Lines beyond doubt: what they look like, and how pandas reads them.

One regular expression finds the longest stretch of lines that have the header's number of cells, digits
where IDs stand, type names where types stand, and quotes in pairs. In such a stretch pandas has nothing to
repair, so its C parser can do the work at full speed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from loader.csvtext import encode_cell
from loader.source.cell_rules import TOO_FEW_FIELDS, TOO_MANY_FIELDS
from loader.source.header import Layout

if TYPE_CHECKING:
    import pandas as pd

#: Says which lines of a layout are beyond doubt, as a pattern that matches them whole.
PlainLines: TypeAlias = Callable[[Layout], re.Pattern[str]]


def plain_lines(layout: Layout) -> re.Pattern[str]:
    r"""Matches as many whole plain lines as follow one another, ended by ``\n`` or ``\r\n``; maybe none.

    IDs of nineteen digits, leading zeros and decimals are left to the rules in `loader.source.cell_rules`.
    """
    d = re.escape(layout.delimiter)
    pad = "" if layout.delimiter == " " else " *+"
    number = "[1-9][0-9]{0,17}+"
    record_id = f'(?:{pad}{number}{pad}|"{number}")'
    # Most lines have bare IDs: to try that first saves a fifth of the matching, the dearest part of reading.
    lines = f"{_line(layout, d, number)}|{_line(layout, d, record_id)}"
    if ord(layout.delimiter) > 127:  # pandas' C parser takes single bytes only
        lines = "(?!)"
    return re.compile(rf"(?:(?:{lines})\r?+\n)*+")


def _line(layout: Layout, d: str, record_id: str) -> str:
    """A line without its end, as a pattern, where `record_id` is an ID's and `d` the delimiter's."""
    name = "(?:[A-Za-z][A-Za-z0-9_]*+|[0-9]++-[0-9]++)"
    type_name = f'(?:{name}|"{name}")'
    other = rf'(?:"(?:[^"\r\n\0]++|"")*+"|[^"{d}\r\n\0]*+)'
    cells = [other] * layout.width
    cells[layout.from_id] = cells[layout.to_id] = record_id
    for column in (layout.from_type, layout.to_type):
        if column is not None:
            cells[column] = type_name
    if layout.error_category is not None:  # a report may say that a row's cells are not to be trusted
        cells[layout.error_category] = rf'(?!"?\s*+(?:{TOO_MANY_FIELDS}|{TOO_FEW_FIELDS})){other}'
    runs = [(cell, len(list(run))) for cell, run in groupby(cells[1:])]
    # A group that is repeated once costs a quarter of the whole, so it is written without the {1}.
    return cells[0] + "".join(d + cell if n == 1 else f"(?:{d}{cell}){{{n}}}" for cell, n in runs)


def parse(text: str, layout: Layout, *, others: bool, status: bool) -> pd.DataFrame:
    """Let pandas read plain lines: IDs as int64, types as categories, the `others` and `status` as text.

    The frame's columns are named by their index in the header.
    """
    import pandas as pd  # takes 0.3 s to import: only who reads pays

    types: dict[int, str] = {layout.from_id: "int64", layout.to_id: "int64"}
    types |= {column: "category" for column in (layout.from_type, layout.to_type) if column is not None}
    if others:
        types |= dict.fromkeys(layout.others, "object")
    if status and layout.status is not None:
        types[layout.status] = "object"
    # pandas drops a U+FEFF at the head of what it is given, and of each of its own buffers until the first
    # line has ended: for a byte-order mark, which has gone by now. A line to skip keeps it off.
    marked = "\ufeff" in text
    return pd.read_csv(
        io.StringIO("\n" + text if marked else text, newline=""),
        sep=layout.delimiter,
        header=None,
        names=list(range(layout.width)),
        skiprows=int(marked),
        usecols=sorted(types),
        dtype=types,
        engine="c",
        na_filter=False,
        skip_blank_lines=False,
        low_memory=False,
    )


def rest_texts(columns: list[list[str]]) -> list[str]:
    """The other columns of plain lines as CSV text, one text a row, each cell with a comma before it.

    Says what `loader.csvtext.encode_cells` says of each row, at a fraction of its cost: most columns have
    no cell that needs quotes, which shows when they are looked at as a whole.
    """
    texts = [_encoded(cells) for cells in columns]
    return list(map(",".join, zip([""] * len(columns[0]), *texts, strict=True)))


def _encoded(cells: list[str]) -> Iterable[str]:
    whole = "\n".join(cells)
    return map(encode_cell, cells) if any(mark in whole for mark in '",\r') else cells
