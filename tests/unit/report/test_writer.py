"""The report is the input, row by row, with what the checkpoint says of it."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from loader.checkpoint import Checkpoint, Verified
from loader.checkpoint.statements import Statements
from loader.errors import Stopped
from loader.model import OWN_COLUMNS, Outcome, Pair, Status
from loader.report.writer import ReportResult, write_report
from loader.source import Chunk, InvalidRow
from loader.source.cell_rules import Fault
from loader.source.type_pairs import TypePairs
from tests.support.odd_disk import can_be_odd, odd_disk
from tests.support.written_load import Load

HEADER = (
    "row,from_object_type,from_object_id,to_object_type,to_object_id,status,http_status,attempts,"
    "association_types,existed_before,error_category,error_message,error_details,correlation_id,completed_at,"
    "verified"
)
AT = 1_700_000_000.123
TIME = "2023-11-14T22:13:20.123Z"


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    made = Load(
        tmp_path, 'from_object_id,to_object_id,name\n1,10,Ann\n2,20,"B, b"\n1,10,again\nx,30,=bad\n4,40,\n'
    )
    yield made
    made.checkpoint.close()


def pair(from_id: int, to_id: int) -> Pair:
    return Pair(0, "contacts", str(from_id), "companies", str(to_id))


def outcome(status: Status = Status.ASSOCIATED, **values: str | int) -> Outcome:
    return Outcome(pair(0, 0), status, AT, **{"http_status": 200, "attempts": 1, **values})  # type: ignore[arg-type]


def test_every_row_is_there_in_the_inputs_order(load: Load) -> None:
    load.settle(
        [pair(4, 40)], outcome(Status.FAILED, http_status=400, attempts=2, error_message="no,\nreally")
    )
    sent = load.settle(
        [pair(1, 10)], outcome(association_types="HUBSPOT_DEFINED:279", correlation_id="c-1"), "no"
    )
    with load.checkpoint.transaction() as db:
        Statements(db).verify(sent, Verified.PRESENT, AT)
    assert load.write() == ReportResult(load.report, True)
    assert load.lines == [
        f"{HEADER},name",
        f"1,contacts,1,companies,10,associated,200,1,HUBSPOT_DEFINED:279,no,,,,c-1,{TIME},present,Ann",
        '2,contacts,2,companies,20,not_sent,,0,,,,,,,,,"B, b"',
        "3,contacts,1,companies,10,duplicate,,0,,,DUPLICATE,duplicate of row 1,,,,,again",
        load.lines[4],
        f'5,contacts,4,companies,40,failed,400,2,,,,"no, really",,,{TIME},,',
        "",
    ]
    invalid = next(csv.reader([load.lines[4]]))
    assert invalid[:11] == ["4", "contacts", "x", "companies", "30", "invalid", "", "0", "", "", "BAD_ID"]
    assert (len(invalid), invalid[-1]) == (len(OWN_COLUMNS) + 1, "=bad")


def test_a_pair_whose_result_is_not_known_is_not_sent_for_all_that_is_known(load: Load) -> None:
    load.settle([pair(1, 10)], None, "yes")
    load.write()
    assert load.lines[1] == "1,contacts,1,companies,10,not_sent,,,,yes,,,,,,,Ann"


def test_pairs_that_are_no_longer_in_the_input_follow_at_the_end_without_a_row(load: Load) -> None:
    load.settle([pair(7, 70), pair(1, 10)], outcome(correlation_id="batch"), "no")
    load.settle([pair(8, 80)], outcome(Status.EXISTING, http_status=0, attempts=0), "yes")
    load.write()
    assert load.lines[-3:] == [
        f",contacts,7,companies,70,associated,200,1,,no,,,,batch,{TIME},,",
        f",contacts,8,companies,80,existing,,0,,yes,,,,,{TIME},,",
        "",
    ]
    assert f"1,contacts,1,companies,10,associated,200,1,,no,,,,batch,{TIME},,Ann" in load.lines


def test_an_input_without_other_columns_has_none_in_the_report(load: Load) -> None:
    load.input.write_text("from_object_id,to_object_id\n1,10\n")
    load.settle([pair(7, 70)], outcome())
    load.write()
    assert load.lines == [
        HEADER,
        "1,contacts,1,companies,10,not_sent,,0,,,,,,,,",
        f",contacts,7,companies,70,associated,200,1,,,,,,,{TIME},",
        "",
    ]


def test_types_are_written_as_the_row_has_them_and_compared_by_what_they_are(load: Load) -> None:
    load.input.write_text("from_object_type,from_object_id,to_object_type,to_object_id\n0-1,1,company,10\n")
    load.settle([pair(1, 10)], outcome())
    load.write()
    assert load.lines[1].startswith("1,0-1,1,company,10,associated,")


def test_rows_that_give_no_pair_or_several_keep_their_places(load: Load) -> None:
    def numbers(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(values, dtype=np.int64)

    type_pairs = TypePairs()
    which = type_pairs.of("contacts", "companies")
    chunk = Chunk(
        size=4,
        first_row=1,
        rows=3,
        positions=numbers(1, 3),
        rows_of=numbers(2, 3),
        lines=numbers(3, 4),
        from_ids=numbers(1, 1),
        to_ids=numbers(10, 20),
        types=numbers(which, which),
        rests=[",a", ",b"],
        duplicates={},
        invalid=[InvalidRow(2, 3, 4, "contacts", "1", "companies", "x", Fault("BAD_ID", "line 4: +1"), ",b")],
        empty=[
            InvalidRow(0, 1, 2, "contacts", "5", "companies", "", Fault("MISSING_ID", "line 2: none"), ",=e")
        ],
    )
    write_report(load.checkpoint, load.report, [chunk], type_pairs, ["name"])
    assert load.lines[1:] == [
        "1,contacts,5,companies,,empty,,0,,,,,,,,,=e",
        "2,contacts,1,companies,10,not_sent,,0,,,,,,,,,a",
        "3,contacts,1,companies,x,invalid,,0,,,BAD_ID,line 4: +1,,,,,b",
        "3,contacts,1,companies,20,not_sent,,0,,,,,,,,,b",
        "",
    ]


def test_many_chunks_are_one_report(load: Load) -> None:
    rows = 15_000
    lines = (f"{row},9,{'x' * 40}\n" for row in range(1, rows + 1))
    load.input.write_text("from_object_id,to_object_id,note\n" + "".join(lines))
    load.settle([pair(one, 9) for one in range(1, rows, 3)], outcome())
    load.write()
    with load.report.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    assert [record["row"] for record in records] == [str(row) for row in range(1, rows + 1)]
    assert {record["status"] for record in records[::3]} == {"associated"}
    assert {record["status"] for record in records[1::3]} == {"not_sent"}


def test_a_report_is_replaced_again_and_again(load: Load) -> None:
    assert load.write() == load.write() == ReportResult(load.report, True)
    load.settle([pair(2, 20)], outcome())
    assert load.write() == ReportResult(load.report, True)
    assert not list(load.report.parent.glob("*edited*"))


@pytest.mark.parametrize("change", ["\ufeff", "sep=;\n", "1,x\n"])
def test_an_edited_report_is_kept_under_another_name(load: Load, change: str) -> None:
    load.write()
    for number in (1, 2):
        edited = change + load.report.read_text()
        load.report.write_text(edited)
        kept = load.report.with_name("pairs.report.csv").with_name(f"pairs.edited-{number}.report.csv")
        assert load.write() == ReportResult(load.report, True, kept)
        assert kept.read_text() == edited
    assert load.lines[0] == f"{HEADER},name"


def test_a_file_that_the_program_did_not_write_is_kept_too(load: Load) -> None:
    load.report.write_text("someone's notes")
    kept = load.write().kept
    assert kept is not None
    assert kept.read_text() == "someone's notes"


def test_a_kill_before_the_file_is_replaced_makes_no_edited_report(load: Load) -> None:
    load.write()
    before = load.report.read_bytes()
    load.settle([pair(2, 20)], outcome())
    load.write()
    load.report.write_bytes(before)
    assert load.write().kept is None


def test_a_report_that_can_not_be_replaced_costs_nothing(load: Load) -> None:
    load.report.mkdir()
    result = load.write()
    assert not result.written
    assert f"{load.report} can't be replaced" in result.problem
    load.report.rmdir()
    assert load.write().written
    assert sorted(path.name for path in load.report.parent.iterdir()) == [
        "pairs.checkpoint.db",
        "pairs.csv",
        "pairs.report.csv",
    ]


def test_an_input_that_changes_leaves_the_old_report(load: Load) -> None:
    load.write()
    before = load.report.read_bytes()

    def chunks() -> Iterator[Chunk]:
        yield from ()
        raise Stopped("input_changed", "it was changed")

    with pytest.raises(Stopped, match="it was changed"):
        write_report(load.checkpoint, load.report, chunks(), TypePairs(), ["name"])
    assert load.report.read_bytes() == before
    assert not list(load.report.parent.glob("*.unfinished"))


def test_a_report_keeps_its_permissions_and_stays_behind_a_link(load: Load, tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.touch()
    real.chmod(0o640)
    load.report.symlink_to(real)
    load.write()
    assert load.report.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_text().startswith(HEADER)


def run(folder: Path, code: str) -> list[str]:
    """What a process prints that has the load of an empty input, on a disk that lacks much."""
    disk = odd_disk("dirsync", "chmod", "full", full=folder / "full")
    begin = (
        "import os, sys; from pathlib import Path; from tests.support.written_load import Load\n"
        "load = Load(Path(sys.argv[1]), '')\n"
    )
    command = [sys.executable, "-c", begin + code, str(folder)]
    done = subprocess.run(command, env=disk, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.splitlines()


def test_a_disk_without_permissions_has_reports_and_a_full_one_leaves_the_old(tmp_path: Path) -> None:
    (tmp_path / "pairs.report.csv").write_text("old")
    said = run(
        tmp_path,
        "print(load.write_rest().problem or 'none')\n"
        "load.report.write_text('edited')\n"
        "open(load.input.with_name('full'), 'w')\n"
        "print(load.write_rest().problem)",
    )
    assert said[0] == "none"
    assert (tmp_path / "pairs.edited-1.report.csv").read_text() == "old"
    if can_be_odd():
        assert said[1].endswith("No space left on device")
        assert len(list(tmp_path.glob("pairs.*report*"))) == 2
        assert (tmp_path / "pairs.report.csv").read_text() == "edited"


def test_a_kill_while_it_is_written_leaves_the_old_report(tmp_path: Path) -> None:
    run(
        tmp_path,
        "load.write_rest()\nload.write_rest(os.kill(os.getpid(), 9) for _ in range(1))",
    )
    assert (tmp_path / "pairs.report.csv").read_text() == f"{HEADER}\n"
    assert (tmp_path / "pairs.report.csv.unfinished").exists()
    with Checkpoint(tmp_path / "pairs.checkpoint.db") as checkpoint:
        report = tmp_path / "pairs.report.csv"
        assert write_report(checkpoint, report, (), TypePairs(), ()) == ReportResult(report, True)
    assert not list(tmp_path.glob("*.unfinished"))
