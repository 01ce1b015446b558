"""`verify` from outside: what a report says against what stands."""

from __future__ import annotations

import hashlib
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
    assert (said["rows"], said["checked"], said["present"], said["missing"]) == (2500, 2500, 2500, 0)
    assert said["account_id"] == 62515
    assert said["sha256"] == hashlib.sha256(verified_of(file).read_bytes()).hexdigest()
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
    assert "present: 2" in ended.out
    assert "missing: 1" in ended.out
    assert "account 62515 (app.hubspot.com)" in ended.out
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
    assert json.loads(ended.out)["present"] == 2


def test_what_nobody_answers_is_neither_present_nor_missing(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST).code == 0
    simulator.ask(lambda server: server.state.fail("9000502000001", path_prefix=READ, times=0))
    ended = verify(simulator.url, report_of(file), "--max-attempts", "1", "--json")
    assert ended.code == 1
    said = json.loads(ended.out)
    assert (said["present"], said["missing"], said["unknown"]) == (0, 0, 1)
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


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("left_by_a_kill", [False, True])
def test_a_report_in_a_folder_that_may_not_be_written(
    simulator: Serving[Simulator], tmp_path: Path, left_by_a_kill: bool
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    file, found = write_pairs(folder / "pairs.csv", [(1, 2)]), tmp_path / "found.csv"
    assert load(simulator.url, file, *FAST).code == 0
    lock = folder / "pairs.report.csv.lock"
    if left_by_a_kill:
        lock.write_text("process 1 on here\n")
        lock.chmod(0o400)
    folder.chmod(0o500)
    try:
        assert verify(simulator.url, report_of(file), "-o", str(found)).code == 0
        if left_by_a_kill:  # held by somebody else, it is heeded
            import fcntl

            with lock.open() as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                refused = verify(simulator.url, report_of(file), "-o", str(found))
            assert refused.code == 2
            assert "is in use by process 1 on here" in refused.err
        assert verify(simulator.url, report_of(file)).code == 2  # its own copy finds no place there
    finally:
        folder.chmod(0o700)
    assert sorted(os.listdir(tmp_path)) == ["found.csv", "here"]
