"""Where each row of a report stands: 12 bytes a row, found without looking at a record by itself."""

from __future__ import annotations

from array import array
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from loader.report.splitting import LONGEST_RECORD, split_records

_CHUNK = 1 << 20
_LINE_END, _QUOTE, _COMMA, _ZERO = b'\n",0'
#: Digits of the highest row that the index holds, 2^32-1.
_MOST_DIGITS = 10

_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.intp]


class Index(NamedTuple):
    """The row of each record and the offset at which it starts, both in file order.

    `starts` has one entry more: the file's end. `header` is how many bytes stand before the first record.
    """

    rows: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.uint64]
    header: int


def read_index(report: BinaryIO) -> Index:
    """Index an open report of whole records, as a `ReportWriter` leaves it.

    Raises ValueError for what is none: no header, a record without a row number, a torn end.
    """
    header = next(split_records(report), None)
    if header is None:
        raise ValueError("no header")
    rows, starts = array("I"), array("Q", [header.end])
    report.seek(header.end)
    rest = b""
    while chunk := report.read(_CHUNK):
        data = rest + chunk
        content = np.frombuffer(data, np.uint8)
        ends = _record_ends(content)
        whole = int(ends[-1]) if len(ends) else 0
        if whole:
            begins = np.concatenate(([0], ends[:-1]))
            rows.frombytes(_row_numbers(content[:whole], begins).tobytes())
            starts.frombytes((ends + starts[-1]).astype(np.uint64).tobytes())
        rest = data[whole:]
        if len(rest) > LONGEST_RECORD:
            break
    if rest:
        raise ValueError("a torn end")
    return Index(np.frombuffer(rows, np.uint32), np.frombuffer(starts, np.uint64), header.end)


def _record_ends(content: _Bytes) -> _Places:
    """The places behind each whole record: behind line ends that an even number of quotes precedes."""
    line_ends = np.flatnonzero(content == _LINE_END)
    quotes = np.flatnonzero(content == _QUOTE)
    if len(quotes):
        line_ends = line_ends[np.searchsorted(quotes, line_ends) % 2 == 0]
    return line_ends + 1


def _row_numbers(content: _Bytes, begins: _Places) -> npt.NDArray[np.uint32]:
    """The numbers with which the records begin, read digit by digit for all of them at once."""
    numbers = np.zeros(len(begins), dtype=np.uint64)
    unread = np.arange(len(begins))
    for digits in range(_MOST_DIGITS + 1):
        signs = content[begins[unread] + digits]  # a record ends in a line end, so this finds one of its own
        going = signs != _COMMA
        unread, signs = unread[going], signs[going]
        if not len(unread):
            break
        values = signs - _ZERO  # what is no digit wraps around to more than 9
        if (values > 9).any():
            break
        numbers[unread] = numbers[unread] * np.uint64(10) + values
    if len(unread) or not numbers.all() or numbers.max() > np.iinfo(np.uint32).max:
        raise ValueError("a record without a row number")
    return numbers.astype(np.uint32)
