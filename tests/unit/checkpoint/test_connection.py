"""What is no checkpoint, or one that this version can't know, is refused in words and not touched."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from loader.checkpoint import Checkpoint
from loader.checkpoint.connection import advice, is_database
from loader.checkpoint.schema import VERSION
from loader.errors import CheckpointError
from tests.support.odd_disk import can_be_odd, odd_disk

BEGIN = (
    "import sys; from pathlib import Path; from loader.checkpoint import Checkpoint\n"
    "with Checkpoint(Path(sys.argv[1]), may_create=True) as checkpoint:\n"
    "    run = checkpoint.begin_run('load'); checkpoint.end_run(run, exit_code=0)\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pairs.checkpoint.db"


def create(path: Path) -> None:
    with Checkpoint(path, may_create=True) as checkpoint:
        checkpoint.begin_run("load")


def refused(path: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as error:
        Checkpoint(path, may_create=True)
    assert str(path) in str(error.value)
    return error.value


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


def test_a_checkpoint_of_a_later_schema_is_left_as_it_is(path: Path) -> None:
    create(path)
    change(path, f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    error = refused(path)
    assert f"its schema is {VERSION + 1}, not {VERSION}" in str(error)
    assert "later" in error.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"from_object_id,to_object_id\n1,2\n", b"x" * 5000, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_file_that_is_no_database_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "is not a checkpoint" in str(refused(path))
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    change(path, "CREATE TABLE notes (text)")
    before = path.read_bytes()
    assert "is not a checkpoint" in str(refused(path))
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_called_that(path: Path) -> None:
    create(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(CheckpointError, match="is damaged") as error, Checkpoint(path) as checkpoint:
        checkpoint.runs()
    assert "--overwrite" in error.value.hint


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.mkdir()
    refused(path)


def test_what_a_kill_left_empty_is_begun_anew(path: Path) -> None:
    path.touch()
    create(path)
    with Checkpoint(path) as checkpoint:
        assert len(checkpoint.runs()) == 1


def test_a_write_ahead_log_that_another_tool_has_switched_on_is_switched_off(path: Path) -> None:
    create(path)
    change(path, "PRAGMA journal_mode = WAL")
    with Checkpoint(path) as checkpoint, checkpoint.query() as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_disk_that_lacks_what_is_not_needed_is_good_enough(path: Path) -> None:
    disk = odd_disk("dirsync", "chmod", "flock")
    subprocess.run([sys.executable, "-c", BEGIN, path], check=True, env=disk)
    with Checkpoint(path) as checkpoint:
        assert checkpoint.runs()[0].exit_code == 0


def test_a_disk_without_room_for_a_checkpoint_gets_none(path: Path) -> None:
    full = path.with_name("full")
    full.touch()
    if can_be_odd():
        disk = odd_disk("full", full=full)
        done = subprocess.run(
            [sys.executable, "-c", BEGIN, path], env=disk, capture_output=True, text=True, check=False
        )
        assert f"{path} can't be written: the disk is full" in done.stderr
        assert list(path.parent.iterdir()) == [full]


def test_a_commit_is_synced_with_its_folder_if_that_can_be(path: Path) -> None:
    create(path)
    with Checkpoint(path) as checkpoint, checkpoint.query() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (3 if os.name == "posix" else 2,)


def test_a_database_is_known_by_its_content(tmp_path: Path) -> None:
    create(tmp_path / "a")
    change(tmp_path / "b", "CREATE TABLE notes (text)")
    (tmp_path / "c").write_text("1,2\n")
    (tmp_path / "d").touch()
    assert [is_database(tmp_path / name) for name in "abcde"] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_CANTOPEN, "Let this user write"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "Let this user write"),
        (sqlite3.SQLITE_IOERR_FSYNC, "--checkpoint"),
        (sqlite3.SQLITE_BUSY, "--checkpoint"),
    ],
)
def test_what_to_do_depends_on_what_the_folder_forbids(code: int, words: str) -> None:
    error = sqlite3.OperationalError("trouble")
    error.sqlite_errorcode = code
    assert words in advice(error)
