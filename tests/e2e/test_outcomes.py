"""The outcome table of the contract (section 5) from outside: what each answer does to row and run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import Serving, load, report_of, rows_of, write_pairs

UNLIMITED = SimulatorSettings(rate_limit=1_000_000, daily_limit=None)


@pytest.fixture(scope="module")
def hubspot() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(UNLIMITED, state=SimulatorState(100_000))) as serving:
        yield serving


#: Magic ID: status, HTTP status, attempts, category; with `--max-attempts 2 --timeout 0.5`.
#: All rows of the table are in tests/unit/hubspot/test_answers.py and tests/unit/engine/test_pool.py.
ROWS = {
    "9000200000000": ("associated", "200", "1", ""),
    "9000207000000": ("associated", "207", "1", ""),
    "9000200200000": ("failed", "200", "1", "VALIDATION_ERROR"),
    "9000200101000": ("associated", "200", "2", ""),
    "9000200300000": ("gave_up", "200", "2", "PENDING"),
    # answers that can't be read; what is no JSON object comes from a firewall or proxy and refuses nothing
    "9000200600000": ("gave_up", "200", "2", "UNREADABLE_ANSWER"),
    "9000607000000": ("gave_up", "200", "2", "UNREADABLE_ANSWER"),
    "9000400800000": ("gave_up", "400", "2", "UNREADABLE_ANSWER"),
    "9000400900000": ("failed", "400", "1", "HTTP_400"),
    "9000403000000": ("failed", "403", "1", "FORBIDDEN"),
    # passing, and then not
    "9000503001000": ("associated", "200", "2", ""),
    "9000503002000": ("gave_up", "503", "2", "INTERNAL_ERROR"),
    # the wire
    "9000601000000": ("gave_up", "200", "2", "TIMEOUT"),
    "9000604000000": ("gave_up", "200", "2", "CONNECTION_BROKEN"),
    "9000602000000": ("gave_up", "", "2", "CONNECTION_BROKEN"),
    "9000602001000": ("associated", "200", "2", ""),
    "9000600001000": ("associated", "200", "2", ""),
}


def test_each_row_of_the_table(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    """Good rows are in between, so that a fault of the wire is this row's and no outage."""
    rows: list[tuple[str, str]] = []
    for number, magic in enumerate(ROWS):
        rows += [(magic, "5"), *((str(number * 20 + n + 1), "7") for n in range(20))]
    file = write_pairs(tmp_path / "pairs.csv", rows)
    finished = load(hubspot.url, file, "--max-attempts", "2", "--timeout", "0.5", "--workers", "20")
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


def test_the_short_term_limit_counts_as_no_attempt(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [("9000429001000", 5), (1, 7)])
    assert load(hubspot.url, file, "--max-attempts", "1").code == 0
    assert [line["attempts"] for line in rows_of(report_of(file))] == ["1", "1"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("9000401000000", "Check that the access token is complete"),
        ("9000403400000", "make a new token as a user who may edit these records"),
        ("9000429300000", "--wait-for-daily-reset"),
        ("9000477300000", "another data centre"),
        ("9000488000000", "--base-url https://api-eu1.hubapi.com"),
        ("9000301000000", "correct --base-url"),
    ],
)
def test_answers_about_the_account_stop_the_run(
    hubspot: Serving[Simulator], tmp_path: Path, fault: str, words: str
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 7), (fault, 5), *((n, 7) for n in range(2, 50))])
    stopped = load(hubspot.url, file, "--workers", "1")
    assert stopped.code == 3
    assert words in stopped.err
    assert "Run the same command again to resume" in stopped.err
    lines = rows_of(report_of(file))
    assert [line["from_object_id"] for line in lines if line["status"] == "associated"] == ["1"]
    assert {line["status"] for line in lines[1:]} == {"not_sent"}
    redirected = hubspot.ask(lambda s: [r.path for r in s.state.requests if "redirected" in r.path])
    assert not redirected
