"""Reports with holes: what a power loss leaves in the middle of one, and what the commands make of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import Simulator
from tests.support.command import Serving, load, report_of, rows_of, run, write_pairs
from tests.support.loaded import beginning, let_stand_as_reported, report_of_load, sent, unlimited

BLOCK = 4096


@pytest.fixture
def hubspot() -> Iterator[Serving[Simulator]]:
    with unlimited() as serving:
        yield serving


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The finished report of five hundred `pairs`, loaded with `--skip-existing`."""
    return report_of_load(pairs(tmp_path_factory.mktemp("loaded"), 500))


def pairs(folder: Path, rows: int) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(1, rows + 1)))


def loaded(hubspot: Serving[Simulator], folder: Path, whole: bytes, rows: int) -> Path:
    """The input of a load that has ended: its report lies beside it, and what that says stands."""
    file = pairs(folder, rows)
    report_of(file).write_bytes(beginning(whole, rows) if rows < 500 else whole)
    let_stand_as_reported(hubspot, report_of(file))
    return file


def lose(report: Path, *blocks: int) -> int:
    """Leave blocks of a report as a power loss leaves them; returns how many records they touch."""
    text = bytearray(report.read_bytes())
    before = {bytes(line) for line in text.splitlines()}
    for block in blocks:
        assert (block + 1) * BLOCK < len(text)
        text[block * BLOCK : (block + 1) * BLOCK] = bytes(BLOCK)
    report.write_bytes(text)
    return len(before - {bytes(line) for line in text.splitlines()})


def is_whole(report: Path, rows: int) -> None:
    assert [row["row"] for row in rows_of(report)] == [str(n) for n in range(1, rows + 1)]
    assert b"\0" not in report.read_bytes()


@pytest.mark.parametrize("blocks", [(3,), (1, 3, 4, 7)])
def test_good_records_behind_a_hole_are_kept(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes, blocks: tuple[int, ...]
) -> None:
    file = loaded(hubspot, tmp_path, whole, 500)
    report = report_of(file)
    before = {row["row"]: row for row in rows_of(report)}
    eaten = lose(report, *blocks)
    assert 20 < eaten < 250
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == eaten
    is_whole(report, 500)
    kept = sum(row == before[row["row"]] for row in rows_of(report))
    assert kept == 500 - eaten
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == eaten
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.csv", "pairs.report.csv"]


def test_what_a_load_has_created_behind_a_hole_can_still_be_undone(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes
) -> None:
    file = loaded(hubspot, tmp_path, whole, 500)
    report = report_of(file)
    eaten = lose(report, 2)
    assert load(hubspot.url, file, "--skip-existing").code == 0
    assert Counter(row["status"] for row in rows_of(report)) == {"associated": 500 - eaten, "existing": eaten}
    undone = json.loads(run("undo", report, "--base-url", hubspot.url, "--yes", "--json").out)
    assert undone["counts"]["removed"] == 500 - eaten


def test_a_hole_and_a_torn_end_together(hubspot: Serving[Simulator], tmp_path: Path, whole: bytes) -> None:
    file = loaded(hubspot, tmp_path, whole, 300)
    report = report_of(file)
    eaten = lose(report, 2)
    report.write_bytes(report.read_bytes()[:-30] + bytes(700))
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == eaten + 1
    is_whole(report, 300)


def test_a_hole_in_an_undo_report_is_mended_too(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes
) -> None:
    file = loaded(hubspot, tmp_path, whole, 300)
    undo = ("undo", report_of(file), "--base-url", hubspot.url, "--yes")
    assert run(*undo).code == 0
    report = tmp_path / "pairs.undo.csv"
    before = {row["row"]: row for row in rows_of(report)}
    eaten = lose(report, 2)
    assert run(*undo).code == 0
    is_whole(report, 300)
    assert sum(row == before[row["row"]] for row in rows_of(report)) == 300 - eaten


def test_the_rest_of_a_cut_record_is_never_another_row(hubspot: Serving[Simulator], tmp_path: Path) -> None:
    """Row 12 says in its own line what row 2 would say, but for the digit that the hole ends in."""
    file = write_pairs(tmp_path / "pairs.csv", [(7, 8) if n % 10 == 2 else (n, n + 99) for n in range(1, 30)])
    report = report_of(file)
    assert load(hubspot.url, file).code == 0
    lines = report.read_bytes().splitlines(keepends=True)
    twelfth = lines[12].replace(b",duplicate,", b",associated,")
    assert lines[2].startswith(b"2,") and twelfth.startswith(b"12,")  # noqa: PT018
    # Everything from the end of row 1 to the first digit of row 12 is gone.
    report.write_bytes(b"".join(lines[:2]) + bytes(BLOCK) + twelfth[1:] + b"".join(lines[13:]))
    before = sent(hubspot)
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == before + 10  # 2 to 11; 12 is a duplicate
    is_whole(report, 29)
    assert rows_of(report)[1]["status"] == "associated"
    assert rows_of(report)[11]["status"] == "duplicate"


