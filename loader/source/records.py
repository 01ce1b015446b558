"""Text into records: split at the delimiters if no cell is quoted, else by the csv module.

In its strict mode the csv module repairs nothing. What it refuses is read by the letter
(`loader.source.scanner`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from loader.source.decoding import LONGEST_RECORD, line_ends
from loader.source.scanner import Record, RecordScanner

#: Records at a time: few enough for the processor's cache.
_MOST = 4096


class Records(NamedTuple):
    """Records in the order of the file.

    rows: the cells of each, or if `flat` is given its text, to be split at `delimiter`.
    lines: the line on which each begins (of a workbook: the row of the sheet).
    multiline: the indices of those that span several lines.
    broken: by index, those with text behind a closing quote.
    flat: all cells one after the other, if no cell is quoted and all records have the same width.
    """

    rows: Sequence[list[str]] | Sequence[str]
    lines: Sequence[int]
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

    end: where the last `read` has ended, before a record whose quote does not close.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self.end = 0
        self._delimiter = delimiter
        self._width = width
        self._scanner = RecordScanner(delimiter)
        # A limit of the whole process, so it is only ever raised.
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
        lines = list(io.StringIO(text, newline=""))
        at = known_at = offset = 0  # lines read; lines whose length is in `offset`
        while at < len(lines) and self.end == len(text):
            rows: list[list[str]] = []
            numbers: list[int] = []
            found = Records(rows, numbers, multiline := [], broken := {})
            while at < len(lines) and len(rows) < _MOST:
                first = len(rows)
                ends, failed = self._by_csv(lines, at, rows)
                numbers += [line + at + end for end in [0, *ends[:-1]][: len(ends)]]
                if ends and ends[-1] != len(ends):
                    multiline += (np.flatnonzero(np.diff(ends, prepend=0) > 1) + first).tolist()
                at += ends[-1] if ends else 0
                if failed:
                    offset += sum(map(len, lines[known_at:at]))
                    record = self._scanner.record(text, offset)
                    if record is None:
                        self.end = offset
                        break
                    if record.multiline:
                        multiline.append(len(rows))
                    broken[len(rows)] = record
                    rows.append(record.cells)
                    numbers.append(line + at)
                    raw = text[offset : record.end]
                    at += line_ends(raw) + (not raw.endswith(("\r", "\n")))
                    known_at, offset = at, record.end
            if rows:
                yield found

    def _by_csv(self, lines: list[str], at: int, rows: list[list[str]]) -> tuple[list[int], bool]:
        """Add records from a line on; returns the lines read at the end of each, and whether one failed."""
        ends: list[int] = []
        source = map(lines.__getitem__, range(at, len(lines)))
        reader = csv.reader(source, delimiter=self._delimiter, strict=True)
        try:
            for record in islice(reader, _MOST - len(rows)):
                rows.append(record)
                ends.append(reader.line_num)
        except csv.Error:
            return ends, True
        return ends, False

    def is_open(self, text: str) -> bool:
        """Whether a text begins with a record whose quote does not close."""
        return self._scanner.record(text, 0) is None

    def open_quote(self, text: str) -> int:
        """The index of the cell whose quote does not close, in a text that begins with such a record."""
        return self._scanner.open_quote(text, 0)
