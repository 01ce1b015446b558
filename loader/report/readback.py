"""AssociationReader back what an earlier run settled, and refusing a report that is not this input's.

The report is compared with the input row by row, by content. The input is there as one number per
row, `hash(pair[1:6])`; the same number is computed from the report's cells. Python salts the hash
anew in each process, so nobody can make two rows collide on purpose, and by chance one foreign row
in 2^61 would pass.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from loader.csvtext import encode_cells
from loader.errors import ReportError
from loader.model import OWN_COLUMNS, Pair, Status
from loader.report import foreign
from loader.report.damage import behind_damage, has_block_of_nuls
from loader.report.layout import header
from loader.report.splitting import (
    RawRecord,
    cells_of,
    is_as_written,
    open_report,
    result_has_nul,
    split_records,
    whole_number,
)

#: The byte that stands for a status in `Settled.statuses`; 0 is a row that is not settled.
STATUS_CODES = {status: code for code, status in enumerate(Status, start=1)}
_CODE_OF_TEXT = {str(status): code for status, code in STATUS_CODES.items()}

_FIRST_OTHER = len(OWN_COLUMNS)
_STATUS = OWN_COLUMNS.index("status")
#: A line inside a cell that begins as a record does.
_NUMBERED_LINE = re.compile(r"\n(\d{1,19})(?:\.0+)?,")


class Settled(NamedTuple):
    """What an existing report settles of an input.

    `statuses` has one byte per input row (see `STATUS_CODES`). `end` is the offset in bytes behind the
    last whole record: what follows is damage and is cut off by whoever appends; 0 means that there is
    nothing to keep, not even a header. `size` is the file's size as it was read. `last_row` is the
    highest row settled (0: none); `in_order` says that the rows stand in ascending order. `stretches` are
    the whole records by first and last offset where the file can't be continued as it stands, because of
    holes between them or because another program has saved it; whoever appends writes it anew from them.
    """

    statuses: bytearray
    counts: dict[Status, int]
    end: int = 0
    size: int = 0
    last_row: int = 0
    in_order: bool = True
    stretches: tuple[tuple[int, int], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the file is as a load leaves it: nothing to cut off and nothing to mend."""
        return self.end == self.size and not self.stretches

    @property
    def rows(self) -> int:
        """Number of rows that are settled."""
        return sum(self.counts.values())


