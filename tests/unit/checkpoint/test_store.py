"""What holds for the whole load is remembered as it was said."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from loader.checkpoint import (
    Binding,
    Checkpoint,
    InputReading,
    LoadFiles,
    ReportWritten,
    RowCount,
    TypePairCount,
)
from loader.errors import CheckpointError
from loader.model import Status

READING = InputReading(
    path="/in/pä\udcffrs.csv",
    layout={"from_column": "Record ID", "delimiter": ";", "allow_empty": True, "sheet": None},
    rows=7,
    pairs=4,
    counts=(
        RowCount(Status.DUPLICATE, 2, row=5, line=6, from_type="contacts", from_id="1", to_id="2"),
        RowCount(Status.INVALID, 1, "BAD_ID", "line 3: x", 2, 3, "contacts", "=x", "companies", "2"),
    ),
    type_pairs=(TypePairCount("contacts", "companies", 6),),
    read_at=1234567.5,
)
BINDING = Binding(account_id=111, ui_domain="app-eu1.hubspot.com")


@pytest.fixture
def files(tmp_path: Path) -> LoadFiles:
    return LoadFiles.of(tmp_path / "pairs.csv", None, None)


def test_nothing_is_on_the_disk_before_a_run_begins(files: LoadFiles) -> None:
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        assert (checkpoint.exists, checkpoint.runs(), checkpoint.binding) == (False, [], None)
        assert not list(files.checkpoint.parent.iterdir())
        checkpoint.begin_run("load")
        assert checkpoint.exists
    assert list(files.checkpoint.parent.iterdir()) == [files.checkpoint]


def test_a_command_that_needs_a_load_says_that_there_is_none(files: LoadFiles) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        Checkpoint(files.checkpoint)


def test_what_a_run_says_is_there_for_the_next(files: LoadFiles) -> None:
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run(
            "load", files=files, binding=BINDING, reading=READING, options={"rate": "5/1", "account_id": 1}
        )
        checkpoint.set_report_written(ReportWritten(path="/r.csv", digests=("a", "b")))
    with Checkpoint(files.checkpoint) as checkpoint:
        checkpoint.begin_run("verify")
        assert checkpoint.binding == BINDING
        assert checkpoint.reading == READING
        assert checkpoint.options == {"rate": "5/1", "account_id": 1}
        assert checkpoint.report_written == ReportWritten(path="/r.csv", digests=("a", "b"))
        assert checkpoint.files == files


def test_a_run_is_remembered_with_its_process_and_its_end(files: LoadFiles) -> None:
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        first = checkpoint.begin_run("load")
        checkpoint.end_run(
            first, exit_code=3, requests=5, throttled=1, stopped="daily_limit", message="m", hint="h"
        )
        checkpoint.begin_run("verify")
        ended, killed = checkpoint.runs()
    assert (ended.command, ended.pid, ended.exit_code, ended.requests, ended.throttled) == (
        "load",
        os.getpid(),
        3,
        5,
        1,
    )
    assert (ended.stopped, ended.message, ended.hint) == ("daily_limit", "m", "h")
    assert ended.ended_at is not None
    assert first.started_at <= ended.ended_at <= killed.started_at
    assert (killed.command, killed.ended_at, killed.exit_code) == ("verify", None, None)


def test_files_that_are_moved_together_find_each_other(files: LoadFiles, tmp_path: Path) -> None:
    assert files.input is not None
    files.input.touch()
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load", files=files)
    folder = tmp_path / "new"
    folder.mkdir()
    for path in (files.input, files.checkpoint):
        path.rename(folder / path.name)
    moved = LoadFiles.of(folder / "pairs.csv", None, None)
    with Checkpoint(moved.checkpoint) as checkpoint:
        assert checkpoint.files == moved


def test_a_copied_checkpoint_reads_the_input_and_leaves_the_report_alone(
    files: LoadFiles, tmp_path: Path
) -> None:
    assert files.input is not None
    for path in (files.input, files.report):
        path.touch()
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load", files=files)
    (tmp_path / "copy").mkdir()
    copied = Path(shutil.copy(files.checkpoint, tmp_path / "copy"))
    with Checkpoint(copied) as checkpoint:
        assert checkpoint.files == LoadFiles(files.input, copied.with_name(files.report.name), copied)


def test_files_that_stayed_behind_are_found_there(files: LoadFiles, tmp_path: Path) -> None:
    files = LoadFiles.of(tmp_path / "pairs.csv", tmp_path / "out.csv", tmp_path / "local" / "my.db")
    files.checkpoint.parent.mkdir()
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load", files=files)
    moved = files.checkpoint.rename(tmp_path / "my.db")
    with Checkpoint(moved) as checkpoint:
        assert checkpoint.files == LoadFiles(files.input, files.report, moved)


def test_pairs_that_left_the_input_are_marked_and_those_that_came_back_are_not(files: LoadFiles) -> None:
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load")
        with checkpoint.transaction() as db:
            db.executemany(
                "INSERT INTO pair (id, types, from_id, to_id) VALUES (?, 1, 1, 1)",
                [(i,) for i in range(1, 9)],
            )
        for gone in ([2, 3, 4, 8], [1, 4], []):
            checkpoint.begin_run("load", not_in_input=np.array(gone, dtype=np.int64))
            with checkpoint.query() as db:
                assert [row[0] for row in db.execute("SELECT id FROM pair WHERE in_input = 0")] == gone
        checkpoint.set_reading(READING, np.array([5], dtype=np.int64))
        assert checkpoint.reading == READING
        with checkpoint.query() as db:
            assert [row[0] for row in db.execute("SELECT id FROM pair WHERE in_input = 0")] == [5]


def test_new_names_of_the_files_are_in_printed_commands_too(files: LoadFiles) -> None:
    aside = LoadFiles(files.input, files.report.with_name("aside.csv"), files.checkpoint)
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load", files=files, options={"from_type": "contacts", "checkpoint": "x"})
        checkpoint.set_files(aside)
        assert checkpoint.files == aside
        assert checkpoint.options == {
            "from_type": "contacts",
            "report": str(aside.report),
            "checkpoint": str(aside.checkpoint),
        }


def test_a_transaction_that_fails_leaves_nothing(files: LoadFiles) -> None:
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load")

        def fail() -> None:
            with checkpoint.transaction() as db:
                db.execute("DELETE FROM run")
                db.execute("INSERT INTO meta VALUES ('key', NULL)")

        with pytest.raises(sqlite3.IntegrityError):
            fail()
        assert len(checkpoint.runs()) == 1


def test_any_sqlite_tool_shows_the_results(files: LoadFiles) -> None:
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load")
        with checkpoint.transaction() as db:
            db.execute("INSERT INTO type_pair VALUES (1, 'contacts', 'companies', '0-1', '0-2')")
            db.execute(
                "INSERT INTO outcome VALUES (1, 'failed', 400, '', 'VALIDATION_ERROR', 'no', '[]', '')"
            )
            db.execute(
                "INSERT INTO pair (id, types, from_id, to_id, existed_before, outcome, completed_at)"
                " VALUES (1, 1, 11, 22, 0, 1, 1700000000123)"
            )
            columns = "from_type, from_id, status, existed_before, error_category, completed_at"
            assert db.execute(f"SELECT {columns} FROM result").fetchall() == [
                ("contacts", 11, "failed", "no", "VALIDATION_ERROR", "2023-11-14T22:13:20.123Z")
            ]