@pytest.mark.parametrize("closed", [True, False])
def test_lines_inside_a_cell_that_a_hole_has_opened_are_never_rows(
    hubspot: Serving[Simulator], tmp_path: Path, closed: bool
) -> None:
    """A note says what the report could say of another row, and a hole eats the quote before it."""
    forged = "3,contacts,3,companies,1000003,associated,200,1,HUBSPOT_DEFINED:279,no,,,,x,2026-01-01T00:00Z,"
    notes = {4: f"first\n{forged}\nlast"}
    rows = [(n, n + 10**6, notes.get(n, "")) for n in range(1, 8)]
    file = write_pairs(tmp_path / "pairs.csv", rows, ["note"])
    report = report_of(file)
    assert load(hubspot.url, file).code == 0
    text = report.read_bytes()
    third, note = text.index(b"\n3,contacts") + 1, text.index(b"first\n3,")
    end = len(text) if closed else text.index(b"\nlast") + 1
    report.write_bytes(text[:third] + bytes(BLOCK) + text[note:end])
    before = sent(hubspot)
    assert load(hubspot.url, file).code == 0
    assert sent(hubspot) == before + (2 if closed else 5)
    is_whole(report, 7)
    assert [row["note"] for row in rows_of(report)] == [notes.get(n, "") for n in range(1, 8)]


def test_two_halves_around_a_hole_are_no_record(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes
) -> None:
    """Row 5 up to its association types, and row 9 from there on, have as many cells as one row."""
    file = loaded(hubspot, tmp_path, whole, 20)
    report = report_of(file)
    lines = report.read_bytes().splitlines(keepends=True)
    first, second = lines[5], lines[9]
    joined = first[: first.index(b"HUBSPOT") + 3] + bytes(BLOCK) + second[second.index(b"HUBSPOT") + 3 :]
    report.write_bytes(b"".join(lines[:5]) + joined + b"".join(lines[10:]))
    refused = run("undo", report, "--base-url", hubspot.url, "--yes")
    assert refused.code == 2
    assert "has a hole of NUL bytes at line 6" in refused.err
    assert load(hubspot.url, file, "--skip-existing").code == 0
    is_whole(report, 20)
    statuses = [row["status"] for row in rows_of(report)]
    assert statuses == ["associated"] * 4 + ["existing"] * 5 + ["associated"] * 11


def test_what_can_not_mend_a_report_says_who_can(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes
) -> None:
    file = loaded(hubspot, tmp_path, whole, 200)
    report = report_of(file)
    lose(report, 2)
    damaged = report.read_bytes()
    online = ("--base-url", hubspot.url)
    commands = [("summary", report), ("verify", report, *online), ("undo", report, "--yes", *online)]
    for command in commands:
        refused = run(*command)
        assert refused.code == 2, command
        assert "has a hole of NUL bytes at line" in refused.err
        assert "Give the command that wrote the report once more" in refused.err
        assert report.read_bytes() == damaged
    assert load(hubspot.url, file, "--skip-existing").code == 0
    assert [run(*command).code for command in commands] == [0, 0, 0]


@pytest.mark.parametrize("command", ["load", "check"])
@pytest.mark.parametrize("options", [()])
def test_a_report_with_a_hole_is_no_input(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes, command: str, options: tuple[str, ...]
) -> None:
    """Rows are missing there, and the halves around the hole could look like one row."""
    report = tmp_path / "pairs.report.csv"
    report.write_bytes(whole.replace(b",associated,", b",failed,"))
    lose(report, 2)
    refused = run(command, report, *options, *(("--base-url", hubspot.url) if command == "load" else ()))
    assert refused.code == 2
    assert "a hole of NUL bytes" in refused.err
    assert sent(hubspot) == 0


def test_a_hole_at_the_end_is_no_error_to_any_command(
    hubspot: Serving[Simulator], tmp_path: Path, whole: bytes
) -> None:
    report = report_of(loaded(hubspot, tmp_path, whole, 50))
    report.write_bytes(report.read_bytes() + bytes(BLOCK))
    assert "All 50 pairs are associated" in run("summary", report).out
    assert run("verify", report, "--base-url", hubspot.url).code == 0
    assert run("undo", report, "--base-url", hubspot.url, "--yes").code == 0
