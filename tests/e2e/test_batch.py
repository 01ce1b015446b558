"""`--method batch`: one verdict per row, whatever form the answer for many takes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest

from loader.commands import run_load
from loader.commands.result import LoadResult
from loader.engine.batching import BatchPacking, parse_batch_response
from loader.engine.sender import PartialResult
from loader.engine.work_queue import WorkItem
from loader.hubspot import Answer, Kind, Verdict
from loader.model import Outcome, Pair, Status
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
) -> LoadResult:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-batch")

    async def main() -> LoadResult:
        async with Simulator(settings, state=state) as simulator:
            options: dict[str, Any] = {"rate": "1000000/1", "method": "batch", "from_type": "contacts"}
            options |= {"to_type": "companies", "base_url": simulator.url} | more
            return await run_load(LoadSettings(input=str(file), **options))

    return asyncio.run(main())


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize(("form", "per_hundred_thousand"), [("207", 1200), ("200", 1200), ("400", 25_000)])
def test_blame_is_exact_and_its_price_bounded(
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
    summary = batch_load(file, settings, state, monkeypatch)
    assert summary.exit_code == 1
    assert summary.finished
    assert summary.requests <= per_hundred_thousand * rows // 100_000
    assert summary.requests == sum(state.calls.values())
    for row in rows_of(report_of(file)):
        expected = "failed" if int(row["row"]) - 1 in bad else "associated"
        assert row["status"] == expected, row
        if expected == "failed":
            assert row["error_category"] == "VALIDATION_ERROR"
            assert "not valid" in row["error_details"]
        else:
            assert row["association_types"] == "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"
    assert len(state.associations) == 2 * (rows - len(bad))


def test_batches_are_filled_across_the_stretches_of_the_reader(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
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
def test_a_fault_of_the_whole_batch_loses_no_row(
    simulator: Serving[Simulator], tmp_path: Path, fault: str
) -> None:
    simulator.ask(lambda server: server.state.fail(fault, path_prefix=BATCH, times=2))
    file = write_pairs(tmp_path / "pairs.csv", [(100 + i, 900 + i) for i in range(60)])
    ended = load(simulator.url, file, *FAST, "--method", "batch")
    assert ended.code == 0, ended.err
    assert [row["status"] for row in rows_of(report_of(file))] == ["associated"] * 60
    assert simulator.ask(lambda server: len(server.state.associations)) == 120


def test_rows_that_spoil_every_batch_they_are_in(simulator: Serving[Simulator], tmp_path: Path) -> None:
    poison = ["9000500000001", "9000422000001", "9000200200001"]
    pairs = [(str(100 + i), str(900 + i)) for i in range(40)]
    pairs[7:7] = [(record, "1") for record in poison]
    file = write_pairs(tmp_path / "pairs.csv", pairs)
    ended = load(simulator.url, file, *FAST, "--method", "batch", "--max-attempts", "2", timeout=100)
    assert ended.code == 1
    by_id = {row["from_object_id"]: row["status"] for row in rows_of(report_of(file))}
    assert [by_id.pop(record) for record in poison] == ["gave_up", "failed", "failed"]
    assert set(by_id.values()) == {"associated"}


def test_missing_scopes_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(i, i + 50) for i in range(1, 20)])
    settings = SimulatorSettings(types_without_scope=frozenset({"companies"}))
    summary = batch_load(file, settings, SimulatorState(), monkeypatch)
    assert summary.exit_code == 3
    assert summary.stopped is not None
    assert summary.stopped.reason == "missing_scopes"
    assert summary.rows == 0


def test_a_file_that_is_wholly_wrong_stops_after_a_few_hundred_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SimulatorState()
    state.keep_only("contacts", frozenset())
    file = write_pairs(tmp_path / "pairs.csv", [(1000 + i, 5000 + i) for i in range(4000)])
    settings = SimulatorSettings(rate_limit=0, batch_failure="400")
    summary = batch_load(file, settings, state, monkeypatch, workers=4)
    assert summary.stopped is not None
    assert summary.stopped.reason == "too_many_failures"
    assert sum(state.calls.values()) < 400


def test_many_unnamed_bad_rows_among_good_ones_do_not_stop_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SimulatorState()
    for i in range(0, 6000, 10):
        state.remove_record("contacts", str(1000 + i))
    file = write_pairs(tmp_path / "pairs.csv", [(1000 + i, 50_000 + i) for i in range(6000)])
    settings = SimulatorSettings(rate_limit=0, name_bad_pairs=False)
    summary = batch_load(file, settings, state, monkeypatch)
    assert summary.finished
    assert summary.counts[Status.FAILED] == 600


# Packing


def some_pairs(
    ends: Iterable[tuple[str, str]], types: tuple[str, str] = ("contacts", "contacts")
) -> list[Pair]:
    return [Pair(row, types[0], a, types[1], b) for row, (a, b) in enumerate(ends, 1)]


def test_a_pair_and_its_reverse_never_share_a_parcel() -> None:
    draw = random.Random(3)
    ends = list({(str(draw.randrange(1, 90)), str(draw.randrange(1, 90))) for _ in range(6000)})
    pairs = some_pairs((a, b) for a, b in ends if a != b)
    pack = BatchPacking()
    items = [*pack(pairs[:2500], False), *pack(pairs[2500:], False), *pack([], True)]
    assert sorted(pair for item in items for pair in item.pairs) == sorted(pairs)
    for item in items:
        together = {(pair.from_id, pair.to_id) for pair in item.pairs}
        assert not together & {(b, a) for a, b in together}
        assert len(item.pairs) <= 2000


def test_parcels_have_one_pair_of_types_and_little_is_held_back() -> None:
    pack = BatchPacking()
    items: list[WorkItem] = []
    total = 0
    for kind in range(200):
        pairs = some_pairs(((str(i), "7") for i in range(10, 710)), (f"2-{kind}", "0-2"))
        total += len(pairs)
        items += pack(pairs, False)
        assert total - sum(len(item.pairs) for item in items) <= 51_000
    items += pack([], True)
    assert sum(len(item.pairs) for item in items) == total
    assert all(len({(p.from_type, p.to_type) for p in item.pairs}) == 1 for item in items)


# Answers


def result(from_id: Any, to_id: Any, type_id: int = 279) -> dict[str, Any]:
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
    return {"from": {"id": from_id}, "to": {"id": to_id}, "associationSpec": spec}


def read(
    ends: list[tuple[str, str]], types: tuple[str, str] = ("contacts", "companies"), **document: Any
) -> Any:
    item = WorkItem(some_pairs(ends, types))
    return parse_batch_response(item, Answer(200, {}, orjson.dumps({"status": "COMPLETE", **document})), 0.0)


def outcomes(split: PartialResult) -> list[Outcome]:
    return [outcome for group in split.groups for outcome in group.outcomes]


def format_local_time(split: Any) -> tuple[dict[str, str], list[list[str]]]:
    assert isinstance(split, PartialResult)
    return (
        {outcome.pair.from_id: outcome.status.value for outcome in outcomes(split)},
        [[pair.from_id for pair in item.pairs] for item in split.again],
    )


THREE = [("1", "11"), ("2", "12"), ("3", "13")]


def test_ids_that_come_as_numbers() -> None:
    split = read(THREE, results=[result(1, 11), result(2, 12), result("3", "13")])
    assert format_local_time(split) == ({"1": "associated", "2": "associated", "3": "associated"}, [])


def test_results_for_other_pairs_and_reverse_entries_alone_prove_nothing() -> None:
    split = read(THREE, results=[result("1", "12"), result("11", "1"), result("3", "13")])
    assert format_local_time(split) == ({"3": "associated"}, [["1"], ["2"]])


def test_the_order_of_the_results_does_not_matter() -> None:
    results = [entry for a, b in THREE for entry in (result(a, b), result(b, a, 280))]
    in_order = read(THREE, results=results)
    assert format_local_time(in_order) == ({"1": "associated", "2": "associated", "3": "associated"}, [])
    assert {outcome.association_types for outcome in outcomes(in_order)} == {
        "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"
    }
    for seed in range(10):
        shuffled = random.Random(seed).sample(results, len(results))
        assert read(THREE, results=shuffled) == in_order


@pytest.mark.parametrize("odd", range(6))
def test_an_odd_result_in_the_middle_is_the_business_of_its_pair_alone(odd: int) -> None:
    results = [entry for a, b in THREE for entry in (result(a, b), result(b, a, 280))]
    results[odd]["associationSpec"]["associationTypeId"] = 5
    split = read(THREE, results=results)
    expected = ["HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"] * 3
    expected[odd // 2] = expected[odd // 2].replace("280" if odd % 2 else "279", "5")
    assert [outcome.association_types for outcome in outcomes(split)] == expected
    results[odd]["to"]["id"] = "99"
    left = [] if odd % 2 else [[THREE[odd // 2][0]]]
    assert format_local_time(read(THREE, results=results))[1] == left


ODDITIES = [result("1", "11", 5), result("4", "14"), result(2, 12), result("11", "1"), {"echo": ["1", "11"]}]


def disorderly(results: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The results, and with one thing wrong: one missing, two swapped, one odd, or an odd one more."""
    yield results
    for i in range(len(results)):
        yield results[:i] + results[i + 1 :]
        for j in range(i):
            yield [*results[:j], results[i], *results[j + 1 : i], results[j], *results[i + 1 :]]
    for odd in ODDITIES:
        for i in range(len(results) + 1):
            yield [*results[:i], odd, *results[i:]]
            yield [*results[:i], odd, *results[i + 1 :]]


