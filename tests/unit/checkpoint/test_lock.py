"""One run per checkpoint, on every disk, and no lock that outlives its process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from loader.checkpoint import Checkpoint, CheckpointLock, LoadFiles, find_checkpoint, refuse_files
from loader.errors import CheckpointError
from tests.support.odd_disk import can_be_odd, odd_disk

HOLD = (
    "import sys; from pathlib import Path; from loader.checkpoint import CheckpointLock\n"
    "with CheckpointLock(Path(sys.argv[1]), 'load'): print('held', flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "pairs.checkpoint.db"


def start(checkpoint: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(checkpoint)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )


def hold(checkpoint: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    process = start(checkpoint, env)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def refused(checkpoint: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as error, CheckpointLock(checkpoint, "verify"):
        pass
    return error.value


def test_a_second_run_is_refused_and_told_which_process_and_host_it_waits_for(checkpoint: Path) -> None:
    with hold(checkpoint) as first:
        error = refused(checkpoint)
        first.kill()
        first.wait()
    assert f"in use by `load`, process {first.pid} on {socket.gethostname()}" in str(error)
    assert list(checkpoint.parent.iterdir())  # the file stays, and holds up no run
    with CheckpointLock(checkpoint, "verify"):
        pass
    assert not list(checkpoint.parent.iterdir())


def test_two_runs_in_one_process_conflict_too(checkpoint: Path) -> None:
    with CheckpointLock(checkpoint, "load"):
        assert f"process {os.getpid()}" in str(refused(checkpoint))


def test_two_names_of_one_checkpoint_are_one_lock(checkpoint: Path) -> None:
    checkpoint.touch()
    link = checkpoint.parent / "link"
    link.symlink_to(checkpoint)
    with CheckpointLock(link, "load"):
        assert "in use by `load`" in str(refused(checkpoint))


def test_of_two_that_start_together_one_gets_it(checkpoint: Path) -> None:
    processes = [start(checkpoint) for _ in range(2)]
    assert all(process.stdout for process in processes)
    held = [process for process in processes if process.stdout and process.stdout.readline() == "held\n"]
    assert len(held) == 1
    for process in processes:
        process.communicate()


def test_nothing_else_in_the_process_lets_the_lock_go(checkpoint: Path) -> None:
    files = LoadFiles.of(checkpoint.with_name("pairs.csv"), None, None)
    with CheckpointLock(checkpoint, "load"):
        with Checkpoint(checkpoint, may_create=True) as opened:
            opened.begin_run("load", files=files)
        refuse_files(files, overwrite=False)
        find_checkpoint(checkpoint.with_name("pairs.csv"))
        with start(checkpoint) as second:
            _, message = second.communicate()
    assert f"process {os.getpid()}" in message


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"there is no folder {tmp_path / 'none'}" in str(refused(tmp_path / "none" / "x.checkpoint.db"))


def test_a_folder_where_no_file_can_be_made_gets_an_advice() -> None:
    with pytest.raises(CheckpointError, match="no file can be opened or created there") as error:
        CheckpointLock(Path("/proc/pairs.checkpoint.db"), "load").__enter__()
    assert "--checkpoint PATH" in error.value.hint
    assert "a folder on a local disk" in refused(Path("/proc/pairs.checkpoint.db")).hint


def test_a_file_in_the_locks_place_is_left_alone(checkpoint: Path) -> None:
    lock = CheckpointLock(checkpoint, "load").path
    lock.write_text("someone's notes, long enough to be more than the beginning of a database\n" * 10)
    error = refused(checkpoint)
    assert str(lock) in str(error)
    assert lock.read_text().startswith("someone's notes")


def test_without_flock_it_works_the_same(checkpoint: Path) -> None:
    CheckpointLock(checkpoint, "load").path.touch()  # as a kill may leave it
    with hold(checkpoint, odd_disk("flock", "dirsync", "chmod")) as first:
        assert f"process {first.pid}" in str(refused(checkpoint))
        first.communicate()
    assert first.returncode == 0


def test_a_disk_that_can_not_lock_is_not_called_in_use(checkpoint: Path) -> None:
    with start(checkpoint, odd_disk("locks")) as process:
        _, message = process.communicate()
    if can_be_odd():
        assert "can't lock files" in message
        assert "in use" not in message
        assert not list(checkpoint.parent.iterdir())


def test_a_full_disk_is_called_full_and_nothing_stays(checkpoint: Path, tmp_path_factory: Any) -> None:
    full = tmp_path_factory.mktemp("full") / "full"
    full.touch()
    with start(checkpoint, odd_disk("full", full=full)) as process:
        _, message = process.communicate()
    if can_be_odd():
        assert "the disk is full" in message
        assert not list(checkpoint.parent.iterdir())


def test_a_lock_on_a_file_that_was_just_deleted_does_not_count(checkpoint: Path) -> None:
    lock = CheckpointLock(checkpoint, "load")
    with closing(lock._claim()):
        assert lock._is_at_its_path()
        lock.path.unlink()  # as the run does that had it until then
        assert not lock._is_at_its_path()
