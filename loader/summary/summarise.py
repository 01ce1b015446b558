"""What a report says: counts by status, groups by cause, one example each, and what to do.

One streaming pass over the records that `loader.report` reads, and memory for the groups alone.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import textwrap
from collections.abc import Iterable
from typing import NamedTuple

from loader.model import GOOD, LOAD_STATUSES, Status
from loader.report import Record
from loader.summary.causes import Cause, cause_of, next_command
from loader.text import command_line, escape_controls, truncate

#: Columns of the terminal that `as_text` stays within (a command to be copied is never wrapped).
WIDTH = 100


class Example(NamedTuple):
    """The first row of a group: its number, both ends like ``contacts 123``, and what was said about it."""

    row: int
    from_record: str
    to_record: str
    message: str
    correlation_id: str


class Group(NamedTuple):
    """The rows with one status for one cause."""

    status: Status
    cause: Cause
    size: int
    example: Example


class ReportSummary(NamedTuple):
    """A whole report. `groups` has those that need attention first, the largest first.

    `first_completed_at` and `last_completed_at` are ISO 8601 UTC as in the report, empty where there is none.
    """

    rows: int
    counts: dict[Status, int]
    groups: tuple[Group, ...]
    first_completed_at: str
    last_completed_at: str

    @property
    def needs_attention(self) -> int:
        """How many rows are `failed`, `gave_up` or `invalid`."""
        return sum(count for status, count in self.counts.items() if status not in GOOD)

    @property
    def exit_code(self) -> int:
        """0 where every row is good, else 1 (contract, exit codes)."""
        return 1 if self.needs_attention else 0


def cause_of_record(record: Record) -> Cause:
    """The cause of the record's status."""
    return cause_of(
        record.status, record.http_status, record.error_category, record.error_message, record.error_details
    )


def summarise(records: Iterable[Record]) -> ReportSummary:
    """Sum a report up; raises what reading its records raises."""
    counts: dict[Status, int] = dict.fromkeys(LOAD_STATUSES, 0)
    found: dict[tuple[Status, str], tuple[Cause, Example]] = {}
    sizes: dict[tuple[Status, str], int] = {}
    first = last = ""
    for record in records:
        cause = cause_of_record(record)
        counts[record.status] = counts.get(record.status, 0) + 1
        key = (record.status, cause.key)
        if key not in found:
            found[key] = (cause, _example(record))
        sizes[key] = sizes.get(key, 0) + 1
        if record.completed_at:
            first = min(first or record.completed_at, record.completed_at)
            last = max(last, record.completed_at)
    groups = [Group(key[0], cause, sizes[key], example) for key, (cause, example) in found.items()]
    groups.sort(key=lambda group: (group.status in GOOD, -group.size))
    return ReportSummary(sum(counts.values()), counts, tuple(groups), first, last)


def _example(record: Record) -> Example:
    return Example(
        row=record.row,
        from_record=truncate(f"{record.from_type} {record.from_id}".strip(), 100),
        to_record=truncate(f"{record.to_type} {record.to_id}".strip(), 100),
        message=record.error_message,
        correlation_id=record.correlation_id,
    )


def as_json(summary: ReportSummary, report_path: str | os.PathLike[str]) -> dict[str, object]:
    """The summary as a value for `json.dumps`; `command` is ready for the shell, empty where none helps."""
    return {
        "report": str(report_path),
        "rows": summary.rows,
        "needs_attention": summary.needs_attention,
        "exit_code": summary.exit_code,
        "first_completed_at": summary.first_completed_at or None,
        "last_completed_at": summary.last_completed_at or None,
        "counts": {str(status): count for status, count in summary.counts.items()},
        "groups": [
            {
                "status": str(group.status),
                "cause": group.cause.key,
                "title": group.cause.title,
                "advice": group.cause.advice,
                "resend": group.cause.resend,
                "command": command_for(group, report_path),
                "count": group.size,
                "example": group.example._asdict(),
            }
            for group in summary.groups
        ],
    }


def as_text(summary: ReportSummary, report_path: str | os.PathLike[str]) -> str:
    """The summary for a terminal: plain text, cells made harmless, ending without a line end."""
    counts = ", ".join(f"{count:,} {status}" for status, count in summary.counts.items() if count)
    lines = [_wrap(f"{summary.rows:,} {'row' if summary.rows == 1 else 'rows'}: {counts or 'nothing yet'}")]
    if summary.first_completed_at:
        lines.append(_wrap(f"from {summary.first_completed_at} to {summary.last_completed_at}"))
    for group in summary.groups:
        if group.status not in GOOD:
            lines += ["", *_paragraph(group, report_path)]
    if summary.rows and not summary.needs_attention:
        lines.append("Every row is settled; there is nothing to do.")
    return "\n".join(lines)


def _paragraph(group: Group, report_path: str | os.PathLike[str]) -> list[str]:
    """One group as lines: what and how many, an example, what to do, the command."""
    example = group.example
    lines = [
        _wrap(f"{group.size:,} {group.status}: {group.cause.title}"),
        _wrap(f"for example row {example.row}: {example.from_record} -> {example.to_record}", "    "),
    ]
    if example.message:
        lines.append(_wrap(f'"{truncate(example.message, 300)}"', "    "))
    if example.correlation_id:
        lines.append(_wrap(f"correlation ID {truncate(example.correlation_id, 80)}", "    "))
    lines.append(_wrap(group.cause.advice, "  "))
    if command := typed_command(group, report_path):
        lines.append(f"    {command}")
    return lines


def command_for(group: Group, report_path: str | os.PathLike[str]) -> str:
    """The group's next command for a program, quoted for this platform's shell; empty where none helps."""
    path = os.fspath(report_path)
    quoted = subprocess.list2cmdline([path]) if os.name == "nt" else shlex.quote(path)
    return next_command(group.cause, group.status, quoted)


def typed_command(group: Group, report_path: str | os.PathLike[str]) -> str:
    """The same for a person to copy, on one line; empty too where the report's name can't be shown."""
    quoted = command_line([os.fspath(report_path)])
    return next_command(group.cause, group.status, quoted) if quoted else ""


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(
        escape_controls(text), WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
