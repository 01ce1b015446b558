"""`--method batch`: an outcome for each pair, whatever becomes of the request for many."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from loader.commands.load import run_load
from loader.commands.result import RunResult
from loader.model import Status
from loader.settings import LoadSettings
from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import Serving, load, report_of, rows_of, write_pairs

FAST = ("--rate", "1000000/1")
BATCH = "/crm/associations/2025-09/contacts/companies/batch/associate/default"
Form = Literal["207", "200", "400"]


@pytest.fixture
def simulator() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        yield serving


def batch_load(
    file: Path,
    settings: SimulatorSettings,
    state: SimulatorState,
    monkeypatch: pytest.MonkeyPatch,
    **more: Any,
) -> RunResult:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-batch")

    async def main() -> RunResult:
        async with Simulator(settings, state=state) as simulator:
            options: dict[str, Any] = {"rate": "1000000/1", "method": "batch", "from_type": "contacts"}
            options |= {"to_type": "companies", "base_url": simulator.url} | more
            return await run_load(LoadSettings(input=str(file), **options))

    return asyncio.run(main())


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize(("form", "per_hundred_thousand"), [("207", 1200), ("200", 1200), ("400", 25_000)])
def test_the_bad_pairs_are_found_at_a_bounded_price(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: Form,
    per_hundred_thousand: int,
    named: bool,
) -> None:
    rows = 10_000
    bad = set(random.Random(6).sample(range(rows), rows // 100))
    state = SimulatorState()
    for i in bad:
        state.remove_record("contacts", str(10**9 + i))
    file = write_pairs(tmp_path / "pairs.csv", [(10**9 + i, 2 * 10**9 + i) for i in range(rows)])
    settings = SimulatorSettings(rate_limit=0, batch_failure=form, name_bad_pairs=named)
    result = batch_load(file, settings, state, monkeypatch)
    assert result.exit_code == 1
    assert result.finished
    assert result.run.requests <= per_hundred_thousand * rows // 100_000
    assert result.run.requests == sum(state.calls.values())
    for row in rows_of(report_of(file)):
        expected = "failed" if int(row["row"]) - 1 in bad else "associated"
        assert row["status"] == expected, row
        if expected == "failed":
            assert row["error_category"] == "VALIDATION_ERROR"
            assert "not valid" in row["error_details"]
        else:
            assert row["association_types"] == "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"
    assert len(state.associations) == 2 * (rows - len(bad))


def test_batches_are_filled_across_chunks_of_the_input(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(10**12 + i, 2 * 10**12 + i) for i in range(100_000)])
    assert load(simulator.url, file, *FAST, "--method", "batch").code == 0
    assert simulator.ask(lambda server: server.state.calls["batch associate"]) == 50
    rows = rows_of(report_of(file))
    assert [int(row["row"]) for row in rows] == list(range(1, 100_001))
    assert {(row["status"], row["http_status"], row["attempts"]) for row in rows} == {
        ("associated", "200", "1")
    }


def test_a_single_pair_goes_by_put(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST, "--method", "batch").code == 0
    calls = simulator.ask(lambda server: server.state.calls)
    assert (calls["associate"], calls["batch associate"]) == (1, 0)


@pytest.mark.parametrize(
    "fault",
    [
        "9000500000001",  # a server error
        "9000602000001",  # a reset
        "9000604000001",  # half a body
        "9000605000001",  # half a chunk
        "9000607000001",  # a body of 50 MB
        "9000611000001",  # results that name another pair
        "9000200100001",  # empty results
        "9000200300001",  # PENDING
        "9000200700001",  # []
        "9000200800001",  # an HTML page
        "9000429002001",  # too many requests
        "9000413000001",  # too large a request
    ],
)
def test_a_fault_of_the_whole_batch_loses_no_pair(
    simulator: Serving[Simulator], tmp_path: Path, fault: str
) -> None:
    simulator.ask(lambda server: server.state.fail(fault, path_prefix=BATCH, times=2))
    file = write_pairs(tmp_path / "pairs.csv", [(100 + i, 900 + i) for i in range(60)])
    ended = load(simulator.url, file, *FAST, "--method", "batch")
    assert ended.code == 0, ended.err
    assert [row["status"] for row in rows_of(report_of(file))] == ["associated"] * 60
    assert simulator.ask(lambda server: len(server.state.associations)) == 120


def test_pairs_that_spoil_every_batch_they_are_in(simulator: Serving[Simulator], tmp_path: Path) -> None:
    spoilers = ["9000500000001", "9000422000001", "9000200200001"]
    pairs = [(str(100 + i), str(900 + i)) for i in range(40)]
    pairs[7:7] = [(record, "1") for record in spoilers]
    file = write_pairs(tmp_path / "pairs.csv", pairs)
    ended = load(simulator.url, file, *FAST, "--method", "batch", "--max-attempts", "2", timeout=100)
    assert ended.code == 1
    by_id = {row["from_object_id"]: row["status"] for row in rows_of(report_of(file))}
    assert [by_id.pop(record) for record in spoilers] == ["gave_up", "failed", "failed"]
    assert set(by_id.values()) == {"associated"}


def test_missing_scopes_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(i, i + 50) for i in range(1, 20)])
    settings = SimulatorSettings(types_without_scope=frozenset({"companies"}))
    result = batch_load(file, settings, SimulatorState(), monkeypatch)
    assert result.exit_code == 3
    assert result.stopped is not None
    assert result.stopped.reason == "missing_scopes"
    assert not result.run.counts


def test_a_file_that_is_wholly_wrong_stops_after_a_few_hundred_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SimulatorState()
    state.keep_only("contacts", frozenset())
    file = write_pairs(tmp_path / "pairs.csv", [(1000 + i, 5000 + i) for i in range(4000)])
    settings = SimulatorSettings(rate_limit=0, batch_failure="400")
    result = batch_load(file, settings, state, monkeypatch, workers=4)
    assert result.stopped is not None
    assert result.stopped.reason == "too_many_failures"
    assert sum(state.calls.values()) < 400


def test_many_unnamed_bad_pairs_among_good_ones_do_not_stop_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SimulatorState()
    for i in range(0, 6000, 10):
        state.remove_record("contacts", str(1000 + i))
    file = write_pairs(tmp_path / "pairs.csv", [(1000 + i, 50_000 + i) for i in range(6000)])
    settings = SimulatorSettings(rate_limit=0, name_bad_pairs=False)
    result = batch_load(file, settings, state, monkeypatch)
    assert result.finished
    assert result.counts[Status.FAILED] == 600


def test_a_server_that_counts_batch_calls_rejects_none(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", ((n, n + 50_000) for n in range(1, 12_001)))
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=10, interval=1.0))) as serving:
        finished = load(serving.url, file, "--method", "batch", "--skip-existing")
        assert finished.code == 0, finished.err
        limits = serving.ask(lambda server: server.state.limits)
    assert limits.rejected == 0
    assert 9 <= limits.peak <= 10  # of 19 requests: 12 read 1,000 records each, 6 associate 2,000 pairs each


def test_the_rate_bounds_batch_calls_too(tmp_path: Path, simulator: Serving[Simulator]) -> None:
    file = write_pairs(tmp_path / "pairs.csv", ((n, n + 1) for n in range(1, 12_001)))
    finished = load(simulator.url, file, "--method", "batch", "--rate", "2/1")
    assert finished.code == 0, finished.err
    times = simulator.ask(lambda hubspot: [seen.at for seen in hubspot.state.requests])
    assert len(times) >= 6  # batches of 2,000
    assert min(later - at for at, later in zip(times, times[2:], strict=False)) >= 1.0


def test_a_bad_pair_in_every_batch_takes_no_other_pair_along(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    """Then every answer is a 500, until pairs are sent in smaller requests."""
    # No request takes pairs of different types, so these are 14 requests of a hundred pairs.
    rows = [(str(100 + n), str(7 + n), f"2-{1000 + n // 100}") for n in range(1400)]
    bad = range(35, 1400, 100)
    for nth, number in enumerate(bad):
        rows[number] = (f"9000500000{nth:03}", *rows[number][1:])
    file = write_pairs(tmp_path / "pairs.csv", rows, ["to_object_type"])
    ended = load(simulator.url, file, *FAST, "--max-attempts", "2", "--method", "batch", timeout=100)
    assert ended.code == 1
    statuses = [row["status"] for row in rows_of(report_of(file))]
    assert {number for number, status in enumerate(statuses) if status != "associated"} == set(bad)
    assert simulator.ask(lambda server: server.state.calls.total()) < 700, "they were sent one by one"
