"""An outage in the middle of a load: the command waits for its end, and not for ever."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import (
    TYPES,
    Serving,
    end,
    load,
    report_of,
    rows_of,
    start_warm,
    wait_until,
    write_pairs,
)

SLOW = SimulatorSettings(rate_limit=1_000_000, daily_limit=None, latency=(0.05, 0.1))


@pytest.fixture
def port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def simulator(port: int, state: SimulatorState) -> Serving[Simulator]:
    return Serving(lambda: Simulator(SLOW, port=port, state=state))


def pairs(folder: Path, rows: int) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(1, rows + 1)))


def all_associated(report: Path, rows: int) -> None:
    lines = rows_of(report)
    assert [line["row"] for line in lines] == [str(n) for n in range(1, rows + 1)]
    assert {line["status"] for line in lines} == {"associated"}
    # A pair whose connection broke while others were still answered has had one attempt of its own.
    assert {line["attempts"] for line in lines} <= {"1", "2"}


def test_away_and_back_again(port: int, tmp_path: Path) -> None:
    file, state = pairs(tmp_path, 300), SimulatorState(100_000)
    with simulator(port, state):
        process = start_warm(
            "load", file, "--base-url", f"http://127.0.0.1:{port}", *TYPES, "--workers", "30"
        )
        wait_until(lambda: state.calls["associate"] > 40)
    asked = state.calls["associate"]
    time.sleep(0.2)
    assert process.poll() is None
    with simulator(port, state):
        ended = end(process)
    assert ended.code == 0, ended.err
    all_associated(report_of(file), 300)
    assert state.calls["associate"] - 300 <= 30, "more were sent twice than were in flight"
    assert asked < 300


def test_away_for_too_long(port: int, tmp_path: Path) -> None:
    file, state = pairs(tmp_path, 300), SimulatorState(100_000)
    url = f"http://127.0.0.1:{port}"
    with simulator(port, state):
        process = start_warm(
            "load", file, "--base-url", url, *TYPES, "--workers", "30", "--outage-timeout", "1"
        )
        wait_until(lambda: state.calls["associate"] > 40)
    stopped = end(process)
    assert stopped.code == 3
    assert "no answer for 1 s: " in stopped.err
    assert "127.0.0.1" in stopped.err  # it broke the connection, or there was none to be had
    assert "Run the same command again to resume" in stopped.err
    assert {line["status"] for line in rows_of(report_of(file))} == {"associated", "not_sent"}
    with simulator(port, state):
        assert load(url, file).code == 0
    all_associated(report_of(file), 300)
