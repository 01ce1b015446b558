"""Damage in a report: what a crash can have left is mended or cut off, anything else is refused.

A kill in the middle of a write tears the last record. A power loss leaves holes of NUL bytes where blocks of
the file did not reach the disk, at its end or with whole records behind them. Both were never promised, and
what they ate is sent again. Any other damage comes from somebody who edited the file, or from a failing disk:
nobody but the owner should decide what happens to the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from loader.errors import ReportError
from loader.report.splitting import RawRecord, cells_of, split_records

#: A hole ends where a block ends, and blocks are multiples of this many bytes on every file system.
BLOCK = 512
#: So many NUL bytes in what is no record are a hole wherever they end.
_LEAST_HOLE = 16
_NULS = re.compile(rb"\0+")
_NUMBERED = re.compile(rb'"?\d{1,19}(?:\.0+)?"?,')


def has_block_of_nuls(raw: RawRecord) -> bool:
    """Whether a whole block is missing in a record: then even one that looks whole may be two halves."""
    return b"\0" in raw.text and b"\0" * BLOCK in raw.text


def behind_damage(
    path: Path, file: BinaryIO, raw: RawRecord, width: int, is_good: Callable[[RawRecord, list[str]], bool]
) -> RawRecord | None:
    """The good record with which the report goes on behind a hole in `raw`; None: the damage is its end.

    `is_good` says of a later record that it is one of this report, which has `width` columns. Moves the
    file's position. Raises `ReportError` for damage that no crash leaves.
    """
    hole_end = _hole_end(raw)
    good = _next_good(file, raw, is_good)
    if good is not None:
        if hole_end is None or good.start < hole_end:
            raise damaged(path, raw.line, "and good records follow")
        return good
    if hole_end is None and not _is_torn_end(file, raw, width):
        raise damaged(path, raw.line, "which no crash can have done")
    return None


def damaged(path: Path, line: int, more: str) -> ReportError:
    """The error for damage at this line that no crash leaves."""
    return ReportError(
        f"the report {path} is damaged at line {line}, {more}",
        "Mend or delete that line (its row is then loaded again), or start anew with --overwrite. The report "
        "was left as it was.",
    )


def hole(path: Path, line: int) -> ReportError:
    """The error of the commands that can't mend a report, for a hole with good records behind it."""
    return ReportError(
        f"the report {path} has a hole of NUL bytes at line {line}, as a power loss leaves, and good records "
        "follow",
        "Give the command that wrote the report once more: it keeps every whole record and settles the rest. "
        "Then give this one again.",
    )


def _hole_end(raw: RawRecord) -> int | None:
    """Offset in the file behind the first hole of a record."""
    ends = (
        raw.start + nuls.end()
        for nuls in _NULS.finditer(raw.text)
        if nuls.end() - nuls.start() >= _LEAST_HOLE or (raw.start + nuls.end()) % BLOCK == 0
    )
    return next(ends, None)


def _next_good(
    file: BinaryIO, raw: RawRecord, is_good: Callable[[RawRecord, list[str]], bool]
) -> RawRecord | None:
    """The next good record behind a damaged one's first line.

    Every line may start one: where quotes are damaged, they no longer tell where records end. What a hole
    has left of the record at its end is never asked, for it begins in the middle of a line.
    """
    file.seek(raw.start)
    at, line = raw.start + len(file.readline()), raw.line + 1
    file.seek(at)
    while text := file.readline():
        if _NUMBERED.match(text):
            file.seek(at)
            record = next(split_records(file, at, line))
            cells = cells_of(record.text)
            if cells is not None and is_good(record, cells):
                return record
        at, line = at + len(text), line + 1
        file.seek(at)
    return None


def _is_torn_end(file: BinaryIO, raw: RawRecord, width: int) -> bool:
    """Whether `raw` can be the beginning of the record that a kill has cut off, or blank lines at the end.

    The beginning of a record never looks like a whole one.
    """
    cells = cells_of(raw.text)
    if cells is not None and len(cells) == width:
        return False
    if raw.end == file.seek(0, 2):
        return True
    file.seek(raw.start)
    tail = file.read(BLOCK)
    return len(tail) < BLOCK and not tail.strip()