def read_back(
    path: Path,
    other_columns: Sequence[str],
    identities: npt.NDArray[np.int64],
    input_pair: Callable[[int], Pair] | None = None,
    input_texts: Callable[[], Iterable[str]] | None = None,
) -> Settled:
    """Compare a report with its input and say what it settles; a report that isn't there settles nothing.

    `identities[row - 1]` is `hash(pair[1:6])` of that row of the input. `input_pair`, asked only when a
    row differs, gives the input's row again, so that the message can name the columns. `input_texts`, asked
    only when the report has a hole, gives the text of all cells as the report has them. The file is
    read once, in bounded memory, and never changed.

    Raises `ReportError` if the file can't be read, is damaged as no crash leaves it, or is not the report
    of this input: other columns, a row that differs or lies beyond the input's end, a row twice, a status
    that doesn't exist.
    """
    try:
        with open_report(path) as file:
            return _Comparison(path, other_columns, identities, input_pair, input_texts).read(file)
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
        input_texts: Callable[[], Iterable[str]] | None,
    ) -> None:
        self._path = path
        self._other_columns = other_columns
        self._width = _FIRST_OTHER + len(other_columns)
        # A view hands out Python integers several times faster than the array does.
        self._identities = np.ascontiguousarray(identities, dtype=np.int64).data
        self._input_pair = input_pair
        self._input_texts = input_texts
        self._statuses = bytearray(len(identities))

    def read(self, file: BinaryIO) -> Settled:
        size = file.seek(0, 2)
        file.seek(0)
        records = split_records(file)
        first = next(records, None)
        whole_header = f"{header(self._other_columns)}\n".encode()
        if first is None or _is_torn_header(first, size, whole_header):
            return Settled(self._statuses, {}, size=size)
        self._check_header(first)
        self._as_written = first.text == whole_header
        stretches: list[tuple[int, int]] = []
        start = end = first.end
        last_row, in_order = 0, True
        while (raw := next(records, None)) is not None:
            row = self._settle(raw)
            if row is None:
                good = behind_damage(self._path, file, raw, self._width, self._is_good)
                if good is None:
                    break
                file.seek(good.start)
                records = split_records(file, good.start, good.line)
                stretches.append((start, end))
                start = good.start
                continue
            in_order = in_order and row > last_row
            last_row = max(last_row, row)
            end = raw.start + len(raw.text)
        anew = ((*stretches, (start, end))) if stretches or not self._as_written else ()
        codes = Counter(self._statuses)
        counts = {status: codes[code] for status, code in STATUS_CODES.items() if codes[code]}
        return Settled(self._statuses, counts, end, size, last_row, in_order, anew)

    def _check_header(self, first: RawRecord) -> None:
        found = cells_of(first.text.removeprefix(codecs.BOM_UTF8))
        expected = [*OWN_COLUMNS, *self._other_columns]
        if found != expected:
            raise foreign.header(self._path, expected, found)

    def _settle(self, raw: RawRecord) -> int | None:
        """Enter one record and return its row; None if the record is damaged."""
        cells = cells_of(raw.text)
        row = None if cells is None else self._row(raw, cells)
        if cells is None or row is None:
            return None
        if self._statuses[row - 1]:
            raise foreign.row_twice(self._path, raw.line, row)
        self._statuses[row - 1] = _CODE_OF_TEXT[cells[_STATUS]]
        if self._as_written:
            self._as_written = is_as_written(raw, cells)
        return row

    def _row(self, raw: RawRecord, cells: list[str]) -> int | None:
        """The row of a record of this report; None for what is no record. Raises for one of another."""
        text = cells[0]
        # The first of the two says the same of nearly all rows, in a fraction of the time.
        row = int(text) if text.isdigit() and text.isascii() and len(text) < 20 else whole_number(text)
        if len(cells) != self._width or row is None or (b"\0" in raw.text and result_has_nul(cells)):
            return None
        if not 1 <= row <= len(self._statuses):
            raise foreign.beyond_input(self._path, raw.line, row, len(self._statuses))
        if self._identities[row - 1] != _identity(cells) or cells[_STATUS] not in _CODE_OF_TEXT:
            if has_block_of_nuls(raw):
                return None  # two halves around a hole, not another input's row
            raise self._difference(raw.line, row, cells)
        return row

    def _is_good(self, raw: RawRecord, cells: list[str]) -> bool:
        """Whether a line behind damage starts a record of this report.

        Damage may have eaten the quote that opens a cell of the input, so a line that could be part of such
        a cell is not believed: its row could be one that was never settled.
        """
        if len(cells) != self._width or whole_number(cells[0]) in self._numbered_lines:
            return False
        return self._row(raw, cells) is not None

    @cached_property
    def _numbered_lines(self) -> frozenset[int]:
        """The row numbers with which lines inside the input's cells begin."""
        texts = self._input_texts() if self._input_texts is not None else ()
        found = (int(number) for text in texts for number in _NUMBERED_LINE.findall(text))
        return frozenset(row for row in found if row <= len(self._statuses))

    def _difference(self, line: int, row: int, cells: list[str]) -> ReportError:
        if self._identities[row - 1] == _identity(cells):
            return foreign.unknown_status(self._path, line, row, cells[_STATUS])
        found = Pair(row, cells[1], cells[2], cells[3], cells[4], encode_cells(cells[_FIRST_OTHER:]))
        expected = None if self._input_pair is None else self._input_pair(row)
        return foreign.row_differs(self._path, line, found, expected, self._other_columns)


def _identity(cells: list[str]) -> int:
    """`hash(pair[1:6])` of the pair that a record's cells stand for."""
    return hash((cells[1], cells[2], cells[3], cells[4], encode_cells(cells[_FIRST_OTHER:])))


def _is_torn_header(first: RawRecord, size: int, whole: bytes) -> bool:
    """Whether the run that made the file was cut off before its first line was whole."""
    return (
        first.end == size
        and len(first.text) > 0
        and whole != first.text
        and whole.startswith(first.text.rstrip(b"\0"))
    )
