"""The warm starts of the tests: a forked command does what one in a process of its own does."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.command import TYPES, end, environment, run, start, write_pairs
from tests.support.warm import Warm, warm

pytestmark = pytest.mark.skipif(warm() is None, reason="no warm starts on this platform, or not wanted")


@pytest.fixture
def waiting() -> Warm:
    found = warm()
    assert found is not None
    return found


@pytest.mark.parametrize(
    "words",
    [
        ["check", "pairs.csv", *TYPES],
        ["load", "pairs.csv", "--nonsense"],
    ],
)
def test_it_ends_as_a_cold_start_does(tmp_path: Path, waiting: Warm, words: list[str]) -> None:
    write_pairs(tmp_path / "pairs.csv", [(1, 2), (1, 2), ("1.5E+9", 3), (0, 4)])
    assert waiting.serves(environment())
    assert run(*words, cwd=tmp_path) == end(start(*words, cwd=tmp_path))


def test_what_python_reads_early_takes_a_cold_start(waiting: Warm) -> None:
    assert waiting.serves(environment({"HUBSPOT_ACCESS_TOKEN": "", "ASSOC_LOADER_LOAD_WORKERS": "3"}))
    assert not waiting.serves(environment({"PYTHONWARNINGS": "error"}))
    assert not waiting.serves({k: v for k, v in environment().items() if k != "PATH"})


def test_a_command_that_does_not_end_is_killed(tmp_path: Path, waiting: Warm) -> None:
    process = waiting.start(["simulator", "--port", "0"], environment(), tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        end(process, 0.2)
    assert process.returncode == -signal.SIGKILL
    version = waiting.start(["--version"], environment(), tmp_path)
    assert "assoc-loader" in version.communicate(timeout=20)[0]
    assert version.returncode == 0
