"""An outage in the middle of a load, and pairs that get no answer while others do."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from pathlib import Path

import orjson
import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import (
    TYPES,
    Serving,
    end,
    load,
    report_of,
    rows_of,
    start,
    wait_until,
    write_pairs,
)
from tests.support.wire import Seen, Wire, http

FAST = ("--rate", "1000000/1", "--max-attempts", "2")
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
    file, state = pairs(tmp_path, 700), SimulatorState(100_000)
    with simulator(port, state):
        process = start("load", file, "--base-url", f"http://127.0.0.1:{port}", *TYPES, "--workers", "30")
        wait_until(lambda: state.calls["associate"] > 100)
    asked = state.calls["associate"]
    time.sleep(1)
    assert process.poll() is None
    with simulator(port, state):
        assert end(process).code == 0
    all_associated(report_of(file), 700)
    assert state.calls["associate"] - 700 <= 30, "more were sent twice than were in flight"
    assert asked < 700


def test_away_for_too_long(port: int, tmp_path: Path) -> None:
    file, state = pairs(tmp_path, 700), SimulatorState(100_000)
    url = f"http://127.0.0.1:{port}"
    with simulator(port, state):
        process = start("load", file, "--base-url", url, *TYPES, "--workers", "30", "--outage-timeout", "2")
        wait_until(lambda: state.calls["associate"] > 100)
    stopped = end(process, 20)
    assert stopped.code == 3
    assert "no answer for 2 s" in stopped.err
    assert f"127.0.0.1:{port}" in stopped.err
    assert "The same command goes on from there" in stopped.err
    assert {line["status"] for line in rows_of(report_of(file))} == {"associated", "not_sent"}
    with simulator(port, state):
        assert load(url, file).code == 0
    all_associated(report_of(file), 700)


@pytest.mark.parametrize("options", [(), ("--method", "batch"), ("--workers", "1")])
def test_requests_that_hang_from_the_first_pair_on(tmp_path: Path, options: tuple[str, ...]) -> None:
    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if not sum("account-info" not in one.path for one in wire.server.seen):
            writer.write(http(404, b"{}"))
        else:
            await asyncio.sleep(60)

    file = pairs(tmp_path, 500)
    with Serving(lambda: Wire(script)) as wire:
        stopped = load(wire.url, file, "--timeout", "0.5", "--outage-timeout", "2", *options)
        asked = len(wire.server.seen)
    assert stopped.code == 3
    assert "no answer for" in stopped.err
    assert {line["status"] for line in rows_of(report_of(file))} == {"not_sent"}
    assert asked < 100 + 12, "an outage is probed with one request at a time"


def test_pairs_that_hang_while_others_are_answered(tmp_path: Path) -> None:
    hanging = [(f"90006000000{i:02}", "1") for i in range(12)]
    answered = [(str(100 + i), "1") for i in range(40)]
    file = write_pairs(tmp_path / "pairs.csv", hanging[:6] + answered + hanging[6:])
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0, latency=(0.05, 0.1)))) as serving:
        ended = load(serving.url, file, *FAST, "--timeout", "0.7", "--outage-timeout", "20", timeout=90)
    assert ended.code == 1, ended.err
    rows = rows_of(report_of(file))
    assert Counter(row["status"] for row in rows) == {"associated": 40, "gave_up": 12}
    assert {row["attempts"] for row in rows if row["status"] == "gave_up"} == {"2"}


def test_one_worker_gets_past_pairs_whose_connection_is_always_reset(tmp_path: Path) -> None:
    reset = [(f"90006020000{i:02}", "1") for i in range(5)]
    file = write_pairs(tmp_path / "pairs.csv", [*reset, ("7", "1"), ("8", "1")])
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        ended = load(serving.url, file, *FAST, "--workers", "1", "--outage-timeout", "30", timeout=90)
    assert ended.code == 1, ended.err
    rows = rows_of(report_of(file))
    assert Counter(row["status"] for row in rows) == {"associated": 2, "gave_up": 5}


def test_an_answer_to_an_earlier_request_ends_no_outage(tmp_path: Path) -> None:
    """Half of the pairs get no answer. The others' comes later, but was asked for before."""
    file = write_pairs(tmp_path / "pairs.csv", [(str(n), "7") for n in range(1, 13)])

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        ids = seen.path.split("/")
        if "account-info" in seen.path and not asked:
            writer.write(http(404, b"{}"))
        elif "associations" in ids and 7 <= int(ids[5]) <= 12 and seen.path not in asked:
            asked.add(seen.path)
            await asyncio.sleep(0.5)
            result = {
                "from": {"id": ids[5]},
                "to": {"id": ids[9]},
                "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279},
            }
            writer.write(http(200, orjson.dumps({"status": "COMPLETE", "results": [result]})))
        else:
            asked.add("silence")
            writer.close()

    asked: set[str] = set()
    with Serving(lambda: Wire(script)) as wire:
        ended = load(wire.url, file, *FAST, "--workers", "12", "--outage-timeout", "2")
    assert ended.code == 3, ended.err
    statuses = Counter(row["status"] for row in rows_of(report_of(file)))
    assert statuses == {"associated": 6, "not_sent": 6}
