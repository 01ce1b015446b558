"""Trouble that is everybody's: no request is split to look for a row at fault where nothing goes well."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.sandbox import Sandbox, SandboxSettings
from tests.outside import Serving, load, report_of, rows_of, write_pairs

_ROWS = 4000


@pytest.mark.parametrize("options", [("--method", "batch"), ("--skip-existing",)])
def test_a_server_that_answers_500_to_all_is_not_asked_row_by_row(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(str(100 + n), str(7 + n)) for n in range(_ROWS)])
    with Serving(lambda: Sandbox(SandboxSettings(rate_limit=0))) as serving:
        serving.ask(lambda sandbox: sandbox.state.fail("9000500000001", path_prefix="/crm", times=0))
        ended = load(serving.url, file, "--rate", "1000000/1", "--max-attempts", "3", *options)
        requests = serving.ask(lambda sandbox: sandbox.state.calls.total())
        assert ended.code == 1
        assert requests < 100
        serving.ask(lambda sandbox: sandbox.state.heal())
        again = load(serving.url, report_of(file), "--only", "gave_up", "--method", "batch")
    assert {row["status"] for row in rows_of(report_of(file))} == {"gave_up"}
    assert again.code == 0, again.err
    rows = rows_of(report_of(report_of(file)))
    assert [row["status"] for row in rows] == ["associated"] * _ROWS


def test_a_bad_row_in_every_request_takes_no_other_row_along(tmp_path: Path) -> None:
    """Then every answer is a 500 too, until a row is sent alone."""
    pairs = [(str(100 + n), str(7 + n)) for n in range(28_000)]
    bad = range(700, 28_000, 2000)
    for nth, number in enumerate(bad):
        pairs[number] = (f"9000500000{nth:03}", str(7 + number))
    file = write_pairs(tmp_path / "pairs.csv", pairs)
    with Serving(lambda: Sandbox(SandboxSettings(rate_limit=0))) as serving:
        ended = load(
            serving.url, file, "--rate", "1000000/1", "--max-attempts", "2", "--method", "batch", timeout=100
        )
        requests = serving.ask(lambda sandbox: sandbox.state.calls.total())
    assert ended.code == 1
    statuses = [row["status"] for row in rows_of(report_of(file))]
    assert {number for number, status in enumerate(statuses) if status != "associated"} == set(bad)
    assert requests < 2000
