"""The records of a report file: split, judged whole or damaged, and read for the commands that follow a load.

A report may end in damage: a kill in the middle of a write tears its last line, and a power loss
leaves NUL bytes where the last second's lines should be. Such an end is no error, it was never
promised. Damage with good records after it is one: then somebody edited the file, or the disk is
failing, and nobody but the owner should decide what happens to the rest.

Reading is lenient with what a spreadsheet does when it saves a CSV file: a byte-order mark before
the header, and ``\\r\\n`` line ends.
"""

from __future__ import annotations

import codecs
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from loader.csvtext import decode_cells
from loader.errors import ReportError
from loader.model import OWN_COLUMNS, Status

#: Longer than any record the input room lets in: an open quote must not read a whole file into memory.
LONGEST_RECORD = 128 << 20
_NUMBERED = re.compile(rb"\d{1,19},")
#: So many NUL bytes are a hole in the file, not a cell of the input.
HOLE = b"\0" * 16
#: Bytes that a power loss can have taken: the lines of the last second, at a few hundred thousand a second.
_UNSYNCED = 64 << 20


class RawRecord(NamedTuple):
    """The bytes of one record, line end included, where it starts, and its first line (from 1)."""

    start: int
    line: int
    text: bytes

    @property
    def end(self) -> int:
        """Offset of the byte behind the record."""
        return self.start + len(self.text)


class Record(NamedTuple):
    """One line of a report as the other commands read it; `others` are the input's other cells.

    `http_status` is 0 where there was no answer; `completed_at` is ISO 8601 text in UTC. `line` is the
    physical line of the file.
    """

    line: int
    row: int
    from_type: str
    from_id: str
    to_type: str
    to_id: str
    status: Status
    http_status: int
    attempts: int
    association_types: str
    existed_before: str
    error_category: str
    error_message: str
    error_details: str
    correlation_id: str
    completed_at: str
    others: tuple[str, ...]


def open_report(path: Path) -> BinaryIO:
    """Open a report for reading.

    Raises `ReportError` if it is no regular file or may not be read, `FileNotFoundError` if it isn't there.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # asked first: opening a pipe would wait for its other end
            raise ReportError(
                f"the report {path} is not a regular file",
                "The report is also the checkpoint that the next run goes on from: choose a file with "
                "--report.",
            )
        return path.open("rb", buffering=1 << 20)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ReportError(
            f"the report {path} can't be read: {error.strerror or error}", "Check its permissions."
        ) from error


def split_records(file: BinaryIO) -> Iterator[RawRecord]:
    """The records of an open file from its start, in file order, the header first; the last may be torn.

    A record ends at the line end that no quote encloses, which is where its quotes pair up.
    """
    start, line = 0, 1
    record, lines, open_quote = bytearray(), 0, False
    for piece in file:
        if not lines and b'"' not in piece:  # nearly all of a million lines
            yield RawRecord(start, line, piece)
            start += len(piece)
            line += 1
            continue
        record += piece
        lines += 1
        open_quote ^= piece.count(b'"') % 2 == 1
        if not open_quote or len(record) > LONGEST_RECORD:
            yield RawRecord(start, line, bytes(record))
            start, line = start + len(record), line + lines
            record, lines, open_quote = bytearray(), 0, False
    if lines:
        yield RawRecord(start, line, bytes(record))


def cells_of(text: bytes) -> list[str] | None:
    """The cells of a record's bytes; None if it is damaged: torn, not UTF-8, or not one CSV record."""
    if not text.endswith(b"\n"):
        return None
    try:
        return decode_cells(text[: -2 if text.endswith(b"\r\n") else -1].decode())
    except ValueError:  # UnicodeDecodeError is one
        return None


def is_damaged_end(file: BinaryIO, record: RawRecord, is_good: Callable[[list[str]], bool]) -> bool:
    """Whether the damage that starts with `record` goes on to the end of the file.

    `is_good` says of a later line's cells that they are a record of this report. Where the damage
    is a hole of NUL bytes, a power loss has left it; lines behind it were written in the same last
    second and count as its damage. Moves the file's position.
    """
    size = file.seek(0, 2)
    if HOLE in record.text and size - record.start <= _UNSYNCED:
        return True
    # Every line from here may start a good record: where quotes are damaged, they no longer tell.
    at = record.start
    while at < size:
        file.seek(at)
        line = file.readline()
        if _NUMBERED.match(line):
            file.seek(at)
            cells = cells_of(next(split_records(file)).text)
            if cells is not None and is_good(cells):
                return False
        at += len(line)
    return True


def damaged(path: Path, line: int) -> ReportError:
    """The error for a report that is damaged in its middle, at this line."""
    return ReportError(
        f"the report {path} is damaged at line {line}, and good records follow",
        "Mend or delete that line (its row is then loaded again), or start anew with --overwrite.",
    )


def read_header(path: Path) -> tuple[str, ...]:
    """The input's other columns, which follow the report's own in its header.

    Raises `ReportError` if the file isn't there, can't be read, or is no report.
    """
    try:
        with open_report(path) as file:
            return _other_columns(path, next(split_records(file), RawRecord(0, 1, b"")))
    except FileNotFoundError:
        raise ReportError(f"there is no report {path}", "Give the report that a load has written.") from None


def read_records(path: Path) -> Iterator[Record]:
    """The records of a report, in file order, in bounded memory; a damaged end is left out.

    Raises `ReportError` if the file isn't there, can't be read, is no report, or is damaged in its middle.
    """
    width = len(OWN_COLUMNS) + len(read_header(path))
    with open_report(path) as file:
        records = split_records(file)
        next(records)
        for raw in records:
            cells = cells_of(raw.text)
            record = None if cells is None else _record(raw.line, cells, width)
            if record is None:
                if is_damaged_end(file, raw, lambda later: _record(0, later, width) is not None):
                    return
                raise damaged(path, raw.line)
            yield record


def rows_by_status(path: Path) -> Counter[Status]:
    """How many rows a report has of each status; none at all where it is no whole report. Never raises."""
    try:
        return Counter(record.status for record in read_records(path))
    except (ReportError, OSError):
        return Counter()


def _other_columns(path: Path, first: RawRecord) -> tuple[str, ...]:
    cells = cells_of(first.text.removeprefix(codecs.BOM_UTF8)) or []
    if tuple(cells[: len(OWN_COLUMNS)]) != OWN_COLUMNS:
        raise ReportError(
            f"{path} is not a report: its first line is not a report's header (row,from_object_type,…)",
            "Give the report that a load has written, as it has written it.",
        )
    return tuple(cells[len(OWN_COLUMNS) :])


def _record(line: int, cells: list[str], width: int) -> Record | None:
    if len(cells) != width:
        return None
    row, from_type, from_id, to_type, to_id, status, http_status, attempts, *texts = cells
    types, existed_before, category, message, details, correlation_id, completed_at, *others = texts
    try:
        return Record(
            line,
            int(row),
            from_type,
            from_id,
            to_type,
            to_id,
            Status(status),
            int(http_status or 0),
            int(attempts),
            types,
            existed_before,
            category,
            message,
            details,
            correlation_id,
            completed_at,
            tuple(others),
        )
    except ValueError:
        return None