@pytest.mark.parametrize("ends", [THREE, [("7", "7"), *THREE[1:]]])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"status": "ERROR"},
        {"status": "PENDING"},
        {"numErrors": 1, "errors": [{"context": {"fromId": "2", "toId": "12"}}]},
    ],
)
def test_an_answer_means_the_same_however_it_is_spaced(
    ends: list[tuple[str, str]], more: dict[str, Any]
) -> None:
    """Only a compact text can be compared as a whole; the other one is read entry by entry."""
    item = WorkItem(some_pairs(ends, ("contacts", "companies")))
    in_order = [entry for a, b in ends for entry in (result(a, b), result(b, a, 280))]
    for results in disorderly(in_order):
        document = {"status": "COMPLETE", "results": results, **more}
        compact, spaced = (
            parse_batch_response(item, Answer(200, {"X-HubSpot-Correlation-Id": "c"}, text), 0.0)
            for text in (orjson.dumps(document), json.dumps(document, indent=1).encode())
        )
        if isinstance(compact, PartialResult) and isinstance(spaced, PartialResult):
            assert outcomes(compact) == outcomes(spaced)
            assert format_local_time(compact) == format_local_time(spaced)
        else:
            assert compact == spaced


@pytest.mark.parametrize(
    "text",
    [
        '{"status":"COMPLETE","echo":[%s],"results":[]}',
        '{"status":"COMPLETE","results":[%s],"results":[]}',
        '{"status":"COMPLETE","results":[%s]',
        '{"status":"COMPLETE","results":{"x":[%s]}}',
        '{"status":"COMPLETE","kind":"results","echo":[%s],"results":[{"from":{"id":"1"},"to":{"id":"11"},'
        '"associationSpec":{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":279}}]}',
        '{"status":"PENDING","results":[%s]}',
    ],
)
def test_results_that_stand_elsewhere_are_none(text: str) -> None:
    results = [entry for a, b in THREE for entry in (result(a, b), result(b, a, 280))]
    body = text % ",".join(orjson.dumps(entry).decode() for entry in results)
    found = parse_batch_response(WorkItem(some_pairs(THREE)), Answer(200, {}, body.encode()), 0.0)
    assert isinstance(found, Verdict) or len(outcomes(found)) < 2


