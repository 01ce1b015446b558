"""The rows of the page's table: those that need attention, as many as the page has room for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from markupsafe import escape

from loader.model import GOOD
from loader.report import Record
from loader.summary.summarise import cause_of_record
from loader.text import escape_controls, truncate

_ROWS_PER_CAUSE = 2_000
_MOST_BYTES = 1_200_000  # of the page's 2 MB
_MOST_CHARACTERS = 240  # of one cell
_MARKUP = 190  # bytes of tags around a row's cells


class Row(NamedTuple):
    """One row of the table: text without control characters, long cells cut."""

    row: int
    from_record: str
    to_record: str
    status: str
    cause: str
    http_status: str
    message: str
    correlation_id: str


class Attention:
    """Keeps the first rows of each cause, so that a frequent one does not crowd out the others."""

    def __init__(self) -> None:
        self.total = 0
        self._rows: dict[tuple[str, str], list[Row]] = {}

    def add(self, record: Record) -> None:
        """Look at one record of the report, and keep it where it needs attention and there is room."""
        if record.status in GOOD:
            return
        self.total += 1
        cause = cause_of_record(record)
        rows = self._rows.setdefault((record.status, cause.key), [])
        if len(rows) < _ROWS_PER_CAUSE:
            rows.append(_row(record, cause.title))

    def shown(self) -> list[Row]:
        """The rows that fit on the page, taken from all causes in turn, in the order of the input."""
        shown: list[Row] = []
        room = _MOST_BYTES
        for row in self._in_turn():
            room -= _MARKUP + sum(len(escape(str(cell)).encode()) for cell in row)
            if room < 0:
                break
            shown.append(row)
        return sorted(shown)

    def _in_turn(self) -> Iterator[Row]:
        for rows in zip_longest(*self._rows.values()):
            yield from (row for row in rows if row is not None)


def _row(record: Record, cause: str) -> Row:
    return Row(
        row=record.row,
        from_record=_cell(f"{record.from_type} {record.from_id}"),
        to_record=_cell(f"{record.to_type} {record.to_id}"),
        status=record.status,
        cause=cause,
        http_status=str(record.http_status or ""),
        message=_cell(record.error_message),
        correlation_id=_cell(record.correlation_id),
    )


def _cell(text: str) -> str:
    return escape_controls(truncate(text, _MOST_CHARACTERS)).strip()
