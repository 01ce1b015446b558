"""The main job from outside: files in, a real server on loopback, the report and the exit code out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TOKEN, TYPES, Serving, load, report_of, rows_of, run, write_pairs

FAST = ("--rate", "1000000/1")


@pytest.fixture
def simulator() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        yield serving


def sent_pairs(serving: Serving[Simulator]) -> list[tuple[str, str]]:
    """The pairs of all PUT requests that the server saw, in their order."""
    paths = serving.ask(
        lambda simulator: [seen.path for seen in simulator.state.requests if seen.method == "PUT"]
    )
    matches = [re.search(r"/contacts/(\d+)/associations/default/companies/(\d+)$", path) for path in paths]
    return [(match[1], match[2]) for match in matches if match]


def test_twenty_thousand_rows(simulator: Serving[Simulator], tmp_path: Path) -> None:
    """More than the report's writer takes at once; `test_batch` loads a hundred thousand."""
    pairs = [(51_000_000_000 + i, 9_100_000_000 + i % 1000) for i in range(20_000)]
    file = write_pairs(tmp_path / "pairs.csv", pairs)
    ended = load(simulator.url, file, *FAST, "--json", "--workers", "64", timeout=110)
    assert ended.code == 0, ended.err
    summary = json.loads(ended.out)
    assert summary["counts"]["associated"] == 20_000
    assert summary["finished"] is True
    rows = rows_of(report_of(file))
    assert [int(row["row"]) for row in rows] == list(range(1, 20_001))
    assert [(int(row["from_object_id"]), int(row["to_object_id"])) for row in rows] == pairs
    assert {row["status"] for row in rows} == {"associated"}
    assert {row["association_types"] for row in rows} == {"HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"}
    standing = simulator.ask(lambda server: len(server.state.associations))
    assert standing == 40_000  # both directions


