"""The records of a report as the commands that follow a load read them."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from loader.errors import ReportError
from loader.model import OWN_COLUMNS, Status
from loader.report.damage import behind_damage, hole
from loader.report.splitting import (
    RawRecord,
    cells_of,
    open_report,
    result_has_nul,
    split_records,
    whole_number,
)

_STATUSES = frozenset(map(str, Status))


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
    """The records of a report, in file order, in bounded memory; a torn end is left out.

    Raises `ReportError` if the file isn't there, can't be read, is no report, or is damaged before its end:
    only a load can mend that, because it knows the rows that must be there.
    """
    width = len(OWN_COLUMNS) + len(read_header(path))
    with open_report(path) as file:
        records = split_records(file)
        next(records)
        for raw in records:
            cells = cells_of(raw.text)
            record = None if cells is None else _record(raw, cells, width)
            if record is None:
                follows = behind_damage(
                    path, file, raw, width, lambda later, cells: _record(later, cells, width) is not None
                )
                if follows is not None:
                    raise hole(path, raw.line)
                return
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


def _record(raw: RawRecord, cells: list[str], width: int) -> Record | None:
    if len(cells) != width or (b"\0" in raw.text and result_has_nul(cells)):
        return None
    row, from_type, from_id, to_type, to_id, status, http_status, attempts, *texts = cells
    types, existed_before, category, message, details, correlation_id, completed_at, *others = texts
    number, answer, tries = whole_number(row), whole_number(http_status or "0"), whole_number(attempts)
    if status not in _STATUSES or number is None or answer is None or tries is None:
        return None
    return Record(
        raw.line,
        number,
        from_type,
        from_id,
        to_type,
        to_id,
        Status(status),
        answer,
        tries,
        types,
        existed_before,
        category,
        message,
        details,
        correlation_id,
        completed_at,
        tuple(others),
    )
