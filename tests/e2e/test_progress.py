"""What a person reads while a load goes on: on a terminal in place, elsewhere in plain lines."""

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


def watch(*command: str | Path, until: str) -> list[str]:
    """The lines that a terminal of 80 columns has shown when Ctrl-C has followed `until`."""
    with Terminal(*command, output=True) as terminal:
        terminal.wait_for(until)
        terminal.press(CTRL_C)
        ended = terminal.end()
    assert ended.code == 130, ended.text
    return [line.rstrip() for line in re.split("[\r\n]+", ended.err)]


def test_the_display_fits_a_small_terminal_and_says_how_far_how_fast_and_until_when(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 10**6) for n in range(1, 12_001)])
    lines = watch("load", file, "--base-url", simulator.url, *TYPES, until=" to go (until ")
    assert any(re.fullmatch(r"  [0-9,]+ of 12,000 pairs \([0-9.]+%\), [0-9,]+ left", line) for line in lines)
    speed = re.compile(r"  [0-9.]+ pairs/s, [0-9]+ s so far, .* to go \(until [0-9:]{5}\)")
    assert any(speed.fullmatch(line) for line in lines)
    assert any(re.fullmatch(r"  at most (18[0-9]|190) requests per 10 s", line) for line in lines)
    assert all(len(line) <= 80 for line in lines if "pairs/s" in line or "of 12,000" in line)
    stopping = re.compile(
        r"Stopping: (waiting for [0-9]+ requests?|nothing is in flight)\. Interrupt again.*"
    )
    end = next(place for place, line in enumerate(lines) if stopping.fullmatch(line))
    assert any(line.startswith("Interrupted: ") for line in lines[end:])
    assert lines[-3] == "To go on from here:"


@pytest.mark.parametrize(
    ("option", "value", "forecast", "said"),
    [
        ("--rate", "50/10", "300 requests at 5.0/s: 60 s", "at most 50 of 190 requests per 10 s (--rate)"),
        (
            "--reserve",
            "50",
            "300 requests at 9.5/s: 32 s",
            "at most 95 of 190 requests per 10 s (--reserve 50)",
        ),
    ],
)
def test_an_upper_bound_and_a_reserve_are_told_as_the_reason(
    simulator: Serving[Simulator], tmp_path: Path, option: str, value: str, forecast: str, said: str
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 301)])
    lines = watch("load", file, "--base-url", simulator.url, *TYPES, option, value, until=f"({option}")
    assert {forecast, f"  {said}"} <= set(lines)


def test_a_load_that_others_slow_down_says_so_and_tells_runs_apart(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 301)])
    command = ("load", file, "--base-url", simulator.url, *TYPES)
    watch(*command, until=", 1 s so far")
    for _ in range(60):  # another integration with the same token
        asked = Request(f"{simulator.url}/account-info/2025-09/details")
        asked.add_header("Authorization", f"Bearer {TOKEN}")
        urlopen(asked, timeout=5).close()
    lines = watch(*command, until="others use")
    others = re.compile(r"  at most [0-9]+ of 190 requests per 10 s \(others use [0-9]+\)")
    assert any(others.fullmatch(line) for line in lines)
    assert any(re.fullmatch(r"  in all [0-9]+ of 300 pairs", line) for line in lines)
