"""The report is output only: edited, locked or deleted, it changes nothing that is remembered."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.command import report_of, rows_of, run
from tests.support.second_run import Account, checkpoint_of, column, pairs_file

PAIRS = [(51_000_000_001 + n, 9_000_000_001 + n) for n in range(5)]


@pytest.fixture
def account() -> Iterator[Account]:
    with Account() as account:
        yield account


def semicolons(report: Path) -> None:
    rows = list(csv.reader(report.read_text(encoding="utf-8").splitlines()))
    with report.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)


EDITS: dict[str, Callable[[Path], object]] = {
    "saved with semicolons": semicolons,
    "a hole": lambda report: report.write_bytes(report.read_bytes()[:200] + b"\0" * 4096),
    "emptied": lambda report: report.write_bytes(b""),
    "statuses changed": lambda report: report.write_text(report.read_text().replace("associated", "failed")),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edited_report_is_kept_aside_and_changes_nothing(
    account: Account, tmp_path: Path, edit: Callable[[Path], object]
) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    report = report_of(file)
    whole = report.read_bytes()
    edit(report)
    edited = report.read_bytes()
    assert account.load(file, "--skip-existing").code == 0
    assert account.puts == 5
    assert report.read_bytes() == whole
    assert (tmp_path / "pairs.edited-1.report.csv").read_bytes() == edited
    edit(report)
    assert account.run("undo", file, "--yes").code == 0
    assert not any(account.has(*pair) for pair in PAIRS)
    assert (tmp_path / "pairs.edited-2.report.csv").read_bytes() == edited


def test_report_ends_as_the_load_in_all_does(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [*PAIRS, ("abc", 4)])
    for command in ("load", "report", "summary"):
        ended = account.load(file) if command == "load" else run(command, file)
        assert ended.code == 1, command
    assert "Last run: `report`" in ended.out
    assert "exit code 1" in ended.out


def test_report_says_where_the_edited_one_is(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    report_of(file).write_text("mine")
    assert "now pairs.edited-1.report.csv" in run("report", file).text


def test_report_writes_a_deleted_report_again(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    whole = report_of(file).read_bytes()
    report_of(file).unlink()
    for path in (file, checkpoint_of(file)):
        assert run("report", path).code == 0
        assert report_of(file).read_bytes() == whole
    assert account.puts == 5


def test_a_report_that_cannot_be_replaced_costs_nothing(account: Account, tmp_path: Path) -> None:
    """As on Windows while a spreadsheet has it open; here a folder lies in its place."""
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--limit", "2").code == 0
    report_of(file).unlink()
    report_of(file).mkdir()
    (report_of(file) / "x").touch()
    ended = account.load(file)
    assert ended.code == 0
    assert "assoc-loader report" in ended.text
    assert account.puts == 5
    shutil.rmtree(report_of(file))
    assert run("report", file).code == 0
    assert column(file, "status") == ["associated"] * 5


def test_every_line_of_the_input_is_in_the_report_in_its_order(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(
        "from_object_id,to_object_id,note\n1,2,=1+1\nx,2,b\n1,2,c\n3,4,d\n\n5,,e\n7,8,f\n", encoding="utf-8"
    )
    account.refuse(3)
    assert account.load(file, "--limit", "2").code == 1
    rows = rows_of(report_of(file))
    assert [row["status"] for row in rows] == [
        "associated",
        "invalid",
        "duplicate",
        "failed",
        "invalid",
        "not_sent",
    ]
    assert [row["row"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [row["note"] for row in rows] == ["=1+1", "b", "c", "d", "e", "f"]
    assert rows[2]["error_message"] == "duplicate of row 1"
    assert rows[3]["http_status"] == "400"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused_before_anything_is_sent(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    tmp_path.chmod(0o500)
    try:
        refused = account.load(file)
    finally:
        tmp_path.chmod(0o700)
    assert refused.code == 2
    assert "--checkpoint" in refused.text
    assert account.requests == 0
