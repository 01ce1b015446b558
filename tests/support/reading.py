"""What the loader reads of an input, without a process or a server."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

import pytest

from loader.errors import InputError
from loader.source.chunk import Chunk, Survey
from loader.source.columns import Columns
from loader.source.input_file import open_input
from loader.source.source import Source

COLUMNS = Columns(from_type="contacts", to_type="companies")


class Line(NamedTuple):
    """One line of the report to be. The status of a pair to send is ``pair``; `rest` are the other cells."""

    row: int
    status: str
    from_type: str
    from_id: str
    to_type: str
    to_id: str
    rest: tuple[str, ...] = ()
    category: str = ""
    message: str = ""

    @property
    def ids(self) -> tuple[str, str]:
        """Both IDs."""
        return self.from_id, self.to_id


def lines_of(source: Source, chunk: Chunk) -> list[Line]:
    """The report lines of a chunk, each place filled once."""
    lines: dict[int, Line] = {}
    assert list(chunk.positions) == sorted(chunk.positions)
    for i, position in enumerate(chunk.positions.tolist()):
        kind = source.type_pairs[int(chunk.types[i])]
        status, category, message = "pair", "", ""
        if i in chunk.duplicates:
            status, category, message = "duplicate", "DUPLICATE", f"duplicate of row {chunk.duplicates[i]}"
        lines[position] = Line(
            int(chunk.rows_of[i]),
            status,
            kind.from_type,
            str(chunk.from_ids[i]),
            kind.to_type,
            str(chunk.to_ids[i]),
            _cells(chunk.rests[i]),
            category,
            message,
        )
    for status, others in (("invalid", chunk.invalid), ("empty", chunk.empty)):
        for other in others:
            ids = (other.from_type, other.from_id, other.to_type, other.to_id)
            lines[other.position] = Line(other.row, status, *ids, _cells(other.rest), *other.fault)
    assert sorted(lines) == list(range(chunk.size))
    assert len(chunk.positions) + len(chunk.invalid) + len(chunk.empty) == chunk.size
    return [lines[position] for position in range(chunk.size)]


def _cells(rest: str) -> tuple[str, ...]:
    return tuple(next(csv.reader(io.StringIO(rest, newline="")))[1:]) if rest else ()


def read_source(source: Source) -> tuple[Survey, list[Line]]:
    """Both readings of an input, which must agree."""
    survey = source.survey()
    lines = [line for chunk in source.chunks(survey, with_rests=True) for line in lines_of(source, chunk)]
    counts = [sum(line.status == status for line in lines) for status in ("duplicate", "invalid", "empty")]
    assert [survey.duplicates, survey.invalid, survey.empty] == counts
    assert (survey.lines, survey.sendable) == (len(lines), len(lines) - sum(counts))
    assert {line.row for line in lines} == set(range(1, survey.rows + 1))
    return survey, lines


def read(
    folder: Path,
    data: bytes | str,
    columns: Columns = COLUMNS,
    encoding: str = "auto",
    name: str = "input.csv",
) -> list[Line]:
    """The report lines of a file with this content."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_source(Source(open_input(str(path)), columns, encoding=encoding))[1]


def refusal(
    folder: Path,
    data: bytes | str,
    columns: Columns = COLUMNS,
    encoding: str = "auto",
    name: str = "input.csv",
) -> InputError:
    """The error with which this file is refused."""
    with pytest.raises(InputError) as caught:
        read(folder, data, columns, encoding, name)
    return caught.value
