"""`--skip-existing`: what exists is not sent, whatever the pages of a look-up are like."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import Serving, load, report_of, rows_of, write_pairs
from tests.support.wire import ASSOCIATED, Seen, Wire, http

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


@pytest.mark.parametrize("shape", ["each its own", "few companies", "few contacts", "one hub", "a grid"])
def test_what_exists_costs_at_most_150_requests_for_a_hundred_thousand_rows(
    simulator: Serving[Simulator], tmp_path: Path, shape: str
) -> None:
    rows = 20_000
    pairs: dict[str, Callable[[int], tuple[int, int]]] = {
        "each its own": lambda i: (10**9 + i, 2 * 10**9 + i),
        "few companies": lambda i: (10**9 + i, 2 * 10**9 + i % 300),
        "few contacts": lambda i: (10**9 + i % 1000, 2 * 10**9 + i),
        "one hub": lambda i: (10**9, 2 * 10**9 + i),
        "a grid": lambda i: (10**9 + i % 200, 2 * 10**9 + i // 200),
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


@pytest.mark.parametrize("fault", ["9000503000001", "9000602000001", "9000604000001", "9000429001001"])
def test_transient_errors_of_a_look_up_are_tried_again(
    simulator: Serving[Simulator], tmp_path: Path, fault: str
) -> None:
    associate_all(simulator, [(1, 2)])
    simulator.ask(lambda server: server.state.fail(fault, path_prefix=READ, times=2))
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


# What no simulator answers: a scripted server.


def entry(to_id: Any, label: str | None = None) -> dict[str, Any]:
    kind = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": label}
    return {"toObjectId": to_id, "associationTypes": [kind]}


def body(**fields: Any) -> bytes:
    return http(200, orjson.dumps({"status": "COMPLETE", **fields}))


@pytest.mark.parametrize("answer", [http(503), http(429, Retry_After="0")])
def test_a_fault_on_a_page_costs_that_page_alone(answer: bytes, tmp_path: Path) -> None:
    """However many pages a record has, and however often a busy account refuses one."""
    pages, asked = 5, Counter[str]()

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if "batch/read" not in seen.path:
            writer.write(http(200, b"{}"))
            return
        after = orjson.loads(seen.body)["inputs"][0].get("after", "0")
        asked[after] += 1
        if asked[after] == 1:
            writer.write(answer)
            return
        following = {"next": {"after": str(int(after) + 1)}} if int(after) + 1 < pages else {}
        to = [entry("2")] if not following else [entry("9")]
        writer.write(body(results=[{"from": {"id": "1"}, "to": to, "paging": following}]))

    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with Serving(lambda: Wire(script)) as wire:
        assert load(wire.url, file, "--skip-existing", "--max-attempts", "3", timeout=120).code == 0
    assert [row["status"] for row in rows_of(report_of(file))] == ["existing"]
    assert asked == {str(page): 2 for page in range(pages)}


SUB_CATEGORIES = ["crm.associations.NO_ASSOCIATIONS_FOUND", {"name": "NO_ASSOCIATIONS_FOUND"}]


@pytest.mark.parametrize("sub_category", SUB_CATEGORIES, ids=["live", "specification"])
def test_what_did_not_exist_is_known_whatever_form_the_answer_has(tmp_path: Path, sub_category: Any) -> None:
    error = {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": sub_category,
        "context": {"fromObjectId": ["1"]},
    }

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if "batch/read" in seen.path:
            writer.write(body(results=[], numErrors=1, errors=[error]))
        else:
            writer.write(http(200, ASSOCIATED if seen.method == "PUT" else b"{}"))

    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with Serving(lambda: Wire(script)) as wire:
        assert load(wire.url, file, "--skip-existing").code == 0
    assert [(row["status"], row["existed_before"]) for row in rows_of(report_of(file))] == [
        ("associated", "no")
    ]


def test_a_record_in_two_results_is_added_up(tmp_path: Path) -> None:
    """What is in the second one existed before, and `undo` must leave it."""
    results = [
        {"from": {"id": "1"}, "to": [entry("9")]},
        {"from": {"id": "1"}, "to": [entry("8")], "paging": {"next": {"after": "7"}}},
    ]

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if "batch/read" in seen.path:
            after = orjson.loads(seen.body)["inputs"][0].get("after")
            writer.write(body(results=[{"from": {"id": "1"}, "to": [entry("2")]}] if after else results))
        else:
            writer.write(http(200, ASSOCIATED if seen.method == "PUT" else b"{}"))

    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (1, 8), (1, 9)])
    with Serving(lambda: Wire(script)) as wire:
        assert load(wire.url, file, "--skip-existing").code == 0
        assert not [seen for seen in wire.server.seen if seen.method == "PUT"]
    assert [row["status"] for row in rows_of(report_of(file))] == ["existing"] * 3
