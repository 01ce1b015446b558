"""Writing a report anew from what is whole in it, before a run goes on with it.

A power loss may have left holes between whole records, and another program may have saved the report with
other line ends, quotes or numbers. Records that were settled are worth keeping, and what is appended must
look like what stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

from loader.report.durable import ChangedMeanwhile, replacement, write_all
from loader.report.readback import Settled
from loader.report.splitting import as_written, cells_of, open_report, split_records

#: Bytes that are collected for one write.
_AT_ONCE = 1 << 20


def mend(path: Path, first_line: bytes, settled: Settled) -> Settled:
    """Replace a report atomically by `first_line`, its header, and the records of `settled.stretches`.

    For a report that is under its lock and no link. Returns what `read_back` would now say. Raises
    `ChangedMeanwhile` if the file is not the one that was read back, and `OSError`.
    """
    before = path.stat()
    if before.st_size != settled.size:
        raise ChangedMeanwhile
    # The report is closed before it is replaced: Windows replaces no open file.
    with replacement(path, before) as target, open_report(path) as report:
        size = write_all(target, first_line)
        for start, end in settled.stretches:
            report.seek(start)
            for some in _mended(report, start, end):
                size += write_all(target, some)
    return settled._replace(end=size, size=size, stretches=())


def _mended(report: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """The records between two offsets as a load writes them, many at once."""
    some = bytearray()
    for raw in takewhile(lambda raw: raw.start < end, split_records(report, start)):
        cells = cells_of(raw.text)
        if cells is None:
            raise ChangedMeanwhile
        some += as_written(cells)
        if len(some) >= _AT_ONCE:
            yield bytes(some)
            some.clear()
    yield bytes(some)
