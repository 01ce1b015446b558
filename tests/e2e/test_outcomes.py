"""The outcome table of the contract (section 5) from outside: what each answer does to row and run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import Serving, load, report_of, rows_of, write_pairs

UNLIMITED = SimulatorSettings(rate_limit=1_000_000, daily_limit=None)

TRANSIENT = {408, 409, 423, 425, *range(500, 600)}
#: Statuses that stop or pause the run; each has a test of its own.
ABOUT_THE_ACCOUNT = {401, 429, 477, 488}


@pytest.fixture(scope="module")
def hubspot() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(UNLIMITED, state=SimulatorState(100_000))) as serving:
        yield serving


def test_every_status_from_400_to_599(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    statuses = [status for status in range(400, 600) if status not in ABOUT_THE_ACCOUNT]
    file = write_pairs(tmp_path / "pairs.csv", ((f"9000{status}000000", 5) for status in statuses))
    finished = load(hubspot.url, file, "--stop-after-failures", "0", "--max-attempts", "2")
    assert finished.code == 1, finished.err
    for status, line in zip(statuses, rows_of(report_of(file)), strict=True):
        wanted = ("gave_up", "2") if status in TRANSIENT else ("failed", "1")
        assert (line["status"], line["attempts"], line["http_status"]) == (*wanted, str(status))
        assert line["error_category"], line
        assert line["error_message"], line
        assert "\n" not in line["error_message"]
        assert line["correlation_id"], line


#: Magic ID: status, HTTP status, attempts, category; with `--max-attempts 3 --timeout 1`.
ROWS = {
    # 2xx
    "9000200000000": ("associated", "200", "1", ""),
    "9000201000000": ("associated", "201", "1", ""),
    "9000207000000": ("associated", "207", "1", ""),
    "9000200200000": ("failed", "200", "1", "VALIDATION_ERROR"),
    "9000207200000": ("failed", "207", "1", "VALIDATION_ERROR"),
    "9000200100000": ("failed", "200", "3", "NOT_IN_RESULTS"),
    "9000200101000": ("associated", "200", "2", ""),
    "9000611000000": ("failed", "200", "3", "NOT_IN_RESULTS"),
    "9000200300000": ("gave_up", "200", "3", "PENDING"),
    "9000200400000": ("gave_up", "200", "3", "PROCESSING"),
    "9000200500000": ("gave_up", "200", "3", "CANCELED"),
    "9000202302000": ("associated", "200", "3", ""),
    # answers that can't be read
    "9000200600000": ("gave_up", "200", "3", "UNREADABLE_ANSWER"),
    "9000200700000": ("gave_up", "200", "3", "UNREADABLE_ANSWER"),
    "9000200800000": ("gave_up", "200", "3", "UNREADABLE_ANSWER"),
    "9000200900000": ("gave_up", "200", "3", "UNREADABLE_ANSWER"),
    "9000204000000": ("gave_up", "204", "3", "UNREADABLE_ANSWER"),
    "9000607000000": ("gave_up", "200", "3", "UNREADABLE_ANSWER"),
    "9000608000000": ("gave_up", "200", "3", "UNREADABLE_ANSWER"),
    "9000609000000": ("gave_up", "200", "3", "UNREADABLE_ANSWER"),
    "9000610000000": ("gave_up", "200", "3", "UNREADABLE_ANSWER"),
    # what is no JSON object comes from a firewall or proxy and refuses nothing; an empty answer is its status
    "9000400600000": ("gave_up", "400", "3", "UNREADABLE_ANSWER"),
    "9000400700000": ("gave_up", "400", "3", "UNREADABLE_ANSWER"),
    "9000400800000": ("gave_up", "400", "3", "UNREADABLE_ANSWER"),
    "9000403800000": ("gave_up", "403", "3", "UNREADABLE_ANSWER"),
    "9000400900000": ("failed", "400", "1", "HTTP_400"),
    "9000403000000": ("failed", "403", "1", "FORBIDDEN"),
    # passing, and then not
    "9000503002000": ("associated", "200", "3", ""),
    "9000503003000": ("gave_up", "503", "3", "INTERNAL_ERROR"),
    "9000520000000": ("gave_up", "520", "3", "HTTP_520"),
    "9000503101000": ("associated", "200", "2", ""),
    "9000503201000": ("associated", "200", "2", ""),
    "9000423001000": ("associated", "200", "2", ""),
    # the wire
    "9000601000000": ("gave_up", "200", "3", "TIMEOUT"),
    "9000604000000": ("gave_up", "200", "3", "CONNECTION_BROKEN"),
    "9000605000000": ("gave_up", "200", "3", "CONNECTION_BROKEN"),
    "9000606000000": ("gave_up", "", "3", "UNREADABLE_ANSWER"),
    "9000600001000": ("associated", "200", "2", ""),
    "9000602001000": ("associated", "200", "2", ""),
    "9000603101000": ("associated", "200", "2", ""),
}


def test_each_row_of_the_table(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    """Good rows are in between, so that a fault of the wire is this row's and no outage."""
    rows: list[tuple[str, str]] = []
    for number, magic in enumerate(ROWS):
        rows += [(magic, "5"), *((str(number * 20 + n + 1), "7") for n in range(20))]
    file = write_pairs(tmp_path / "pairs.csv", rows)
    finished = load(hubspot.url, file, "--max-attempts", "3", "--timeout", "1", "--workers", "20")
    assert finished.code == 1, finished.err
    found = {line["from_object_id"]: line for line in rows_of(report_of(file))}
    assert len(found) == len(rows)
    said = {
        magic: (line["status"], line["http_status"], line["attempts"], line["error_category"])
        for magic in ROWS
        if (line := found[magic])
    }
    assert said == ROWS
    for magic in ROWS:
        exists = hubspot.ask(partial(_exists, magic))
        if found[magic]["status"] == "associated":
            # a 2xx by magic says so without making it; all others made it
            assert exists or magic.startswith("90002"), magic
            assert found[magic]["association_types"] == "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"
            assert not found[magic]["error_message"]


