"""Putting a finished report into the input's order, in one atomic step.

Rows end in another order than they start in, so the report that a run leaves is nearly sorted, with
late rows far behind their place. It is copied in slices: each slice's records are looked up in an
index of 12 bytes a row, read in the order in which they lie in the file, and written in input order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from loader.errors import ReportLost
from loader.report.durable import ChangedMeanwhile, beside, replacement, write_all
from loader.report.index import read_index

#: Records and bytes that are held in memory at a time (a single longer record excepted).
_SLICE_RECORDS = 32_768
_SLICE_BYTES = 8 << 20
#: Bytes between two wanted records up to which one read over the gap beats two reads.
_GAP = 4096


#: Places in file order, counted from 0.
_Places = npt.NDArray[np.uint32]
#: Where each record begins, in file order, and the file's end behind the last.
_Starts = npt.NDArray[np.uint64]
_NOWHERE = np.iinfo(np.uint32).max
#: So many times more row numbers than rows, and a place for each number costs more than sorting.
_SPARSE = 4


def put_in_order(path: Path) -> bool:
    """Rewrite a report in ascending row order; say whether it had to be (False: it stood in order already).

    For a report that nobody writes any more, under its lock; a report that is a symbolic link stays
    one. The new file has the old one's permissions and takes its place atomically; a temporary file
    `<report>.ordering` that a killed run has left is overwritten. Memory: some 20 bytes per row, and a slice.

    Raises `ReportLost` with the reason ``report_unwritable`` (disk full, no permission) or
    ``report_changed`` (somebody else has edited it meanwhile); the report is then as it was.
    """
    path = Path(os.path.realpath(path))
    try:
        return _put_in_order(path)
    except ChangedMeanwhile:
        raise _changed(path) from None
    except OSError as error:
        raise _unwritable(path, error) from error


def _put_in_order(path: Path) -> bool:
    with path.open("rb", buffering=1 << 20) as report:
        before = os.fstat(report.fileno())
        try:
            index = read_index(report)
        except ValueError:
            raise ChangedMeanwhile from None
    if _ascending(index.rows):
        with suppress(OSError):
            beside(path).unlink(missing_ok=True)
        return False
    order = _order(index.rows)
    if len(order) != len(index.rows):  # a row twice
        raise ChangedMeanwhile
    header, starts = index.header, index.starts
    del index  # the row numbers have done their part, and are four bytes a row
    # The report is closed before it is replaced: Windows replaces no open file.
    with replacement(path, before) as target, path.open("rb", buffering=1 << 20) as report:
        if _write_ordered(target, report, header, starts, order) != before.st_size:
            raise ChangedMeanwhile
    return True


def _ascending(rows: npt.NDArray[np.uint32]) -> bool:
    return bool((rows[1:] > rows[:-1]).all())


def _write_ordered(target: BinaryIO, report: BinaryIO, header: int, starts: _Starts, order: _Places) -> int:
    """Copy the records in this order and return how many bytes they are with the header."""
    report.seek(0)
    written = write_all(target, report.read(header))
    for wanted in _slices(starts, order):
        written += write_all(target, _slice(report, starts, wanted))
    return written


def _order(rows: npt.NDArray[np.uint32]) -> _Places:
    """The places of the records in ascending order of their rows; of a row that stands twice only one place.

    Rows are numbered from 1 with few gaps, so each can be put where its number says: four bytes a row, where
    sorting takes sixteen. A report of few rows with high numbers is sorted.
    """
    highest = int(rows.max())
    if highest > _SPARSE * len(rows) + _SLICE_RECORDS:
        first: _Places = np.unique(rows, return_index=True)[1].astype(np.uint32)
        return first
    places = np.full(highest + 1, _NOWHERE, dtype=np.uint32)
    for begin in range(0, len(rows), _SLICE_RECORDS):
        some = rows[begin : begin + _SLICE_RECORDS]
        places[some] = np.arange(begin, begin + len(some), dtype=np.uint32)
    order: _Places = places[places != _NOWHERE]
    return order


def _slices(starts: _Starts, order: _Places) -> Iterator[_Places]:
    """Cut the order into runs of positions whose records fit into memory together, at least one each."""
    at = 0
    while at < len(order):
        wanted = order[at : at + _SLICE_RECORDS]
        sizes = starts[wanted + 1] - starts[wanted]
        wanted = wanted[: max(1, int(np.searchsorted(np.cumsum(sizes), _SLICE_BYTES, side="right")))]
        yield wanted
        at += len(wanted)


def _slice(report: BinaryIO, starts: _Starts, wanted: _Places) -> bytes:
    """The bytes of the records at these positions, in this order, read in stretches in file order."""
    # Most records follow in the file the one that they follow here: such runs are copied as one piece.
    first = np.concatenate(([0], np.flatnonzero(wanted[1:] != wanted[:-1] + 1) + 1))
    last = np.concatenate((first[1:], [len(wanted)])) - 1
    by_place = np.argsort(wanted[first], kind="stable")
    begins, ends = starts[wanted[first[by_place]]], starts[wanted[last[by_place]] + 1]
    breaks = np.flatnonzero(begins[1:] - ends[:-1] > _GAP) + 1
    texts: list[bytes] = [b""] * len(first)
    for stretch in np.split(np.arange(len(first)), breaks):
        offset = int(begins[stretch[0]])
        report.seek(offset)
        data = report.read(int(ends[stretch[-1]]) - offset)
        for position, begin, end in zip(
            by_place[stretch].tolist(), begins[stretch].tolist(), ends[stretch].tolist(), strict=True
        ):
            texts[position] = data[begin - offset : end - offset]
    return b"".join(texts)


def _unwritable(path: Path, error: OSError) -> ReportLost:
    return ReportLost(
        "report_unwritable",
        f"the report {path} is complete, but could not be put into input order: {error.strerror or error}",
        "Make room on the disk, or close the program that has the report open, and give the same command "
        "again: nothing is sent again.",
    )


def _changed(path: Path) -> ReportLost:
    return ReportLost(
        "report_changed",
        f"the report {path} was changed by another program before it could be put into input order",
        "Give the same command again: it compares the report with the input first. The report was left "
        "as it is.",
    )
