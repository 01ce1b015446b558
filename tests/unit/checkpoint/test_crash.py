"""After a kill or a full disk nothing that the checkpoint says is untrue, and nothing it had is lost."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from random import Random

from loader.checkpoint import Checkpoint
from loader.checkpoint.reading import Selection, StoredPair, select_stored
from tests.support.checkpoint_writer import existed_before, pair, status
from tests.support.odd_disk import can_be_odd, odd_disk


def start(
    path: Path,
    patience: float = 30,
    env: Mapping[str, str] | None = None,
    limit: Callable[[], None] | None = None,
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.checkpoint_writer", str(path), str(patience)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        preexec_fn=limit,
    )


def lines_until(process: subprocess.Popen[str], word: str, times: int = 1) -> list[str]:
    """What the process says, up to the line that begins with this word for the so many-th time."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        times -= line.startswith(word)
        if not times:
            return lines
    raise AssertionError(f"it ended without saying {word}: {lines}")


def rest(process: subprocess.Popen[str]) -> list[str]:
    """What it says until it ends, when it is told to."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    return process.stdout.read().splitlines()


class Truth:
    """What is known of the pairs, from what the processes have said."""

    def __init__(self) -> None:
        self.recorded: set[int] = set()
        self.sent: list[int] = []
        self.committed: set[int] = set()

    def hear(self, lines: list[str]) -> None:
        """One process from its beginning to its end."""
        sent: list[int] = []
        for word, *numbers in map(str.split, lines):
            if word in ("recorded", "sent"):
                these = range(int(numbers[0]), int(numbers[1]) + 1)
                (self.recorded.update if word == "recorded" else sent.extend)(these)
            elif word == "committed":
                self.committed.update(sent[: int(numbers[0])])
        self.sent += sent

    def check(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with Checkpoint(path) as checkpoint:
            stored = {one.id: one for some in select_stored(checkpoint, Selection()) for one in some}
        assert self.recorded <= stored.keys()
        settled = {one for one, found in stored.items() if found.status is not None}
        assert self.committed <= settled <= set(self.sent)
        for one in stored.values():
            assert_true(one)


def assert_true(stored: StoredPair) -> None:
    assert stored[1:5] == pair(stored.id)[1:5]
    assert stored.status in (None, status(stored.id))
    assert stored.existed_before == existed_before((stored.id - 1) // 20 * 20 + 1)


def test_kills_at_any_moment_leave_the_truth(tmp_path: Path) -> None:
    path, truth, random = tmp_path / "a.checkpoint.db", Truth(), Random(16)
    for _ in range(2):
        with start(path) as process:
            lines = lines_until(process, "recorded", random.randrange(1, 4))
            process.kill()
            truth.hear(lines + rest(process))
        truth.check(path)
    with Checkpoint(path) as checkpoint:
        assert [run.ended_at for run in checkpoint.runs()] == [None] * 2


def test_a_full_disk_pauses_the_run_until_there_is_room(tmp_path: Path) -> None:
    path, full, truth = tmp_path / "a.checkpoint.db", tmp_path / "full", Truth()
    with start(path, env=odd_disk("full", full=full)) as process:
        lines = lines_until(process, "sent")
        full.touch()
        if can_be_odd():
            lines += lines_until(process, "trouble")
            assert lines[-1] == "trouble the disk is full"
        full.unlink()
        lines += lines_until(process, "recorded", 2)
        truth.hear(lines + rest(process))
    assert process.returncode == 0
    assert len(truth.committed) == len(truth.sent)
    truth.check(path)


def test_a_disk_that_stays_full_stops_the_run_and_the_next_one_goes_on(tmp_path: Path) -> None:
    path, truth = tmp_path / "a.checkpoint.db", Truth()
    with start(
        path, 0.2, limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
    ) as process:
        lines = lines_until(process, "stopped")
        truth.hear(lines + rest(process))
    assert "stopped checkpoint_unwritable" in lines
    truth.check(path)
    with start(path) as process:
        lines = lines_until(process, "recorded", 2)
        truth.hear(lines + rest(process))
    assert process.returncode == 0
    truth.check(path)