def _exists(magic: str, simulator: Simulator) -> bool:
    return bool(simulator.state.types_between("contacts", magic, "companies", "5"))


@pytest.mark.parametrize("fault", ["9000429001000", "9000429401000"])
def test_the_short_term_limit_counts_as_no_attempt(
    hubspot: Serving[Simulator], tmp_path: Path, fault: str
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(fault, 5), (1, 7)])
    assert load(hubspot.url, file, "--max-attempts", "1").code == 0
    assert [line["attempts"] for line in rows_of(report_of(file))] == ["1", "1"]


@pytest.mark.parametrize("fault", ["9000600000000", "9000602000000", "9000603000000"])
def test_a_row_that_is_never_answered_is_given_up(
    hubspot: Serving[Simulator], tmp_path: Path, fault: str
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(fault, 5), *((n, 7) for n in range(1, 40))])
    finished = load(hubspot.url, file, "--max-attempts", "2", "--timeout", "1", "--workers", "4")
    assert finished.code == 1, finished.err
    first = rows_of(report_of(file))[0]
    assert (first["status"], first["http_status"], first["attempts"]) == ("gave_up", "", "2")
    assert first["error_category"] in ("TIMEOUT", "CONNECTION_BROKEN")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("9000401000000", "Check that the access token is whole"),
        ("9000401300000", "Check that the access token is whole"),
        ("9000401900000", "Check that the access token is whole"),
        ("9000403300000", "needs the write scope of both object types"),
        ("9000403400000", "make a new token as a user who may edit these records"),
        ("9000429300000", "--wait-for-daily-reset"),
        ("9000477300000", "another data centre"),
        ("9000488000000", "--base-url https://api-eu1.hubapi.com"),
        ("9000301000000", "correct --base-url"),
        ("9000307000000", "correct --base-url"),
    ],
)
def test_answers_about_the_account_stop_the_run(
    hubspot: Serving[Simulator], tmp_path: Path, fault: str, words: str
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 7), (fault, 5), *((n, 7) for n in range(2, 500))])
    stopped = load(hubspot.url, file, "--workers", "1")
    assert stopped.code == 3
    assert words in stopped.err
    assert "The same command goes on from there" in stopped.err
    lines = rows_of(report_of(file))
    assert [line["from_object_id"] for line in lines if line["status"] == "associated"] == ["1"]
    assert {line["status"] for line in lines[1:]} == {"not_sent"}
    redirected = hubspot.ask(lambda s: [r.path for r in s.state.requests if "redirected" in r.path])
    assert not redirected
