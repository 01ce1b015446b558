"""A report file cut into records, and a record into cells.

Reading is lenient with what other programs do when they save a report again: a byte-order mark before the
header, ``\\r\\n`` line ends, quotes around every cell, and whole numbers that are written as ``1.0``.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from loader.csvtext import decode_cells, encode_cells
from loader.errors import ReportError
from loader.model import OWN_COLUMNS

#: Longer than any record the input room lets in: an open quote must not read a whole file into memory.
LONGEST_RECORD = 128 << 20
_WHOLE = re.compile(r"([0-9]{1,19})(?:\.0+)?")
_NUMBERS = tuple(OWN_COLUMNS.index(column) for column in ("row", "http_status", "attempts"))
_RESULT = slice(OWN_COLUMNS.index("status"), len(OWN_COLUMNS))


class RawRecord(NamedTuple):
    """The bytes of one record, line end included, where it starts, and its first line (from 1)."""

    start: int
    line: int
    text: bytes

    @property
    def end(self) -> int:
        """Offset of the byte behind the record."""
        return self.start + len(self.text)


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


def split_records(file: BinaryIO, start: int = 0, line: int = 1) -> Iterator[RawRecord]:
    """The records of an open file from where it stands, in file order; the last may be torn.

    At the file's start the first is the header. Elsewhere `start` and `line` say where the file stands, and
    a record must begin there. A record ends at the line end that no quote encloses, which is where its
    quotes pair up.
    """
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


def whole_number(text: str) -> int | None:
    """The number that a cell of digits says, also as ``1.0``; None for anything else."""
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else None


def result_has_nul(cells: list[str]) -> bool:
    """Whether a NUL stands in what a load has said of a row: it writes none, so two halves meet there."""
    return any("\0" in cell for cell in cells[_RESULT])


def is_as_written(raw: RawRecord, cells: list[str]) -> bool:
    """Whether the bytes of a whole record are those that a load writes."""
    text = raw.text
    if b'"' not in text and b"\r" not in text and b".0," not in text and not text.startswith(b"0"):
        return True  # as nearly all are
    return as_written(cells) == text


def as_written(cells: list[str]) -> bytes:
    """A record's cells as the line that a load writes, whatever a program has made of it meanwhile."""
    cells = cells.copy()
    for place in _NUMBERS:
        number = whole_number(cells[place])
        cells[place] = cells[place] if number is None else str(number)
    return f"{encode_cells(cells)[1:]}\n".encode()
