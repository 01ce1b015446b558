"""What a report is summed up to, and that no cell of it can command a terminal."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.model import Outcome, Pair, Status
from loader.report import Record, read_records
from loader.report.layout import header, line
from loader.summary.summarise import WIDTH, as_json, as_text, summarise
from loader.text import escape_controls

NOON = 1_795_521_600.0  # 2026-11-24 12:00 UTC
EVIL = "\x1b]0;owned\x07\x1b[2Jgone\u202e\r\nnext\x00\x9b31m"


def outcome(row: int, status: Status, **more: Any) -> Outcome:
    """One row's outcome, a second after the one before."""
    pair = Pair(row, "contacts", str(1000 + row), "companies", str(2000 + row))
    return Outcome(pair, status, NOON + row)._replace(**more)


def missing(row: int) -> Outcome:
    """A row whose company was deleted."""
    return outcome(
        row,
        Status.FAILED,
        http_status=400,
        error_category="VALIDATION_ERROR",
        error_message="One or more associations are invalid",
        correlation_id=f"id-{row}",
    )


def write_report(path: Path, outcomes: list[Outcome]) -> Path:
    """A report file with these outcomes."""
    path.write_text(header(()) + "\n" + "".join(map(line, outcomes)), encoding="utf-8", newline="")
    return path


def record(message: str, path: str = "0") -> Record:
    """A failed record as it might stand in a report that somebody has edited."""
    return Record(
        2,
        1,
        message,
        path,
        message,
        "2",
        Status.FAILED,
        400,
        1,
        "",
        "",
        message,
        message,
        message,
        message,
        message,
        (),
    )


def test_rows_are_grouped_by_status_and_cause(tmp_path: Path) -> None:
    outcomes = [
        outcome(1, Status.ASSOCIATED, http_status=200),
        outcome(2, Status.GAVE_UP, http_status=503, error_category="HTTP_503", attempts=8),
        missing(3),
        missing(4),
        outcome(5, Status.EXISTING),
    ]
    summary = summarise(read_records(write_report(tmp_path / "r.csv", outcomes)))
    assert summary.rows == 5
    assert summary.counts == {
        Status.ASSOCIATED: 1,
        Status.EXISTING: 1,
        Status.DUPLICATE: 0,
        Status.INVALID: 0,
        Status.FAILED: 2,
        Status.GAVE_UP: 1,
    }
    assert [(group.status, group.cause.key, group.size) for group in summary.groups] == [
        (Status.FAILED, "record_missing", 2),
        (Status.GAVE_UP, "server_trouble", 1),
        (Status.ASSOCIATED, "associated", 1),
        (Status.EXISTING, "existing", 1),
    ]
    first = summary.groups[0].example
    assert (first.row, first.from_record, first.to_record) == (3, "contacts 1003", "companies 2003")
    assert first.correlation_id == "id-3"
    assert summary.first_completed_at == "2026-11-24T12:00:01.000Z"
    assert summary.last_completed_at == "2026-11-24T12:00:05.000Z"
    assert (summary.needs_attention, summary.exit_code) == (3, 1)


@pytest.mark.parametrize("status", [Status.ASSOCIATED, Status.EXISTING, Status.DUPLICATE])
def test_good_rows_leave_the_exit_code_at_nought(tmp_path: Path, status: Status) -> None:
    summary = summarise(read_records(write_report(tmp_path / "r.csv", [outcome(1, status)])))
    assert summary.exit_code == 0
    assert "nothing to do" in as_text(summary, "r.csv")


@pytest.mark.parametrize("status", [Status.INVALID, Status.FAILED, Status.GAVE_UP])
def test_other_rows_make_it_one(tmp_path: Path, status: Status) -> None:
    summary = summarise(read_records(write_report(tmp_path / "r.csv", [outcome(1, status)])))
    assert summary.exit_code == 1


def test_an_empty_report_says_so() -> None:
    summary = summarise([])
    assert as_text(summary, "r.csv") == "0 rows: nothing yet"
    assert summary.exit_code == 0


def test_the_text_says_what_happened_and_what_to_type(tmp_path: Path) -> None:
    report = write_report(tmp_path / "r.csv", [missing(row) for row in range(1, 4)])
    text = as_text(summarise(read_records(report)), "my report.csv")
    quoted = '"my report.csv"' if os.name == "nt" else "'my report.csv'"
    assert text.splitlines()[0] == "3 rows: 3 failed"
    assert "3 failed: A record was deleted or merged, or never existed" in text
    assert "for example row 1: contacts 1001 -> companies 2001" in text
    assert "correlation ID id-1" in text
    assert f"    assoc-loader load {quoted} --only failed" in text.splitlines()


def test_json_has_everything_that_the_text_has(tmp_path: Path) -> None:
    summary = summarise(read_records(write_report(tmp_path / "r.csv", [missing(1)])))
    value = json.loads(json.dumps(as_json(summary, "r.csv")))
    assert value["counts"]["failed"] == value["rows"] == value["needs_attention"] == value["exit_code"] == 1
    (group,) = value["groups"]
    assert group["cause"] == "record_missing"
    assert group["command"] == "assoc-loader load r.csv --only failed"
    assert group["example"]["row"] == 1


def test_terminal_escapes_in_cells_are_shown_and_not_obeyed() -> None:
    text = as_text(summarise([record(EVIL, EVIL)]), f"{EVIL}.csv")
    assert "\x1b" not in text
    assert "\\x1b]0;owned\\x07" in text
    assert "\\u202e" in text


@given(st.text(), st.text(min_size=1).filter(lambda path: "\0" not in path))
def test_no_cell_breaks_the_width_or_the_lines(cell: str, path: str) -> None:
    for shown in as_text(summarise([record(cell)]), path).splitlines():
        assert shown.isprintable()
        assert len(shown) <= WIDTH or shown.startswith("    assoc-loader load ")


@given(st.text())
def test_visible_is_one_printable_line_and_leaves_plain_text_alone(text: str) -> None:
    assert escape_controls(text).isprintable()
    if text.isprintable():
        assert escape_controls(text) == text


def test_memory_does_not_grow_with_the_report() -> None:
    tracemalloc.start()
    try:
        summary = summarise(record(f"message {n}") for n in range(30_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert summary.rows == 30_000
    assert peak < 200_000
