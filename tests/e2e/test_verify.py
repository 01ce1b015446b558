"""`verify` from outside: what a report says against what stands."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import Ends, Simulator, SimulatorSettings
from loader.simulator.association_types import label_types
from tests.support.command import (
    TYPES,
    Finished,
    Serving,
    end,
    load,
    report_of,
    rows_of,
    run,
    start,
    write_pairs,
)

FAST = ("--rate", "1000000/1")
READ = "/crm/associations/2025-09/contacts/companies/batch/read"


@pytest.fixture
def simulator() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        yield serving


def verify(url: str, report: Path, *options: str) -> Finished:
    return run("verify", report, "--base-url", url, *options)


def verified_of(file: Path) -> Path:
    return file.with_name(f"{file.stem}.verified.csv")


def test_all_present(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(
        tmp_path / "pairs.csv", [(1000 + i, 2000 + i, f"a, {i}") for i in range(2500)], ["note"]
    )
    assert load(simulator.url, file, *FAST, "--method", "batch").code == 0
    ended = verify(simulator.url, report_of(file), "--json")
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)
    assert said["verified"] == {"present": 2500, "missing": 0, "unknown": 0}
    assert said["account_id"] == 62515
    assert simulator.ask(lambda server: server.state.calls["batch read"]) == 3  # 1,000 records each
    before, after = rows_of(report_of(file)), rows_of(verified_of(file))
    assert [{k: v for k, v in row.items() if not k.startswith("verified")} for row in after] == before
    assert {row["verified"] for row in after} == {"present"}
    assert all(row["verified_at"].endswith("Z") for row in after)


def test_what_is_missing_is_named_and_the_exit_code_says_so(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4), (5, 6), ("x", 6), (5, 6)])
    simulator.ask(lambda server: server.state.associate("contacts", "5", "companies", "6"))
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 1
    simulator.ask(lambda server: server.state.unlink(Ends("0-1", "3", "0-2", "4")))
    ended = verify(simulator.url, report_of(file))
    assert ended.code == 1
    assert "Verified: 2 of 3 associated pairs found in HubSpot, 1 missing · account 62515" in ended.out
    rows = rows_of(verified_of(file))
    assert [row["status"] for row in rows] == ["associated", "associated", "existing", "invalid", "duplicate"]
    assert [row["verified"] for row in rows] == ["present", "missing", "present", "", ""]


def test_a_label_alone_is_not_the_default_association(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST).code == 0

    def relabel(server: Simulator) -> None:
        server.state.unlink(Ends("0-1", "1", "0-2", "2"))
        server.state.link(Ends("0-1", "1", "0-2", "2"), label_types("0-1", "0-2", "Budget"))

    simulator.ask(relabel)
    assert verify(simulator.url, report_of(file)).code == 1


@pytest.mark.parametrize("fault", ["9000502000001", "9000602000001", "9000604000001", "9000200800001"])
def test_passing_faults_are_no_missing_rows(
    simulator: Serving[Simulator], tmp_path: Path, fault: str
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    assert load(simulator.url, file, *FAST).code == 0
    simulator.ask(lambda server: server.state.fail(fault, path_prefix=READ, times=2))
    ended = verify(simulator.url, report_of(file), "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["verified"]["present"] == 2


def test_what_nobody_answers_is_neither_present_nor_missing(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST).code == 0
    simulator.ask(lambda server: server.state.fail("9000502000001", path_prefix=READ, times=0))
    ended = verify(simulator.url, report_of(file), "--max-attempts", "1", "--json")
    assert ended.code == 1
    said = json.loads(ended.out)
    assert said["verified"] == {"present": 0, "missing": 0, "unknown": 1}
    assert [row["verified"] for row in rows_of(verified_of(file))] == ["unknown"]


def test_where_it_stops_an_earlier_finding_stays_whole(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST).code == 0
    assert verify(simulator.url, report_of(file)).code == 0
    before = verified_of(file).read_bytes()
    simulator.ask(lambda server: server.state.fail("9000403300001", path_prefix=READ, times=0))
    ended = verify(simulator.url, report_of(file))
    assert ended.code == 3
    assert "scope" in ended.err
    assert verified_of(file).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "pairs.csv",
        "pairs.report.csv",
        "pairs.verified.csv",
    ]


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    ended = verify("http://127.0.0.1:9", file)
    assert ended.code == 2
    assert "is not a report" in ended.err
    assert verify("http://127.0.0.1:9", tmp_path / "none.csv").code == 2


def test_a_report_that_a_load_is_writing_is_refused(tmp_path: Path) -> None:
    slow = SimulatorSettings(rate_limit=0, latency=(0.05, 0.1))
    with Serving(lambda: Simulator(slow)) as simulator:
        file = write_pairs(tmp_path / "pairs.csv", [(n, n) for n in range(1, 1500)])
        loading = start("load", file, "--base-url", simulator.url, *TYPES, *FAST, "--workers", "20")
        until = time.monotonic() + 30
        while not report_of(file).exists() or report_of(file).stat().st_size < 1000:
            assert time.monotonic() < until
            time.sleep(0.02)
        refused = verify(simulator.url, report_of(file))
        assert refused.code == 2
        assert f"is in use by process {loading.pid}" in refused.err
        assert not verified_of(file).exists()
        assert end(loading).code == 0
        assert verify(simulator.url, report_of(file)).code == 0
    assert sorted(os.listdir(tmp_path)) == ["pairs.csv", "pairs.report.csv", "pairs.verified.csv"]
