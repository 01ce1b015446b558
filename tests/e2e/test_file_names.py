"""File names that a terminal would obey or can't show: said on one line, and copied commands stay true."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TYPES, Finished, Serving, run, write_pairs

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="Windows has no such file names"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell that knows $'...'"),
]

NAMES = [
    b"two\nlines.csv",
    b"no text \xff\xe9.csv",
    b"it's \\ \x1b[31m\tr\xc3\xa9d\x7f $HOME!.csv",
]


@pytest.fixture(params=NAMES, ids=["a line feed", "not UTF-8", "controls and quotes"])
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / os.fsdecode(request.param)
    try:
        return write_pairs(path, [(1, 2), (3, 4), ("x", 6), (9000404000001, 8)])
    except OSError:
        pytest.skip("this file system has no such names")


def words_of(line: str) -> list[str]:
    """The words that a shell makes of a copied line."""
    assert line.isprintable()
    shown = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    return [os.fsdecode(word) for word in shown.split(b"\0")[:-1]]


def commands_of(ended: Finished) -> list[list[str]]:
    """The words of every command that was printed."""
    return [words_of(line) for line in ended.out.splitlines() if line.startswith("  assoc-loader ")]


def test_the_command_that_goes_on(file: Path) -> None:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=1_000_000, daily_limit=2))) as simulator:
        stopped = run("load", file, "--base-url", simulator.url, *TYPES, "--skip-existing")
    assert stopped.code == 3
    same = [*TYPES, "--skip-existing", "--base-url", simulator.url]
    assert commands_of(stopped) == [["assoc-loader", "load", str(file), *same]]


def test_the_commands_that_follow(file: Path) -> None:
    report = str(file.with_suffix(".report.csv"))
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=1_000_000))) as simulator:
        loaded = run("load", file, "--base-url", simulator.url, *TYPES, "--skip-existing")
        assert loaded.code == 1
        page = str(file.with_suffix(".html"))
        told = run("summary", report, "--html", page)
        verified = run("verify", report, "--base-url", simulator.url)
        undone = run("undo", report, "--base-url", simulator.url, "--yes")
        assert (verified.code, undone.code) == (1, 0)  # a failed and an invalid row, and nothing left to undo
    same = [*TYPES, "--skip-existing", "--base-url", simulator.url]
    assert commands_of(loaded) == [["assoc-loader", "load", str(file), *same]]
    for ended in (loaded, told, verified, undone):
        assert [line for line in ended.text.splitlines() if not line.isprintable()] == []
        assert b"\xff" not in ended.text.encode(errors="surrogateescape")
    assert os.path.exists(page)
    command = json.loads(run("summary", report, "--json").out)["next_command"]
    assert words_of(command)[2] in (str(file), report)
