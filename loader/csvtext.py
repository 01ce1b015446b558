"""CSV text as the report has it: commas, quotes only if they are needed, `\\n` after each record.

`csv.writer` writes the same, except that before Python 3.13 it leaves a lone carriage return unquoted, which
every reader then takes for the end of the record. https://docs.python.org/3/library/csv.html
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

_NEEDS_QUOTES = re.compile('[",\r\n]')
_BREAKS_RECORD = re.compile('["\r\n]')

#: Longest cell that is read, in characters: C's `long` on Windows, the csv module's own upper bound.
_LONGEST_CELL = 2**31 - 1


def encode_cell(cell: str) -> str:
    """One cell as CSV text, quoted only if it holds a comma, a quote or a line end."""
    if _NEEDS_QUOTES.search(cell) is None:
        return cell
    return '"' + cell.replace('"', '""') + '"'


def encode_cells(cells: Sequence[str]) -> str:
    """Cells as the continuation of a CSV line: a comma before each, no line end.

    No cells give the empty text, and one empty cell gives ``,``, so the continued line is never blank.
    """
    if not cells:
        return ""
    joined = ",".join(cells)
    if joined.count(",") == len(cells) - 1 and _BREAKS_RECORD.search(joined) is None:
        return "," + joined
    return "," + ",".join(map(encode_cell, cells))


def decode_cells(record: str) -> list[str]:
    """The cells of one whole record without its line end; line ends inside quotes stay as they are.

    Raises ValueError if the text is not exactly one record: a quote left open, text after a closing quote, a
    line end outside quotes.
    """
    if _BREAKS_RECORD.search(record) is None:
        return record.split(",")
    # The limit, by default 131,072 characters, is the whole process's, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    try:
        (cells,) = csv.reader([record], strict=True)
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return cells