def test_the_same_command_goes_on_and_then_has_nothing_to_do(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    pairs = [(str(1000 + i), str(2000 + i)) for i in range(30)]
    file = write_pairs(tmp_path / "pairs.csv", pairs)
    pilot = load(simulator.url, file, *FAST, "--limit", "10")
    assert pilot.code == 0
    assert [row["row"] for row in rows_of(report_of(file))] == [str(n) for n in range(1, 11)]
    assert load(simulator.url, file, *FAST).code == 0
    assert sorted(sent_pairs(simulator)) == sorted(pairs)  # each once, though two runs sent them
    before = report_of(file).read_bytes()
    assert load(simulator.url, file, *FAST).code == 0
    assert report_of(file).read_bytes() == before
    assert len(sent_pairs(simulator)) == 30


def test_a_finished_report_needs_no_token(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2"), ("x", "2")])
    assert load(simulator.url, file, *FAST).code == 1
    ended = load(simulator.url, file, *FAST, env={"HUBSPOT_ACCESS_TOKEN": ""})
    assert ended.code == 1
    assert "1 invalid" in ended.out


def test_an_input_of_invalid_rows_alone_needs_no_token(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("x", "2"), ("1", "")])
    ended = load("http://127.0.0.1:9", file, env={"HUBSPOT_ACCESS_TOKEN": ""})
    assert ended.code == 1
    assert [row["status"] for row in rows_of(report_of(file))] == ["invalid", "invalid"]


def test_an_input_of_a_header_alone_leaves_a_report_that_goes_on(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [], header=["note"])
    ended = load(simulator.url, file, env={"HUBSPOT_ACCESS_TOKEN": ""})
    assert ended.code == 0
    assert ended.out.startswith("Nothing to send: the input has no pairs")
    assert report_of(file).read_text().endswith(",completed_at,note\n")
    assert run("summary", report_of(file)).code == 0
    with file.open("a") as more:
        more.write("1,2,late\n")
    assert load(simulator.url, file, *FAST).code == 0
    assert [(row["status"], row["note"]) for row in rows_of(report_of(file))] == [("associated", "late")]


def test_rows_appended_to_the_input_are_loaded(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2"), ("3", "4")])
    assert load(simulator.url, file, *FAST).code == 0
    write_pairs(file, [("1", "2"), ("3", "4"), ("5", "6"), ("1", "2")])
    assert load(simulator.url, file, *FAST).code == 0
    assert sent_pairs(simulator) == [("1", "2"), ("3", "4"), ("5", "6")]
    last = rows_of(report_of(file))[-1]
    assert (last["status"], last["error_message"]) == ("duplicate", "the same pair stands in row 1")


def test_nothing_is_sent_without_a_token(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2")])
    ended = load(simulator.url, file, env={"HUBSPOT_ACCESS_TOKEN": ""})
    assert ended.code == 2
    assert "HUBSPOT_ACCESS_TOKEN" in ended.err
    assert not report_of(file).exists()
    assert simulator.ask(lambda server: len(server.state.requests)) == 0


def test_the_wrong_account_is_refused_before_anything_is_written(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2")])
    ended = load(simulator.url, file, "--account-id", "4711")
    assert ended.code == 2
    assert "62515" in ended.err
    assert "4711" in ended.err
    assert sent_pairs(simulator) == []
    assert load(simulator.url, file, "--account-id", "62515").code == 0


def test_overwrite_begins_anew(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2")])
    assert load(simulator.url, file, *FAST).code == 0
    write_pairs(file, [("7", "8")])
    refused = load(simulator.url, file, *FAST)
    assert refused.code == 2
    assert "--overwrite" in refused.err
    assert load(simulator.url, file, *FAST, "--overwrite").code == 0
    assert [row["from_object_id"] for row in rows_of(report_of(file))] == ["7"]


def test_the_report_never_takes_the_place_of_the_input(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2")])
    before = file.read_bytes()
    assert load(simulator.url, file, "--report", file).code == 2
    (tmp_path / "link.csv").symlink_to(file)
    assert load(simulator.url, file, "--report", tmp_path / "link.csv", "--overwrite").code == 2
    assert file.read_bytes() == before


def test_the_reserve_of_the_day_is_left_alone(tmp_path: Path) -> None:
    settings = SimulatorSettings(rate_limit=0, daily_limit=100)
    with Serving(lambda: Simulator(settings)) as serving:
        file = write_pairs(tmp_path / "pairs.csv", [(str(i), str(i + 1)) for i in range(1, 101)])
        ended = load(serving.url, file, *FAST, "--reserve", "40", "--workers", "5")
        assert ended.code == 3
        assert "reserve" in ended.err
        assert "--wait-for-daily-reset" in ended.err
        assert 55 <= serving.ask(lambda server: server.state.limits.day.used) <= 60


def test_the_log_has_a_line_for_each_attempt_and_decision(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2"), ("9000503001001", "3")])
    log = tmp_path / "run.jsonl"
    assert load(simulator.url, file, "--log-file", log).code == 0
    events = [json.loads(line) for line in log.read_text().splitlines()]
    attempts = [event for event in events if event["event"] == "request" and event["method"] == "PUT"]
    assert sorted((event["row"], event["status"]) for event in attempts) == [(1, 200), (2, 200), (2, 503)]
    assert all({"time", "milliseconds", "kind"} <= event.keys() for event in attempts)
    assert TOKEN not in log.read_text()


def test_the_command_says_its_result_on_standard_output_alone(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2")])
    ended = load(simulator.url, file)
    result, report, _, words, command = ended.out.splitlines()
    assert result == "Finished: 1 of 1 pair associated · account 62515 · 0 s"
    assert report == f"Report: {report_of(file)}"
    assert words == "To read the associations back from HubSpot:"
    assert command == f"  assoc-loader verify {file} --base-url {simulator.url}"
    assert "Connected to HubSpot account 62515" in ended.err
    quiet = load(simulator.url, file, "-q", "--overwrite")
    assert quiet.err == ""


def test_the_simulator_inside_the_program_needs_nothing(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("1", "2")])
    ended = run("load", file, *TYPES, "--simulate", env={"HUBSPOT_ACCESS_TOKEN": ""})
    assert ended.code == 0, ended.err
