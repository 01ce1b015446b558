"""The board of a load on a terminal, from outside: what a person reads while it goes, at the usual width."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TOKEN, TYPES, Serving, write_pairs
from tests.support.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def simulator() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=190))) as serving:
        yield serving


def watch(*command: str | Path, columns: int, until: str) -> str:
    """Run a command on a terminal of so many columns, and press Ctrl-C when it has shown `until`."""
    with Terminal(*command, columns=columns) as terminal:
        terminal.wait_for(until)
        terminal.press(CTRL_C)
        ended = terminal.end()
    assert ended.code == 130, ended.text
    return ended.err


def test_the_board_fits_the_usual_terminal_and_says_the_rate_against_the_limit(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 10**6) for n in range(1, 120_001)])
    screen = watch("load", file, "--base-url", simulator.url, *TYPES, columns=80, until=" min to go")
    lines = [line.strip("\r") for line in re.split("[\r\n]+", screen)]
    bars = [line for line in lines if "of 120,000 rows (" in line]
    assert bars
    assert all(len(line) <= 80 and line.endswith((" to go", "time to go unknown")) for line in bars), bars
    assert any(re.fullmatch(r"  [0-9.]+ rows/s, at most 190 requests per 10 s *", line) for line in lines)


def test_an_upper_bound_is_what_the_forecast_and_the_board_go_by(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 301)])
    arguments = ("--base-url", simulator.url, *TYPES, "--rate", "50/10")
    screen = watch("load", file, *arguments, columns=80, until="rows/s, at most")
    assert "About 300 requests at 5.0/s: 60 s" in screen
    assert "rows/s, at most 50 of 190 requests per 10 s (--rate)" in screen


def test_a_slowed_load_says_why(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 301)])
    command = ("load", file, "--base-url", simulator.url, *TYPES)
    screen = watch(*command, "--reserve", "50", columns=80, until="--reserve")
    assert "rows/s, at most 95 of 190 requests per 10 s (--reserve 50)" in screen
    for _ in range(60):  # another integration with the same token
        asked = Request(f"{simulator.url}/account-info/2025-09/details")
        asked.add_header("Authorization", f"Bearer {TOKEN}")
        urlopen(asked, timeout=5).close()
    screen = watch(*command, columns=80, until="others use")
    assert re.search(r"rows/s, at most [0-9]+ of 190 requests per 10 s \(others use [0-9]+\)", screen)
