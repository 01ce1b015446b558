"""`load` from outside: a file in, a real server on loopback, the report and the exit code out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TOKEN, TYPES, Serving, load, report_of, rows_of, run, write_pairs
from tests.support.second_run import FAST, Account, column, pairs_file

NO_TOKEN = {"HUBSPOT_ACCESS_TOKEN": ""}


@pytest.fixture
def account() -> Iterator[Account]:
    with Account() as account:
        yield account


def test_four_hundred_rows(account: Account, tmp_path: Path) -> None:
    """`test_batch` loads sixteen thousand."""
    pairs = [(51_000_000_000 + i, 9_100_000_000 + i % 100) for i in range(400)]
    file = pairs_file(tmp_path, pairs)
    ended = account.load(file, "--json", "--workers", "64")
    assert ended.code == 0, ended.err
    result = json.loads(ended.out)
    assert result["counts"]["associated"] == 400
    assert result["finished"] is True
    rows = rows_of(report_of(file))
    assert [int(row["row"]) for row in rows] == list(range(1, 401))
    assert [(int(row["from_object_id"]), int(row["to_object_id"])) for row in rows] == pairs
    assert {row["status"] for row in rows} == {"associated"}
    assert {row["association_types"] for row in rows} == {"HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"}
    made = account.serving.ask(lambda server: len(server.state.associations))
    assert made == 800  # both directions


@pytest.mark.parametrize("pairs", [[("1", "2")], [("x", "2")], []], ids=["a pair", "invalid rows", "no rows"])
def test_without_a_token_nothing_is_sent_or_written(
    account: Account, tmp_path: Path, pairs: list[tuple[str, str]]
) -> None:
    file = pairs_file(tmp_path, pairs)
    ended = account.load(file, env=NO_TOKEN)
    assert ended.code == 2
    assert "HUBSPOT_ACCESS_TOKEN" in ended.err
    assert list(tmp_path.iterdir()) == [file]
    assert account.requests == 0


def test_another_account_is_refused_before_anything_is_written(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(1, 2)])
    refused = account.load(file, "--account-id", "4711")
    assert refused.code == 2
    assert "62515" in refused.err
    assert "4711" in refused.err
    assert list(tmp_path.iterdir()) == [file]
    assert account.puts == 0
    assert account.load(file, "--account-id", "62515").code == 0


def test_an_input_of_a_header_alone_is_a_load_that_goes_on(account: Account, tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [], header=["note"])
    ended = account.load(file)
    assert ended.code == 0
    assert ended.out.startswith("Nothing to send: the input has no pairs")
    assert report_of(file).read_text().endswith(",completed_at,verified,note\n")
    assert run("summary", file).code == 0
    with file.open("a") as more:
        more.write("1,2,late\n")
    assert account.load(file).code == 0
    assert column(file, "status") == ["associated"]
    assert column(file, "note") == ["late"]


def test_a_report_is_an_ordinary_input_of_another_load(account: Account, tmp_path: Path) -> None:
    """Its result columns are replaced, not doubled."""
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2, "a"), (3, 4, "b, c")], ["note"])
    account.refuse(3)
    assert account.load(file).code == 1
    other = tmp_path / "again.csv"
    report_of(file).rename(other)
    account.heal()
    ended = run("load", other, "--base-url", account.url, *FAST)  # the types are in its columns
    assert ended.code == 0, ended.err
    assert column(other, "status") == ["associated"] * 2
    assert column(other, "note") == ["a", "b, c"]
    assert report_of(other).read_text().splitlines()[0] == other.read_text().splitlines()[0]


def test_the_reserve_of_the_day_is_left_alone(tmp_path: Path) -> None:
    settings = SimulatorSettings(rate_limit=0, daily_limit=100)
    with Serving(lambda: Simulator(settings)) as serving:
        file = pairs_file(tmp_path, [(i, i + 1) for i in range(1, 101)])
        ended = load(serving.url, file, *FAST, "--reserve", "40", "--workers", "5")
        assert ended.code == 3
        assert "reserve" in ended.err
        assert "--wait-for-daily-reset" in ended.err
        assert 55 <= serving.ask(lambda server: server.state.limits.day.used) <= 60


def test_the_log_has_a_line_for_each_attempt_and_decision(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(1, 2), (9000503001001, 3)])
    log = tmp_path / "run.jsonl"
    assert account.load(file, "--log-file", log).code == 0
    events = [json.loads(line) for line in log.read_text().splitlines()]
    attempts = [event for event in events if event["event"] == "request" and event["method"] == "PUT"]
    assert sorted((event["row"], event["status"]) for event in attempts) == [(1, 200), (2, 200), (2, 503)]
    assert all({"time", "milliseconds", "kind"} <= event.keys() for event in attempts)
    assert TOKEN not in log.read_text()


def test_the_result_is_on_standard_output_and_all_else_on_standard_error(
    account: Account, tmp_path: Path
) -> None:
    file = pairs_file(tmp_path, [(1, 2)])
    ended = account.load(file)
    result, report, *_, command = ended.out.splitlines()
    assert result.startswith("Finished: 1 of 1 pair associated · account 62515")
    assert report == f"Report: {report_of(file)}"
    assert command == f"  assoc-loader verify {file} --rate 1000000/1 --base-url {account.url}"
    assert "Connected to HubSpot account 62515 (app.hubspot.com)" in ended.err
    assert account.load(file, "-q").err == ""


def test_the_simulator_inside_the_program_needs_no_token(tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(1, 2)])
    ended = run("load", file, *TYPES, "--simulate", env=NO_TOKEN)
    assert ended.code == 0, ended.err
    assert "SIMULATOR" in ended.out
