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


@pytest.mark.parametrize(
    ("form", "named", "most"),
    [("207", False, 24), ("200", True, 24), ("400", True, 500), ("400", False, 500)],
)
def test_the_bad_pairs_are_found_at_a_bounded_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Form, named: bool, most: int
) -> None:
    rows = 2_000
    bad = set(random.Random(6).sample(range(rows), rows // 100))
    state = SimulatorState()
    for i in bad:
        state.remove_record("contacts", str(10**9 + i))
    file = write_pairs(tmp_path / "pairs.csv", [(10**9 + i, 2 * 10**9 + i) for i in range(rows)])
    settings = SimulatorSettings(rate_limit=0, batch_failure=form, name_bad_pairs=named)
    result = batch_load(file, settings, state, monkeypatch)
    assert result.exit_code == 1
    assert result.finished
    assert result.run.requests <= most
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
    # 640 KB: a chunk is half a megabyte.
    file = write_pairs(tmp_path / "pairs.csv", [(10**18 + i, 2 * 10**18 + i) for i in range(16_000)])
    assert load(simulator.url, file, *FAST, "--method", "batch").code == 0
    assert simulator.ask(lambda server: server.state.calls["batch associate"]) == 8
    rows = rows_of(report_of(file))
    assert [int(row["row"]) for row in rows] == list(range(1, 16_001))
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
        "9000604000001",  # half a body
        "9000607000001",  # a body of 50 MB
        "9000413000001",  # too large a request
    ],
)
def test_a_fault_of_the_whole_batch_loses_no_pair(
    simulator: Serving[Simulator], tmp_path: Path, fault: str
) -> None:
    simulator.ask(lambda server: server.state.fail(fault, path_prefix=BATCH, times=1))
    file = write_pairs(tmp_path / "pairs.csv", [(100 + i, 900 + i) for i in range(60)])
    ended = load(simulator.url, file, *FAST, "--method", "batch")
    assert ended.code == 0, ended.err
    assert [row["status"] for row in rows_of(report_of(file))] == ["associated"] * 60
    assert simulator.ask(lambda server: len(server.state.associations)) == 120


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
    file = write_pairs(tmp_path / "pairs.csv", [(1000 + i, 5000 + i) for i in range(2000)])
    settings = SimulatorSettings(rate_limit=0, batch_failure="400")
    result = batch_load(file, settings, state, monkeypatch, workers=4)
    assert result.stopped is not None
    assert result.stopped.reason == "too_many_failures"
    assert sum(state.calls.values()) < 400


def test_many_unnamed_bad_pairs_among_good_ones_do_not_stop_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SimulatorState()
    for i in range(0, 1500, 10):
        state.remove_record("contacts", str(1000 + i))
    file = write_pairs(tmp_path / "pairs.csv", [(1000 + i, 50_000 + i) for i in range(1500)])
    settings = SimulatorSettings(rate_limit=0, name_bad_pairs=False)
    result = batch_load(file, settings, state, monkeypatch)
    assert result.finished
    assert result.counts[Status.FAILED] == 150


def test_a_server_that_counts_batch_calls_rejects_none(tmp_path: Path) -> None:
    # No request takes pairs of different types, so these are nine batches.
    rows = [(n, n + 50, f"2-{n % 9}") for n in range(1, 19)]
    file = write_pairs(tmp_path / "pairs.csv", rows, ["to_object_type"])
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=5, interval=0.5))) as serving:
        finished = load(serving.url, file, "--method", "batch")
        assert finished.code == 0, finished.err
        assert serving.ask(lambda server: server.state.calls["batch associate"]) == 9
        limits = serving.ask(lambda server: server.state.limits)
    assert limits.rejected == 0
    assert 4 <= limits.peak <= 5
