"""Reading back what an earlier run settled, and refusing a report that is not this input's.

The report is compared with the input row by row, by content. The input is there as one number per
row, `hash(pair[1:])`; the same number is computed from the report's cells. Python salts the hash
anew in each process, so nobody can make two rows collide on purpose, and by chance one foreign row
in 2^61 would pass.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from loader.csvtext import encode_cells
from loader.errors import ReportError
from loader.model import OWN_COLUMNS, Pair, Status
from loader.report import foreign
from loader.report.layout import header
from loader.report.records import (
    HOLE,
    RawRecord,
    cells_of,
    damaged,
    is_damaged_end,
    open_report,
    split_records,
)

#: The byte that stands for a status in `Settled.statuses`; 0 is a row that is not settled.
STATUS_CODES = {status: code for code, status in enumerate(Status, start=1)}
_CODE_OF_TEXT = {str(status): code for status, code in STATUS_CODES.items()}

_FIRST_OTHER = len(OWN_COLUMNS)
_STATUS = OWN_COLUMNS.index("status")


class Settled(NamedTuple):
    """What an existing report settles of an input.

    `statuses` has one byte per input row (see `STATUS_CODES`). `end` is the offset in bytes behind the
    last whole record: what follows is damage and is cut off by whoever appends; 0 means that there is
    nothing to keep, not even a header. `size` is the file's size as it was read. `last_row` is the
    highest row settled (0: none); `in_order` says that the rows stand in ascending order.
    """

    statuses: bytearray
    counts: dict[Status, int]
    end: int = 0
    size: int = 0
    last_row: int = 0
    in_order: bool = True

    @property
    def rows(self) -> int:
        """Number of rows that are settled."""
        return sum(self.counts.values())


def read_back(
    path: Path,
    other_columns: Sequence[str],
    identities: npt.NDArray[np.int64],
    input_pair: Callable[[int], Pair] | None = None,
) -> Settled:
    """Compare a report with its input and say what it settles; a report that isn't there settles nothing.

    `identities[row - 1]` is `hash(pair[1:])` of that row of the input. `input_pair`, asked only when a
    row differs, gives the input's row again, so that the message can name the columns. The file is
    read once, in bounded memory, and never changed.

    Raises `ReportError` if the file can't be read, is damaged in its middle, or is not the report of
    this input: other columns, a row that differs or lies beyond the input's end, a row twice, a status
    that doesn't exist.
    """
    try:
        with open_report(path) as file:
            return _Comparison(path, other_columns, identities, input_pair).read(file)
    except FileNotFoundError:
        return Settled(bytearray(len(identities)), {})


class _Comparison:
    """The state of one `read_back`."""

    def __init__(
        self,
        path: Path,
        other_columns: Sequence[str],
        identities: npt.NDArray[np.int64],
        input_pair: Callable[[int], Pair] | None,
    ) -> None:
        self._path = path
        self._other_columns = other_columns
        self._width = _FIRST_OTHER + len(other_columns)
        # A view hands out Python integers several times faster than the array does.
        self._identities = np.ascontiguousarray(identities, dtype=np.int64).data
        self._input_pair = input_pair
        self._statuses = bytearray(len(identities))

    def read(self, file: BinaryIO) -> Settled:
        size = file.seek(0, 2)
        file.seek(0)
        records = split_records(file)
        first = next(records, None)
        if first is None or self._is_torn_header(first, size):
            return Settled(self._statuses, {}, size=size)
        self._check_header(first)
        end, last_row, in_order = first.end, 0, True
        for raw in records:
            row = self._settle(raw)
            if row is None:
                if not is_damaged_end(file, raw, self._is_good):
                    raise damaged(self._path, raw.line)
                break
            in_order = in_order and row > last_row
            last_row = max(last_row, row)
            end = raw.start + len(raw.text)
        codes = Counter(self._statuses)
        counts = {status: codes[code] for status, code in STATUS_CODES.items() if codes[code]}
        return Settled(self._statuses, counts, end, size, last_row, in_order)

    def _is_torn_header(self, first: RawRecord, size: int) -> bool:
        """Whether the run that made the file was cut off before its first line was whole."""
        whole = f"{header(self._other_columns)}\n".encode()
        return (
            first.end == size
            and len(first.text) > 0
            and whole != first.text
            and whole.startswith(first.text.rstrip(b"\0"))
        )

    def _check_header(self, first: RawRecord) -> None:
        found = cells_of(first.text.removeprefix(codecs.BOM_UTF8))
        expected = [*OWN_COLUMNS, *self._other_columns]
        if found != expected:
            raise foreign.header(self._path, expected, found)

    def _settle(self, raw: RawRecord) -> int | None:
        """Enter one record and return its row; None if the record is damaged."""
        cells = cells_of(raw.text)
        row = None if cells is None else self._row(cells)
        if cells is None or row is None:
            return None
        if not 1 <= row <= len(self._statuses):
            raise foreign.beyond_input(self._path, raw.line, row, len(self._statuses))
        code = _CODE_OF_TEXT.get(cells[_STATUS])
        if self._identities[row - 1] != _identity(cells) or code is None:
            if HOLE in raw.text:
                return None  # a hole that a power loss has left, not another input's row
            raise self._difference(raw.line, row, cells)
        if self._statuses[row - 1]:
            raise foreign.row_twice(self._path, raw.line, row)
        self._statuses[row - 1] = code
        return row

    def _row(self, cells: list[str]) -> int | None:
        row = cells[0]
        return (
            int(row)
            if len(cells) == self._width and row.isascii() and row.isdigit() and len(row) < 20
            else None
        )

    def _is_good(self, cells: list[str]) -> bool:
        row = self._row(cells)
        return (
            row is not None
            and 1 <= row <= len(self._statuses)
            and cells[_STATUS] in _CODE_OF_TEXT
            and self._identities[row - 1] == _identity(cells)
        )

    def _difference(self, line: int, row: int, cells: list[str]) -> ReportError:
        if self._identities[row - 1] == _identity(cells):
            return foreign.unknown_status(self._path, line, row, cells[_STATUS])
        found = Pair(row, cells[1], cells[2], cells[3], cells[4], encode_cells(cells[_FIRST_OTHER:]))
        expected = None if self._input_pair is None else self._input_pair(row)
        return foreign.row_differs(self._path, line, found, expected, self._other_columns)


def _identity(cells: list[str]) -> int:
    """`hash(pair[1:])` of the pair that a record's cells stand for."""
    return hash((cells[1], cells[2], cells[3], cells[4], encode_cells(cells[_FIRST_OTHER:])))
