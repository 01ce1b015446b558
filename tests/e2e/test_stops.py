"""A stop is a stop: nothing new is sent, in-flight requests are awaited, and nothing holds the end up."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import PATIENCE, TYPES, Serving, end, load, start_warm, write_pairs

UNLIMITED = SimulatorSettings(rate_limit=1_000_000, daily_limit=None)
SLOW = replace(UNLIMITED, latency=(0.3, 0.4))


def serving(settings: SimulatorSettings = SLOW) -> Serving[Simulator]:
    return Serving(lambda: Simulator(settings, state=SimulatorState(100_000)))


def pairs(folder: Path, rows: int) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(1, rows + 1)))


def test_nothing_new_after_an_answer_that_stops_the_run(tmp_path: Path) -> None:
    """A hundred workers wait for their permits, and none of them sends."""
    fault = "9000401000000"
    with serving() as hubspot:
        file = write_pairs(tmp_path / "pairs.csv", [(1, 7), (fault, 7), *((n, 7) for n in range(2, 100))])
        stopped = load(hubspot.url, file, "--rate", "20/1")
        assert stopped.code == 3, stopped.err
        assert "access token" in stopped.err
        requests = hubspot.ask(lambda simulator: list(simulator.state.requests))
    refused = next(request.at for request in requests if fault in request.path)
    late = [request for request in requests if request.at > refused + 0.4 + 2.0]  # a busy machine
    assert not late


# A thread that hangs in a read.


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Path, threading.Event]]:
    """An input whose first rows come, and then nothing for ever; and whether it is read."""
    path = tmp_path / "pairs.csv"
    os.mkfifo(path)
    begun, ended = threading.Event(), threading.Event()

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            file.write(b"from_object_id,to_object_id\n1,2\n")
            begun.set()
            ended.wait(60)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    yield path, begun
    ended.set()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes with a name")
@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c_while_the_input_hangs(
    tmp_path: Path, pipe: tuple[Path, threading.Event], signals: int
) -> None:
    path, begun = pipe
    process = start_warm("load", path, "--simulate", *TYPES, "--report", tmp_path / "report.csv")
    assert begun.wait(PATIENCE)
    time.sleep(0.3)
    assert process.poll() is None
    began = time.monotonic()
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    ended = end(process, 20)
    assert ended.code == 130
    assert time.monotonic() - began < 5
