"""`--skip-existing`: what exists is not sent, whatever the pages of a look-up are like."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import Serving, load, report_of, rows_of, write_pairs

FAST = ("--rate", "1000000/1")
READ = "/crm/associations/2025-09/contacts/companies/batch/read"


@pytest.fixture
def simulator() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        yield serving


def associate_all(simulator: Serving[Simulator], pairs: list[tuple[int, int]]) -> None:
    def seed(server: Simulator) -> None:
        for from_id, to_id in pairs:
            server.state.associate("contacts", str(from_id), "companies", str(to_id))

    simulator.ask(seed)


@pytest.mark.parametrize("shape", ["each its own", "few companies", "few contacts", "one hub"])
def test_what_exists_costs_at_most_150_requests_for_a_hundred_thousand_rows(
    simulator: Serving[Simulator], tmp_path: Path, shape: str
) -> None:
    rows = 6_000
    pairs: dict[str, Callable[[int], tuple[int, int]]] = {
        "each its own": lambda i: (10**9 + i, 2 * 10**9 + i),
        "few companies": lambda i: (10**9 + i, 2 * 10**9 + i % 100),
        "few contacts": lambda i: (10**9 + i % 300, 2 * 10**9 + i),
        "one hub": lambda i: (10**9, 2 * 10**9 + i),
    }
    listed = [pairs[shape](i) for i in range(rows)]
    random.Random(4).shuffle(listed)
    associate_all(simulator, listed)
    file = write_pairs(tmp_path / "pairs.csv", listed)
    ended = load(simulator.url, file, *FAST, "--skip-existing", "--json", timeout=100)
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)
    assert said["counts"]["existing"] == rows
    assert said["run"]["requests"] <= 150 * rows / 100_000 + 5
    assert said["run"]["requests"] == simulator.ask(lambda server: sum(server.state.calls.values()))
    assert simulator.ask(lambda server: server.state.calls["associate"]) == 0


@pytest.mark.parametrize("method", ["put", "batch"])
def test_only_what_is_missing_is_sent(simulator: Serving[Simulator], tmp_path: Path, method: str) -> None:
    pairs = [(1000 + i, 5000 + i % 7) for i in range(300)]
    associate_all(simulator, [pair for i, pair in enumerate(pairs) if i % 3])
    file = write_pairs(tmp_path / "pairs.csv", pairs)
    assert load(simulator.url, file, *FAST, "--skip-existing", "--method", method).code == 0
    rows = rows_of(report_of(file))
    assert [row["status"] for row in rows] == ["existing" if i % 3 else "associated" for i in range(300)]
    assert [row["existed_before"] for row in rows] == ["yes" if i % 3 else "no" for i in range(300)]
    calls = simulator.ask(lambda server: server.state.calls)
    assert (calls["associate"], calls["batch associate"]) == ((100, 0) if method == "put" else (0, 1))


def test_records_with_many_links_are_read_page_by_page(tmp_path: Path) -> None:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0, read_page=10))) as simulator:
        associate_all(simulator, [(1, 5000 + i) for i in range(95)] + [(2, 5001)])
        file = write_pairs(tmp_path / "pairs.csv", [(1, 5094), (1, 5000), (1, 6000), (2, 5001), (2, 5002)])
        assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
        assert [row["status"] for row in rows_of(report_of(file))] == [
            "existing",
            "existing",
            "associated",
            "existing",
            "associated",
        ]


def test_a_record_that_is_missing_is_left_to_the_sending(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    simulator.ask(lambda server: server.state.remove_record("contacts", "1"))
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 1
    assert [row["status"] for row in rows_of(report_of(file))] == ["failed", "associated"]


def test_transient_errors_of_a_look_up_are_tried_again(simulator: Serving[Simulator], tmp_path: Path) -> None:
    associate_all(simulator, [(1, 2)])
    simulator.ask(lambda server: server.state.fail("9000602000001", path_prefix=READ, times=1))
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    assert [row["existed_before"] for row in rows_of(report_of(file))] == ["yes", "no"]


def test_if_the_look_up_is_refused_pairs_are_sent_and_nothing_is_claimed(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    simulator.ask(lambda server: server.state.fail("9000400000001", path_prefix=READ, times=0))
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    assert [(row["status"], row["existed_before"]) for row in rows_of(report_of(file))] == [
        ("associated", ""),
        ("associated", ""),
    ]
