"""Text into records: split at the delimiters if no cell is quoted, else by the csv module.

In its strict mode the csv module repairs nothing. `loader.source.scanner` reads what it rejects.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, repeat
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from loader.source.decoding import LONGEST_RECORD
from loader.source.scanner import Record, RecordScanner
from loader.source.type_pairs import Numbers

#: Records at a time: few enough for the processor's cache.
_MOST = 4096


class Records(NamedTuple):
    """Records in the order of the file.

    rows: the cells of each record; if `flat` is given, its text, to be split at `delimiter`.
    lines: the line on which each begins (of a workbook: the row of the sheet).
    multiline: the indices of those that span several lines.
    broken: by index, those with text after a closing quote.
    flat: all cells one after the other, if no cell is quoted and all records have the same width.
    """

    rows: Sequence[list[str]] | Sequence[str]
    lines: Sequence[int] | Numbers
    multiline: Sequence[int]
    broken: dict[int, Record]
    flat: list[str] | None = None
    delimiter: str = ""

    def row(self, index: int) -> list[str]:
        """The cells of one record."""
        row = self.rows[index]
        return row.split(self.delimiter) if isinstance(row, str) else row

    def column(self, index: int, width: int) -> list[str]:
        """The cells of one column; an empty one for a record that does not have `width` cells."""
        if self.flat is not None:
            return self.flat[index::width]
        if set(map(len, self.rows)) == {width}:
            return list(map(itemgetter(index), self.rows))
        return [row[index] if len(row) == width else "" for row in self.rows]


class RecordReader:
    """Reads the records of a text with `width` cells, separated by `delimiter` (one character).

    end: where the last `read` ended: at the end of the text, or before a record whose quote does not close.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self.end = 0
        self._delimiter = delimiter
        self._width = width
        self._scanner = RecordScanner(delimiter)
        # The limit is process-wide, so it is never lowered.
        csv.field_size_limit(max(csv.field_size_limit(), 2 * LONGEST_RECORD))

    def read(self, text: str, line: int) -> Iterator[Records]:
        """Read all records that end in `text`, some at a time; `line` is the number of its first line."""
        self.end = len(text)
        before = (self._delimiter, "\n", "\r")
        if text.startswith('"') or any(f'{character}"' in text for character in before):
            yield from self._quoted(text, line)
        else:
            yield from self._unquoted(text, line)

    def _unquoted(self, text: str, line: int) -> Iterator[Records]:
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        d, lines = self._delimiter, text.removesuffix("\n").split("\n")
        for at in range(0, len(lines), _MOST):
            some = lines[at : at + _MOST]
            numbers = range(line + at, line + at + len(some))
            if set(map(str.count, some, repeat(d))) == {self._width - 1}:
                yield Records(some, numbers, (), {}, d.join(some).split(d), d)
            else:
                yield Records(list(map(str.split, some, repeat(d))), numbers, (), {})

    def _quoted(self, text: str, line: int) -> Iterator[Records]:
        stream = io.StringIO(text, newline="")
        begins: list[int] = []  # where each line begins; filled when first needed
        at = 0  # lines read
        while stream.tell() < len(text) and self.end == len(text):
            rows: list[list[str]] = []
            ends = [at]  # lines read up to the end of each row
            broken: dict[int, Record] = {}
            while len(rows) < _MOST and stream.tell() < len(text):
                if not self._by_csv(stream, rows, ends):
                    continue
                begins = begins or list(accumulate(map(len, io.StringIO(text, newline="")), initial=0))
                record = self._scanner.record(text, begins[ends[-1]])
                if record is None:
                    self.end = begins[ends[-1]]
                    break
                broken[len(rows)] = record
                rows.append(record.cells)
                stream.seek(record.end)
                ends.append(bisect_left(begins, record.end))
            at = ends[-1]
            if rows:
                multiline = np.flatnonzero(np.diff(ends) > 1) if at - ends[0] > len(rows) else ()
                yield Records(rows, np.array(ends[:-1]) + line, list(multiline), broken)

    def _by_csv(self, stream: io.StringIO, rows: list[list[str]], ends: list[int]) -> bool:
        """Add records, and the lines read up to the end of each; true if the csv module rejects one."""
        reader = csv.reader(stream, delimiter=self._delimiter, strict=True)
        before = ends[-1]
        try:
            for record in islice(reader, _MOST - len(rows)):
                rows.append(record)
                ends.append(before + reader.line_num)
        except csv.Error:
            return True
        return False

    def is_open(self, text: str) -> bool:
        """Whether a text begins with a record whose quote does not close."""
        return self._scanner.record(text, 0) is None

    def open_quote(self, text: str) -> int:
        """The index of the cell whose quote does not close, in a text that begins with such a record."""
        return self._scanner.open_quote(text, 0)