def test_several_types_of_one_pair_are_all_told() -> None:
    split = read(
        [("1", "11"), ("2", "12")], results=[result("1", "11"), result("1", "11", 5), result("2", "12")]
    )
    assert [outcome.association_types for outcome in outcomes(split)] == [
        "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:5",
        "HUBSPOT_DEFINED:279",
    ]


@pytest.mark.parametrize(
    "context",
    [
        {"fromObjectId": ["2"], "toObjectId": ["12"]},
        {"fromId": "2", "toId": 12},
        {"INVALID_OBJECT_IDS": ["CONTACT=2 is not valid"]},
        {"INVALID_OBJECT_IDS": "COMPANY=12 is not valid"},
    ],
)
def test_an_error_that_names_a_pair_or_a_record(context: dict[str, Any]) -> None:
    error = {"category": "VALIDATION_ERROR", "message": "no", "context": context, "id": "e7"}
    split = read(THREE, results=[result("1", "11"), result("3", "13")], errors=[error], numErrors=1)
    assert format_local_time(split) == ({"1": "associated", "2": "failed", "3": "associated"}, [])
    failed = outcomes(split)[1]
    assert (failed.error_category, failed.error_message) == ("VALIDATION_ERROR", "no")
    assert orjson.loads(failed.error_details)[0]["id"] == "e7"


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"fromObjectId": ["2"]},
        {"fromObjectId": ["1", "2"], "toObjectId": ["11", "12"]},
        {"fromObjectId": ["2"], "toObjectId": ["99"]},
        {"INVALID_OBJECT_IDS": ["COMPANY=2 is not valid"]},
        {"INVALID_OBJECT_IDS": ["DEAL=12 is not valid"]},
        "text",
    ],
)
def test_an_error_that_does_not_say_whom_it_means_blames_nobody(context: Any) -> None:
    split = read(THREE, results=[result("1", "11")], errors=[{"message": "no", "context": context}])
    assert format_local_time(split) == ({"1": "associated"}, [["2"], ["3"]])
    assert all(item.neighbours_stand for item in split.again)


def test_a_pair_that_stands_is_not_blamed() -> None:
    error = {"message": "no", "context": {"fromObjectId": ["1"], "toObjectId": ["11"]}}
    split = read([("1", "11"), ("2", "12")], results=[result("1", "11"), result("2", "12")], errors=[error])
    assert format_local_time(split) == ({"1": "associated", "2": "associated"}, [])


def test_many_open_pairs_go_in_halves() -> None:
    split = read([(str(i), "7") for i in range(100, 300)], results=[])
    assert [len(item.pairs) for item in split.again] == [100, 100]


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "CANCELED"])
def test_an_unfinished_batch_is_asked_for_again(status: str) -> None:
    verdict = read(THREE, status=status, results=[result(*ends) for ends in THREE])
    assert isinstance(verdict, Verdict)
    assert (verdict.kind, verdict.category) == (Kind.TRANSIENT, status)


@pytest.mark.parametrize(
    "document",
    [
        {"results": None},
        {"results": 7},
        {"results": [7, None, {}, {"from": 7}, {"from": {"id": 1}, "to": {}}]},
        {"results": {}, "errors": 7, "numErrors": "many"},
        {"status": "ERROR", "results": [result(*ends) for ends in THREE]},
        {"errors": [7, None, {"context": {"fromObjectId": [[]], "toObjectId": [{}]}}]},
    ],
)
def test_answers_of_any_shape_leave_all_open(document: dict[str, Any]) -> None:
    assert format_local_time(read(THREE, **document)) == ({}, [["1"], ["2"], ["3"]])


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
